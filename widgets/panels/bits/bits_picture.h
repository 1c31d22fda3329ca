#pragma once

#include "core/graph/sites.h"

#include <QString>

#include <optional>
#include <vector>

namespace qs::ui {

/// Bits of one site: values only.
struct SiteBits {
    SiteId id;
    QString name;
    graph::SiteKind kind = graph::SiteKind::Weight;
    graph::Role role = graph::Role::Linear;
    int block = -1;
    int bits = 8;                 ///< 2..8 or quant::kFloatBits
    std::optional<int> reference; ///< of the state that is compared with
    bool locked = false;
    bool differs() const { return reference && *reference != bits; }
};

/// The allocation of bits as the bars show it, sites of the coverage in the order of execution.
struct BitsPicture {
    std::vector<SiteBits> sites;
    QString reference; ///< what is compared with, "" without
};

} // namespace qs::ui
