#pragma once

#include "core/base/context.h"
#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"
#include "core/tasks/task.h"

#include <cstddef>
#include <memory>
#include <optional>

namespace qs::quant {

/// Images that are enough to tell a method that does harm; both networks and the float one run on them.
inline constexpr std::size_t kHarmImages = 16;
/// Less difference than this between two networks is taken for none on so few images (chosen, not measured: min-max
/// of MobileViT-XXS has 21.8 dB on 300 images and 22.9 on 200).
inline constexpr double kHarmDb = 1;

/// A plan beside min-max of the same bits and coverage, by 10 log10(sum l² / sum (l - l_q)²) of the outputs.
struct Harm {
    double ownDb = 0;
    double minMaxDb = 0;
    std::size_t images = 0;
    bool harms() const { return ownDb < minMaxDb - kHarmDb; }
    /// What was found and the cure, of kind Preset.
    Doubt doubt(const Recipe& recipe) const;
};

/// Runs both on the first images (at most `count`, a multiple of the graph's batch). Nothing where there is nothing
/// to compare: the plan is min-max itself or in float, it has no calibration, or there are too few images.
/// Errors: those of resolve() and evaluate(). task: see EvaluationTask.
Result<std::optional<Harm>> besideMinMax(const graph::Network& network, const Plan& plan,
                                         const exec::ImageSource& images, std::size_t count, const Context& context,
                                         const tasks::ChosenTask& task = {});

} // namespace qs::quant
