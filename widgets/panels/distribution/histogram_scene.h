#pragma once

#include "core/quant/clip_preview.h"
#include "core/quant/noise_gain.h"
#include "widgets/panels/distribution/site_picture.h"
#include "widgets/plots/histogram_columns.h"

#include <QString>

#include <memory>
#include <optional>
#include <vector>

namespace qs::ui {

/// What a histogram of a site shows, before it is drawn: values of the float network, what lands on each level, the
/// limits (of the drag while there is one, else the plan's), and what noise does to the values.
class HistogramScene {
public:
    /// Sums over all bins before each.
    struct GainSums {
        std::vector<double> change; ///< of their squared error
        std::vector<double> error;  ///< that error without noise, on average
    };

    /// keepDrag: a limit that was dragged stays where it is.
    void setPicture(const SitePicture& picture, bool keepDrag);
    void setBefore(bool on);
    void setGains(std::shared_ptr<const quant::NoiseGains> gains, double step);
    /// A limit moves to `value`, as far as it may. False where there is none to move.
    bool drag(bool low, double value);

    const SitePicture& picture() const { return m_picture; }
    bool before() const { return m_before; }
    /// On show: before or after smoothing. Null where not known.
    const stats::SiteStatistics* values() const { return m_picture.shown(m_before); }
    /// Grid on show. Null in float, where channels differ, and for levels that are not equally spaced.
    const quant::UniformGrid* grid() const;
    /// Null while what was before is on show.
    const quant::UniformGrid* shownGrid() const { return m_before ? nullptr : grid(); }
    std::optional<quant::Range> limits() const;
    std::optional<quant::Range> shownLimits() const { return m_before ? std::nullopt : limits(); }
    bool canDrag() const { return m_picture.oneGrid() && !m_before && !m_picture.locked; }
    const std::optional<quant::Range>& dragged() const { return m_dragged; }
    const std::optional<quant::ClipPreview>& preview() const { return m_preview; }

    const Extent& extent() const { return m_extent; } ///< of the values on show
    /// Values on each level of grid(), or of cells().
    const std::vector<double>& occupancy() const { return m_occupancy; }
    const quant::LevelCells& cells() const { return m_cells; } ///< of levels not equally spaced; else empty
    bool uneven() const { return !m_before && !m_cells.levels.empty(); }
    const quant::NoiseGains* gains() const { return m_gains.get(); }
    bool showsGains() const { return m_gains && !m_before && !m_preview; }
    double gainStep() const { return m_gainStep; } ///< of the levels
    const GainSums& gainSums() const { return m_gainSums; }
    double largestHeight() const; ///< of a bin or a level, at least 1

    QString describe(double value) const; ///< the bin and the level of a value; "" without values
    QString table() const;                ///< CSV

private:
    void updateOccupancy();
    QString levelText(double value) const;

    SitePicture m_picture;
    Extent m_extent;
    std::vector<double> m_occupancy;
    quant::LevelCells m_cells;
    std::shared_ptr<const quant::NoiseGains> m_gains;
    double m_gainStep = 0;
    GainSums m_gainSums;
    std::optional<quant::ClipPreview> m_preview;
    std::optional<quant::Range> m_dragged;
    bool m_before = false;
};

} // namespace qs::ui
