#pragma once

#include "core/graph/sites.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

#include <optional>
#include <string>
#include <vector>

namespace qs::quant {

/// What a recipe says of every site, by SiteId.
struct Choices {
    std::vector<SiteSettings> settings;
    /// A rule goes by roles, and a role by structure: a sum behind a softmax may be taken for one. Where a quantizer
    /// that a rule gives has no levels for values that the calibration saw, min-max stands instead, and this says so.
    /// What an override gives is left as it is, for resolve() to refuse.
    std::vector<std::string> warnings;
};
/// `calibration` may be null.
Choices choicesOf(const Recipe& recipe, const graph::SiteTable& sites, const stats::Calibration* calibration);

/// Plain min-max in place of what a recipe chooses for a site: uniform codes over the whole range, an activation
/// asymmetric with one step, a weight symmetric by channel; no smoothing, no noise. Bits are the same, but those that
/// a rule gives together with a quantizer that is not uniform belong to that quantizer (FQ-ViT's 4 bits for the
/// softmax): min-max has what the recipe gives without them. Nothing for sites in float and those with an override of
/// more than bits, which are the user's.
std::optional<SiteSettings> minMaxInstead(const Recipe& recipe, const graph::Site& site);

} // namespace qs::quant
