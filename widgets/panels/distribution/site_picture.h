#pragma once

#include "core/graph/sites.h"
#include "core/quant/plan.h"
#include "core/stats/calibration.h"

#include <QString>

#include <memory>

namespace qs::ui {

/// All that the distribution panel shows of one site: values only.
struct SitePicture {
    SiteId id;
    QString title; ///< "blocks.3 · fc2 · input"
    graph::SiteKind kind = graph::SiteKind::Activation;
    QString channel; ///< what a channel is: "head dimension", see channelTitle()
    quant::SiteSettings settings;
    std::shared_ptr<const stats::SiteStatistics> statistics; ///< that the levels are for; null: not known yet
    std::shared_ptr<const stats::SiteStatistics> original;   ///< before smoothing; null where nothing smooths
    std::shared_ptr<const quant::SitePlan> plan;             ///< null: not known yet
    bool planCurrent = false;
    bool locked = false;
    bool takesNoise = false; ///< an input of linear layers
    std::size_t images = 0;  ///< of the calibration
    /// Values after quantization, where the channels have grids of their own; null where it follows from the grid.
    std::shared_ptr<const stats::Histogram> quantized;

    const stats::SiteStatistics* shown(bool before) const
    {
        return before && original ? original.get() : statistics.get();
    }
    bool quantizedSite() const { return plan && plan->quantized(); }
    bool oneGrid() const { return quantizedSite() && plan->grid.scale.size() == 1; }
    /// Levels that are not equally spaced: regions or a logarithm.
    bool uneven() const { return quantizedSite() && !plan->uniform(); }
    /// Of an uneven site; else empty.
    quant::LevelCells cells() const
    {
        if (!uneven())
            return {};
        const auto* regions = std::get_if<quant::RegionGrid>(&plan->levels);
        return regions ? quant::cellsOf(*regions) : quant::cellsOf(std::get<quant::LogGrid>(plan->levels));
    }
};

} // namespace qs::ui
