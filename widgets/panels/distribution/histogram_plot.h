#pragma once

#include "widgets/panels/distribution/histogram_scene.h"
#include "widgets/plots/plot.h"

#include <memory>
#include <optional>

namespace qs::ui {

class HistogramPainter;

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
    const quant::NoiseGains* gains() const { return m_scene.gains(); }
    bool logAxis() const { return m_log; }
    bool before() const { return m_scene.before(); }

    /// Grid on show: of the drag while there is one, else the plan's. Null in float, where channels differ, and for
    /// levels that are not equally spaced.
    const quant::UniformGrid* grid() const { return m_scene.grid(); }
    /// Limits of the handles; nothing where there are none.
    std::optional<quant::Range> limits() const { return m_scene.limits(); }
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
    void setValueRange();
    void nameAxis();
    Handle handleAt(QPointF pixel) const;
    void addLayer(const char* layer, void (HistogramPainter::*paint)());

    HistogramScene m_scene;
    QCPRange m_whole; ///< of the axis as resetView() left it
    Handle m_handle = Handle::None;
    bool m_log = true;
};

} // namespace qs::ui
