#include "widgets/panels/distribution/histogram_plot.h"

#include "widgets/panels/distribution/histogram_painter.h"

#include <QKeyEvent>

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

constexpr double kGripPixels = 7;

} // namespace

HistogramPlot::HistogramPlot(QWidget* parent) : Plot(tr("Histogram"), parent)
{
    axisRect()->setRangeDrag(Qt::Horizontal);
    axisRect()->setRangeZoom(Qt::Horizontal);
    xAxis->setLabel(tr("value"));
    yAxis->setLabel(tr("values per bin"));
    addLayer("background", &HistogramPainter::drawBack);
    addLayer("main", &HistogramPainter::drawValues);
    addLayer("main", &HistogramPainter::drawQuantized);
    addLayer("main", &HistogramPainter::drawLevels);
    addLayer("overlay", &HistogramPainter::drawLimits);
    setCsv([this] { return m_scene.table(); });
    connect(this, &Plot::resetRequested, this, &HistogramPlot::resetView);
    setLogAxis(true);
    applyColours();
}

void HistogramPlot::addLayer(const char* layer, void (HistogramPainter::*paint)())
{
    new PlotLayerable(*axisRect(), QLatin1String(layer), [this, paint](QCPPainter& painter) {
        HistogramPainter on(painter, m_scene, *axisRect());
        (on.*paint)();
    });
}

void HistogramPlot::recolour()
{
    yAxis->grid()->setSubGridVisible(false);
}

void HistogramPlot::setPicture(const SitePicture& picture, bool keepView)
{
    // A limit that was dragged stays where it is until the numbers of that range are there.
    const bool settled = !keepView || (m_handle == Handle::None && picture.planCurrent);
    if (settled)
        m_handle = Handle::None;
    m_scene.setPicture(picture, !settled);
    nameAxis();
    // A view of the user's own stays; else new limits are in it, where they can be grabbed.
    const auto range = m_scene.shownLimits();
    const bool outside = range && !(xAxis->range().contains(range->low) && xAxis->range().contains(range->high));
    if (!keepView || (outside && xAxis->range() == m_whole && m_handle == Handle::None))
        resetView();
    else
        setValueRange();
    redraw();
}

void HistogramPlot::nameAxis()
{
    const bool smoothed = m_scene.picture().original && !m_scene.before();
    xAxis->setLabel(smoothed ? tr("value after smoothing") : tr("value"));
}

void HistogramPlot::setLogAxis(bool on)
{
    m_log = on;
    yAxis->setScaleType(on ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (on)
        yAxis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
    else
        yAxis->setTicker(QSharedPointer<QCPAxisTicker>::create());
    yAxis->setNumberFormat(on ? QStringLiteral("eb") : QStringLiteral("gb"));
    yAxis->setNumberPrecision(on ? 0 : 4);
    setValueRange();
    redraw();
}

void HistogramPlot::setBefore(bool on)
{
    if (m_scene.before() == on)
        return;
    m_scene.setBefore(on);
    nameAxis();
    if (m_scene.picture().original) // other values on another scale
        resetView();
    setValueRange();
    redraw();
}

void HistogramPlot::setGains(std::shared_ptr<const quant::NoiseGains> gains, double step)
{
    m_scene.setGains(std::move(gains), step);
    redraw();
}

void HistogramPlot::resetView()
{
    Extent view = m_scene.extent();
    if (const auto range = m_scene.before() && m_scene.picture().original ? std::nullopt : limits()) {
        view.low = std::min(view.low, range->low);
        view.high = std::max(view.high, range->high);
    }
    const double margin = view.high > view.low ? 0.03 * (view.high - view.low) : 1;
    m_whole = QCPRange(view.low - margin, view.high + margin);
    xAxis->setRange(m_whole);
    setValueRange();
    redraw();
}

void HistogramPlot::setValueRange()
{
    const double most = m_scene.largestHeight();
    yAxis->setRange(m_log ? 0.7 : 0, m_log ? most * 2 : most * 1.06);
}

HistogramPlot::Handle HistogramPlot::handleAt(QPointF pixel) const
{
    const auto range = limits();
    if (!range || !m_scene.canDrag() || !axisRect()->rect().contains(pixel.toPoint()))
        return Handle::None;
    const double low = std::abs(pixel.x() - xAxis->coordToPixel(range->low));
    const double high = std::abs(pixel.x() - xAxis->coordToPixel(range->high));
    if (std::min(low, high) > kGripPixels)
        return Handle::None;
    return low < high ? Handle::Low : Handle::High;
}

void HistogramPlot::dragTo(bool low, double value)
{
    if (!limits() || !m_scene.canDrag() || !m_scene.picture().statistics)
        return;
    m_handle = low ? Handle::Low : Handle::High;
    if (!m_scene.drag(low, value))
        return;
    redraw();
    emit previewed(*m_scene.preview(), *m_scene.dragged());
}

void HistogramPlot::endDrag()
{
    m_handle = Handle::None; // the preview stays on show until the plan with this range comes
    if (m_scene.dragged())
        emit rangeWished(*m_scene.dragged());
}

void HistogramPlot::mousePressEvent(QMouseEvent* event)
{
    const Handle handle = event->button() == Qt::LeftButton ? handleAt(event->position()) : Handle::None;
    if (handle == Handle::None) {
        Plot::mousePressEvent(event);
        return;
    }
    m_handle = handle;
    event->accept();
}

void HistogramPlot::mouseMoveEvent(QMouseEvent* event)
{
    if (m_handle != Handle::None && (event->buttons() & Qt::LeftButton)) {
        dragTo(m_handle == Handle::Low, xAxis->pixelToCoord(event->position().x()));
        return;
    }
    setCursor(handleAt(event->position()) == Handle::None ? Qt::ArrowCursor : Qt::SizeHorCursor);
    Plot::mouseMoveEvent(event);
}

void HistogramPlot::mouseReleaseEvent(QMouseEvent* event)
{
    if (m_handle == Handle::None) {
        Plot::mouseReleaseEvent(event);
        return;
    }
    endDrag();
}

void HistogramPlot::keyPressEvent(QKeyEvent* event)
{
    // The limits by keyboard: Ctrl moves the lower one, Alt the upper one, by half a percent of the view.
    const int direction = event->key() == Qt::Key_Left ? -1 : event->key() == Qt::Key_Right ? 1 : 0;
    const bool low = event->modifiers() & Qt::ControlModifier;
    const bool high = event->modifiers() & Qt::AltModifier;
    const auto range = limits();
    if (direction == 0 || low == high || !range || !m_scene.canDrag()) {
        Plot::keyPressEvent(event);
        return;
    }
    dragTo(low, (low ? range->low : range->high) + direction * xAxis->range().size() / 200);
    endDrag();
}

QString HistogramPlot::describe(QPointF pixel) const
{
    return axisRect()->rect().contains(pixel.toPoint()) ? m_scene.describe(xAxis->pixelToCoord(pixel.x()))
                                                        : QString();
}

} // namespace qs::ui
