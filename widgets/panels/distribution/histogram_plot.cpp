#include "widgets/panels/distribution/histogram_plot.h"

#include "widgets/frame/csv.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

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
    new PlotLayerable(*axisRect(), QStringLiteral("background"), [this](QCPPainter& p) { drawBack(p); });
    new PlotLayerable(*axisRect(), QStringLiteral("main"), [this](QCPPainter& p) { drawValues(p); });
    new PlotLayerable(*axisRect(), QStringLiteral("main"), [this](QCPPainter& p) { drawQuantized(p); });
    new PlotLayerable(*axisRect(), QStringLiteral("main"), [this](QCPPainter& p) { drawLevels(p); });
    new PlotLayerable(*axisRect(), QStringLiteral("overlay"), [this](QCPPainter& p) { drawLimits(p); });
    setCsv([this] { return table(); });
    connect(this, &Plot::resetRequested, this, &HistogramPlot::resetView);
    setLogAxis(true);
    applyColours();
}

void HistogramPlot::recolour()
{
    yAxis->grid()->setSubGridVisible(false);
}

void HistogramPlot::setPicture(const SitePicture& picture, bool keepView)
{
    m_picture = picture;
    m_cells = picture.cells();
    m_extent = values() ? occupied(values()->histogram) : Extent{};
    // A limit that was dragged stays where it is until the numbers of that range are there.
    if (!keepView || (m_handle == Handle::None && picture.planCurrent)) {
        m_preview.reset();
        m_dragged.reset();
        m_handle = Handle::None;
    }
    xAxis->setLabel(m_picture.original && !m_before ? tr("value after smoothing") : tr("value"));
    updateOccupancy();
    // A view of the user's own stays; else new limits are in it, where they can be grabbed.
    const auto range = m_before ? std::nullopt : limits();
    const bool outside = range && !(xAxis->range().contains(range->low) && xAxis->range().contains(range->high));
    if (!keepView || (outside && xAxis->range() == m_whole && m_handle == Handle::None))
        resetView();
    else
        setValueRange();
    redraw();
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
    if (m_before == on)
        return;
    m_before = on;
    m_extent = values() ? occupied(values()->histogram) : Extent{};
    xAxis->setLabel(m_picture.original && !on ? tr("value after smoothing") : tr("value"));
    if (m_picture.original) // other values on another scale
        resetView();
    setValueRange();
    redraw();
}

void HistogramPlot::setGains(std::shared_ptr<const quant::NoiseGains> gains, double step)
{
    m_gains = std::move(gains);
    m_gainStep = step;
    m_changeBefore.assign(1, 0.0);
    m_errorBefore.assign(1, 0.0);
    for (std::size_t bin = 0; m_gains && bin < m_gains->change.size(); ++bin) {
        const auto count = static_cast<double>(m_picture.statistics->histogram.counts()[bin]);
        m_changeBefore.push_back(m_changeBefore.back() + count * m_gains->change[bin]);
        m_errorBefore.push_back(m_errorBefore.back() + count * m_gains->errorWithout);
    }
    redraw();
}

const quant::UniformGrid* HistogramPlot::grid() const
{
    if (m_preview)
        return &m_preview->grid;
    return m_picture.oneGrid() ? &m_picture.plan->grid : nullptr;
}

std::optional<quant::Range> HistogramPlot::limits() const
{
    if (m_dragged)
        return m_dragged;
    if (!m_picture.quantizedSite())
        return std::nullopt;
    const quant::Range range = m_picture.plan->range;
    if (m_picture.settings.scheme == quant::Scheme::Symmetric && !m_picture.uneven()) {
        const double half = std::max(std::abs(range.low), std::abs(range.high));
        return quant::Range{-half, half};
    }
    return range;
}

void HistogramPlot::updateOccupancy()
{
    const quant::UniformGrid* present = grid();
    m_occupancy.clear();
    if (m_picture.statistics && present)
        m_occupancy = levelOccupancy(m_picture.statistics->histogram, *present);
    else if (m_picture.statistics && !m_cells.levels.empty())
        m_occupancy = levelOccupancy(m_picture.statistics->histogram, m_cells);
}

