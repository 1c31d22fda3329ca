#pragma once

#include "widgets/panels/distribution/histogram_scene.h"

#include <qcustomplot.h>

namespace qs::ui {

/// Draws the layers of a histogram on the axes of a plot. Everything is drawn as rectangles of whole pixels, without
/// antialiasing: a filled polyline of a noisy histogram takes a hundred times as long.
class HistogramPainter {
public:
    HistogramPainter(QCPPainter& painter, const HistogramScene& scene, const QCPAxisRect& rect);

    void drawBack();      ///< what is clipped
    void drawValues();    ///< of the float network, tinted by what noise does to them where that is asked for
    void drawQuantized(); ///< what lands on each level
    void drawLevels();    ///< lines where they lie apart, a band where they do not
    void drawLimits();    ///< with grips where they can be dragged

private:
    void drawGains();
    void drawUnevenQuantized();
    void drawUnevenLevels();
    /// A level's values from `from` to `to` on the value axis.
    void drawBar(double from, double to, double height);
    double leftOfCell(std::size_t level) const;
    double pixel(double value) const { return m_x.coordToPixel(value); }
    double pixelOfCount(double count) const;

    QCPPainter& m_painter;
    const HistogramScene& m_scene;
    const QCPAxis& m_x;
    const QCPAxis& m_y;
    const QRect m_rect;
};

} // namespace qs::ui
