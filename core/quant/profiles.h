#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/exec/program.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"
#include "core/tasks/task.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace qs::quant {

/// Errors along the depth, on a few images.
struct SiteProfile {
    SiteId site;
    double accumulatedSqnrDb =
        0; ///< value entering the site in the quantized network against the float network's, dB
    /// Only this site quantized, all others float: KL of the logits (nats; of other tasks the mean of their loss) and
    /// the outputs' SQNR (dB).
    double sensitivityKl = 0;
    double sensitivitySqnrDb = 0;
};
/// Accumulated error of every activation site: the quantized and the float network side by side.
Result<std::vector<SiteProfile>> accumulatedErrors(const graph::Network& network, const Plan& plan,
                                                   const exec::ImageSource& images, std::size_t count,
                                                   const std::shared_ptr<exec::WeightCache>& weights,
                                                   const Context& context);
/// Sensitivity of every quantized site: one site quantized at a time (sites × images forward passes).
Result<std::vector<SiteProfile>> sensitivities(const graph::Network& network, const Plan& plan,
                                               const exec::ImageSource& images, std::size_t count,
                                               const std::shared_ptr<exec::WeightCache>& weights,
                                               const Context& context, const tasks::ChosenTask& task = {});

} // namespace qs::quant