void HistogramPlot::resetView()
{
    Extent view = m_extent;
    if (const auto range = m_before && m_picture.original ? std::nullopt : limits()) {
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
    double most = values() ? largestCount(values()->histogram) : 1;
    if (const quant::UniformGrid* present = m_before ? nullptr : grid(); present && !m_occupancy.empty())
        most = std::max(most, *std::ranges::max_element(m_occupancy) * m_picture.statistics->histogram.width() /
                                  static_cast<double>(present->scale.front()));
    most = std::max(most, 1.0);
    yAxis->setRange(m_log ? 0.7 : 0, m_log ? most * 2 : most * 1.06);
}

HistogramPlot::Handle HistogramPlot::handleAt(QPointF pixel) const
{
    const auto range = limits();
    if (!range || !canDrag() || !axisRect()->rect().contains(pixel.toPoint()))
        return Handle::None;
    const double low = std::abs(pixel.x() - xAxis->coordToPixel(range->low));
    const double high = std::abs(pixel.x() - xAxis->coordToPixel(range->high));
    if (std::min(low, high) > kGripPixels)
        return Handle::None;
    return low < high ? Handle::Low : Handle::High;
}

void HistogramPlot::dragTo(bool low, double value)
{
    const auto range = limits();
    if (!range || !canDrag() || !m_picture.statistics)
        return;
    m_handle = low ? Handle::Low : Handle::High;
    const quant::Range wished =
        quant::allowedRange(low ? value : range->low, low ? range->high : value, m_picture.settings.scheme, low);
    if (!(wished.high > wished.low))
        return;
    m_dragged = wished;
    m_preview = quant::previewClip(*m_picture.statistics, m_picture.settings, wished.low, wished.high);
    updateOccupancy();
    redraw();
    emit previewed(*m_preview, wished);
}

void HistogramPlot::endDrag()
{
    m_handle = Handle::None; // the preview stays on show until the plan with this range comes
    if (m_dragged)
        emit rangeWished(*m_dragged);
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
    if (direction == 0 || low == high || !range || !canDrag()) {
        Plot::keyPressEvent(event);
        return;
    }
    dragTo(low, (low ? range->low : range->high) + direction * xAxis->range().size() / 200);
    endDrag();
}

QString HistogramPlot::describe(QPointF pixel) const
{
    if (!values() || values()->histogram.empty() || !axisRect()->rect().contains(pixel.toPoint()))
        return {};
    const stats::Histogram& histogram = values()->histogram;
    const double value = xAxis->pixelToCoord(pixel.x());
    const double bin = std::floor((value - histogram.low()) / histogram.width());
    uint64_t count = 0;
    if (bin >= 0 && bin < static_cast<double>(histogram.counts().size()))
        count = histogram.counts()[static_cast<std::size_t>(bin)];
    const double left = histogram.low() + bin * histogram.width();
    QString text = tr("%1 … %2: %3 of %4 values")
                       .arg(formatNumber(left), formatNumber(left + histogram.width()), formatCount(count),
                            formatCount(histogram.total()));
    if (showsGains() && count > 0) {
        const double change = m_gains->change[static_cast<std::size_t>(bin)];
        return text + tr(" · noise changes their expected squared error by %1%2: they %3")
                          .arg(change < 0 ? QStringLiteral("−") : QStringLiteral("+"), formatNumber(std::abs(change)),
                               change < 0 ? tr("gain") : tr("lose"));
    }
    if (const quant::UniformGrid* present = m_before ? nullptr : grid()) {
        const double step = present->scale.front();
        const int zero = present->zeroPoint.front();
        const double code = std::clamp(std::nearbyint(value / step) + zero, static_cast<double>(present->qmin),
                                       static_cast<double>(present->qmax));
        const auto level = static_cast<std::size_t>(code - present->qmin);
        text += tr(" · code %1 = %2, %3 of the values")
                    .arg(static_cast<int>(code))
                    .arg(formatNumber((code - zero) * step),
                         formatPercent(m_occupancy[level] / static_cast<double>(histogram.total())));
    } else if (!m_before && !m_cells.levels.empty()) {
        const auto level =
            static_cast<std::size_t>(std::ranges::upper_bound(m_cells.borders, value) - m_cells.borders.begin());
        text += tr(" · level %1, %2 of the values")
                    .arg(formatNumber(m_cells.levels[level]),
                         formatPercent(m_occupancy[level] / static_cast<double>(histogram.total())));
    }
    return text;
}

QString HistogramPlot::table() const
{
    QString text = csvLine({QStringLiteral("low"), QStringLiteral("high"), QStringLiteral("count")});
    if (!values())
        return text;
    const stats::Histogram& histogram = values()->histogram;
    for (std::size_t bin = 0; bin < histogram.counts().size(); ++bin) {
        const double left = histogram.low() + static_cast<double>(bin) * histogram.width();
        if (histogram.counts()[bin] > 0)
            text += csvLine(
                {csvNumber(left), csvNumber(left + histogram.width()), QString::number(histogram.counts()[bin])});
    }
    return text;
}

} // namespace qs::ui
