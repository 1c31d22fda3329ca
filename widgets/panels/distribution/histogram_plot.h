#pragma once

#include "core/quant/clip_preview.h"
#include "core/quant/noise_gain.h"
#include "widgets/panels/distribution/site_picture.h"
#include "widgets/plots/histogram_columns.h"
#include "widgets/plots/plot.h"

#include <memory>
#include <optional>

namespace qs::ui {

/// Histogram of a site: values of the float network; over them, unless `before` is asked for, what lands on each
/// level, the levels themselves (lines where they lie apart, a band where they do not), and the clip limits, which
/// can be dragged. Where it is told what noise does to each bin, the values are tinted by that instead.
class HistogramPlot : public Plot {
    Q_OBJECT
public:
    explicit HistogramPlot(QWidget* parent = nullptr);

    /// keepView: the part on show stays where it was (the same site with other numbers).
    void setPicture(const SitePicture& picture, bool keepView);
    void setLogAxis(bool on);
    void setBefore(bool on);
    /// Of the picture's histogram; null: none. step: of the levels, so that columns are taken over whole steps where
    /// these are too narrow to see one side of them.
    void setGains(std::shared_ptr<const quant::NoiseGains> gains, double step);
    const quant::NoiseGains* gains() const { return m_gains.get(); }
    bool logAxis() const { return m_log; }
    bool before() const { return m_before; }

    /// Grid on show: of the drag while there is one, else the plan's. Null in float, where channels differ, and for
    /// levels that are not equally spaced.
    const quant::UniformGrid* grid() const;
    /// Limits of the handles; nothing where there are none.
    std::optional<quant::Range> limits() const;
    /// Sets a limit as a drag does (the preview), and as its end does.
    void dragTo(bool low, double value);
    void endDrag();
    /// What lies under a pixel, for the line below the plot; "" outside.
    QString describe(QPointF pixel) const;

signals:
    void previewed(const qs::quant::ClipPreview& preview, qs::quant::Range range); ///< while a limit is dragged
    void rangeWished(qs::quant::Range range);                                      ///< when it is let go

protected:
    void recolour() override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    enum class Handle { None, Low, High };
    void resetView();
    /// On show: before or after smoothing.
    const stats::SiteStatistics* values() const { return m_picture.shown(m_before); }
    void setValueRange();
    void updateOccupancy();
    bool canDrag() const { return m_picture.oneGrid() && !m_before && !m_picture.locked; }
    Handle handleAt(QPointF pixel) const;
    // histogram_plot_draw.cpp
    void drawBack(QCPPainter& painter);
    void drawGains(QCPPainter& painter);
    bool showsGains() const { return m_gains && !m_before && !m_preview; }
    void drawValues(QCPPainter& painter);
    void drawQuantized(QCPPainter& painter);
    void drawLevels(QCPPainter& painter);
    void drawUnevenQuantized(QCPPainter& painter);
    void drawUnevenLevels(QCPPainter& painter);
    double leftOfCell(std::size_t level) const;
    void drawLimits(QCPPainter& painter);
    double pixelOfCount(double count) const;
    QString table() const;

    SitePicture m_picture;
    Extent m_extent;
    QCPRange m_whole;                ///< of the axis as resetView() left it
    std::vector<double> m_occupancy; ///< of grid(), or of m_cells
    quant::LevelCells m_cells;       ///< of a site whose levels are not equally spaced; else empty
    std::shared_ptr<const quant::NoiseGains> m_gains;
    double m_gainStep = 0;
    /// Of all bins before each: the change of their squared error, and that error without noise on average.
    std::vector<double> m_changeBefore, m_errorBefore;
    std::optional<quant::ClipPreview> m_preview;
    std::optional<quant::Range> m_dragged;
    Handle m_handle = Handle::None;
    bool m_log = true;
    bool m_before = false;
};

} // namespace qs::ui
