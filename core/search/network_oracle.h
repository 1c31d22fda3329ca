#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/output_form.h"
#include "core/graph/network.h"
#include "core/quant/output_loss.h"
#include "core/quant/plan.h"
#include "core/quant/recipe.h"
#include "core/quant/resolve.h"
#include "core/search/evaluator.h"
#include "core/search/greedy.h"
#include "core/search/mixed_precision.h"
#include "core/stats/calibration.h"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace qs::search {

/// A recipe with other bits at some sites.
quant::Recipe withBits(quant::Recipe recipe, const graph::SiteTable& sites, std::span<const SiteId> units,
                       std::span<const int> bits);

/// What an allocation is measured by.
struct Yardstick {
    Performance performance = Performance::KlDivergence;
    std::optional<quant::OutputLoss> loss;  ///< against the float network, unless Top1
    std::vector<std::optional<int>> labels; ///< of the images, for Top1
    /// Loss of outputs [images, elements].
    double lossOf(const Tensor& logits) const;
};

/// Losses of a real network: plans are resolved from the present one, so that only what changed is resolved, packed
/// and run again. Several moves run one on each thread, a single one with its images on all. The evaluator's base
/// follows the present allocation only when runs that start too early have cost as much as the move of the base.
class NetworkOracle final : public LossOracle {
public:
    struct Subject {
        graph::Network network;
        std::shared_ptr<const stats::Calibration> calibration;
        quant::Recipe recipe;
        std::vector<SiteId> units;
        std::vector<SiteId> rest; ///< sites that are no units and are in float at the reference
    };
    NetworkOracle(Subject subject, Evaluator evaluator, Yardstick yardstick, const Context& context);

    Result<double> moveTo(std::span<const int> bits) override;
    Result<double> moveToReference(std::span<const int> bits) override;
    Result<std::vector<double>> losses(std::span<const Move> moves, std::string_view stage) override;
    std::size_t evaluations() const { return m_evaluations; }

private:
    Result<std::shared_ptr<const quant::Plan>> resolve(std::span<const int> bits, const Context& context) const;
    Result<double> lossAfter(const Move& move, const Context& context) const;
    Result<double> move(std::span<const int> bits, bool restInFloat);
    Result<void> rebaseIfWorth(std::span<const Move> moves);

    Subject m_subject;
    Evaluator m_evaluator;
    Yardstick m_yardstick;
    const Context& m_context;
    std::vector<int> m_bits;
    bool m_restInFloat = false;
    std::shared_ptr<const quant::Plan> m_plan;
    std::map<std::pair<std::size_t, int>, double> m_seen; ///< losses of moves from the present allocation
    double m_pending = 0; ///< cost of the present allocation as a variant of the evaluator's base
    double m_wasted = 0;  ///< cost of runs since then that a new base would have saved
    std::size_t m_evaluations = 0;
};

} // namespace qs::search
