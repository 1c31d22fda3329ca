#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/quant/plan.h"
#include "core/quant/recipe.h"
#include "core/search/evaluator.h"
#include "core/search/greedy.h"
#include "core/search/mixed_precision.h"
#include "core/stats/calibration.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace qs::search {

/// A recipe with other bits at some sites.
quant::Recipe withBits(quant::Recipe recipe, const graph::SiteTable& sites, std::span<const SiteId> units,
                       std::span<const int> bits);

/// What an allocation is measured by.
struct Yardstick {
    Performance performance = Performance::KlDivergence;
    Tensor reference;                       ///< logits of the float network, [images, classes]
    std::vector<std::optional<int>> labels; ///< of the images, for Top1
    /// Loss of logits [images, classes].
    double lossOf(const Tensor& logits) const;
};

/// Losses of a real network: plans are resolved from the present one, so that only what changed is resolved, packed
/// and run again. Several moves run one on each thread, a single one with its images on all.
class NetworkOracle final : public LossOracle {
public:
    struct Subject {
        const graph::Graph& graph;
        const graph::SiteTable& sites;
        std::shared_ptr<const stats::Calibration> calibration;
        quant::Recipe recipe;
        std::vector<SiteId> units;
    };
    NetworkOracle(Subject subject, Evaluator evaluator, Yardstick yardstick, const Context& context);

    Result<double> moveTo(std::span<const int> bits) override;
    Result<std::vector<double>> losses(std::span<const Move> moves, std::string_view stage) override;
    std::size_t evaluations() const { return m_evaluations; }

private:
    Result<std::shared_ptr<const quant::Plan>> resolve(std::span<const int> bits, const Context& context) const;
    Result<double> lossAfter(const Move& move, const Context& context) const;

    Subject m_subject;
    Evaluator m_evaluator;
    Yardstick m_yardstick;
    const Context& m_context;
    std::vector<int> m_bits;
    std::shared_ptr<const quant::Plan> m_plan;
    std::size_t m_evaluations = 0;
};

} // namespace qs::search
