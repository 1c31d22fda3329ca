#include "widgets/panels/distribution/ribbon_plot.h"

#include "widgets/frame/csv.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace qs::ui {

namespace {

/// Alpha of the ranges before smoothing, which lie behind those after it.
constexpr int kBehind = 110;
/// So many times the height of the ranges after smoothing are shown of those before it, either way.
constexpr double kMostTimes = 1.5;

} // namespace

RibbonPlot::RibbonPlot(QWidget* parent) : Plot(tr("Range per channel"), parent)
{
    yAxis->setLabel(tr("range"));
    new PlotLayerable(*axisRect(), QStringLiteral("main"), [this](QCPPainter& p) { draw(p); });
    setCsv([this] { return table(); });
    connect(this, &Plot::resetRequested, this, &RibbonPlot::resetView);
    applyColours();
}

void RibbonPlot::setPicture(const SitePicture& picture, bool keepView)
{
    m_picture = picture;
    reorder();
    const auto limits = sameLimits();
    const QCPRange& view = yAxis->range();
    const bool outside =
        limits && (view.upper < limits->high || (std::isfinite(limits->low) && view.lower > limits->low));
    if (!keepView || (outside && view == m_whole)) // a view of the user's own stays
        resetView();
    redraw();
}

void RibbonPlot::setBefore(bool on)
{
    m_before = on;
    reorder();
    if (m_picture.original)
        resetView();
    redraw();
}

void RibbonPlot::setSorted(bool on)
{
    m_sorted = on;
    reorder();
    redraw();
}

void RibbonPlot::reorder()
{
    m_order.resize(values() ? values()->minimum.size() : 0);
    std::iota(m_order.begin(), m_order.end(), std::size_t{0});
    if (m_sorted)
        std::ranges::stable_sort(m_order, std::ranges::greater{},
                                 [this](std::size_t c) { return values()->maximum[c] - values()->minimum[c]; });
    const QString kind = m_picture.channel.isEmpty() ? tr("channel") : m_picture.channel;
    xAxis->setLabel(m_sorted ? tr("%1, widest range first").arg(kind) : kind);
}

void RibbonPlot::resetView()
{
    xAxis->setRange(-0.5, std::max<double>(static_cast<double>(channels()), 1) - 0.5);
    if (values() && channels() > 0) {
        double low = std::min(values()->low(), 0.0F);
        double high = std::max(values()->high(), 0.0F);
        if (withOriginal()) {
            // Behind, and cut off where it would make a thin line of the ranges after it.
            const double most = kMostTimes * (high - low);
            low = std::max(std::min<double>(low, m_picture.original->low()), low - most);
            high = std::min(std::max<double>(high, m_picture.original->high()), high + most);
        }
        if (const auto limits = sameLimits()) {
            if (std::isfinite(limits->low)) // a logarithm has no lower end
                low = std::min(low, limits->low);
            high = std::max(high, limits->high);
        }
        const double margin = high > low ? 0.05 * (high - low) : 1;
        m_whole = QCPRange(low - margin, high + margin);
        yAxis->setRange(m_whole);
    }
    redraw();
}

RibbonPlot::Span RibbonPlot::covered(std::size_t channel) const
{
    if (m_picture.uneven()) {
        const quant::LevelCells cells = m_picture.cells();
        return {cells.begin, cells.end};
    }
    const quant::UniformGrid& grid = m_picture.plan->grid;
    const std::size_t c = grid.scale.size() == 1 ? 0 : channel;
    const double scale = grid.scale[c];
    return {(grid.qmin - grid.zeroPoint[c] - 0.5) * scale, (grid.qmax - grid.zeroPoint[c] + 0.5) * scale};
}

/// Of all channels, where they have one grid or the same levels.
std::optional<RibbonPlot::Span> RibbonPlot::sameLimits() const
{
    if (m_before || !m_picture.quantizedSite() || m_picture.plan->grid.scale.size() > 1)
        return std::nullopt;
    return covered(0);
}

void RibbonPlot::draw(QCPPainter& painter)
{
    if (!values())
        return;
    const QRect rect = axisRect()->rect();
    if (withOriginal())
        drawOriginal(painter);
    const bool quantized = !m_before && m_picture.quantizedSite() &&
                           (m_picture.uneven() || m_picture.plan->grid.scale.size() == 1 ||
                            m_picture.plan->grid.scale.size() == channels());
    const bool same = quantized && m_picture.plan->grid.scale.size() <= 1;
    const Span all = same ? covered(0) : Span{0, 0};
    const QColor inside = m_before || !quantized ? colours().histogram : colours().after;
    const auto vertical = [this, &painter](double x, double width, double low, double high, const QColor& colour) {
        const double top = yAxis->coordToPixel(high);
        painter.fillRect(QRectF(x, top, width, std::max(yAxis->coordToPixel(low) - top, 1.0)), colour);
    };
    const double perChannel = xAxis->coordToPixel(1) - xAxis->coordToPixel(0);
    const double gap = perChannel > 4 ? 1 : 0;
    // Channels that share a pixel are drawn as one: its hull, and the narrowest cover.
    for (std::size_t place = 0; place < channels();) {
        const double x = std::floor(xAxis->coordToPixel(static_cast<double>(place) - 0.5));
        Span values{0, 0};
        Span cover{-1e300, 1e300};
        bool any = false;
        do {
            const std::size_t c = m_order[place];
            const double low = m_picture.shown(m_before)->minimum[c];
            const double high = m_picture.shown(m_before)->maximum[c];
            values = any ? Span{std::min(values.low, low), std::max(values.high, high)} : Span{low, high};
            any = true;
            if (quantized) {
                const Span one = same ? all : covered(c);
                cover = {std::max(cover.low, one.low), std::min(cover.high, one.high)};
            }
            ++place;
        } while (place < channels() && xAxis->coordToPixel(static_cast<double>(place) - 0.5) < x + 1);
        const double width =
            std::max(std::floor(xAxis->coordToPixel(static_cast<double>(place) - 0.5)) - x - gap, 1.0);
        if (x + width < rect.left() || x > rect.right())
            continue;
        const double low = std::max(values.low, cover.low);
        const double high = std::min(values.high, cover.high);
        if (values.low < low)
            vertical(x, width, values.low, std::min(low, values.high), colours().clip);
        if (values.high > high)
            vertical(x, width, std::max(high, values.low), values.high, colours().clip);
        if (low <= high)
            vertical(x, width, low, high, inside);
    }
    if (!same)
        return;
    painter.setPen(QPen(colours().clip, 1, Qt::DashLine));
    for (const double limit : {all.low, all.high}) {
        if (!std::isfinite(limit))
            continue; // a logarithm has no lower end
        const double y = std::floor(yAxis->coordToPixel(limit));
        painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y));
    }
}

/// Ranges before smoothing, behind those after it.
void RibbonPlot::drawOriginal(QCPPainter& painter)
{
    const QRect rect = axisRect()->rect();
    QColor colour = colours().before;
    colour.setAlpha(kBehind);
    for (std::size_t place = 0; place < channels();) {
        const double x = std::floor(xAxis->coordToPixel(static_cast<double>(place) - 0.5));
        Span values{1e300, -1e300};
        do {
            const std::size_t c = m_order[place];
            values = {std::min<double>(values.low, m_picture.original->minimum[c]),
                      std::max<double>(values.high, m_picture.original->maximum[c])};
            ++place;
        } while (place < channels() && xAxis->coordToPixel(static_cast<double>(place) - 0.5) < x + 1);
        const double width = std::max(std::floor(xAxis->coordToPixel(static_cast<double>(place) - 0.5)) - x, 1.0);
        if (x + width < rect.left() || x > rect.right())
            continue;
        const double top = yAxis->coordToPixel(values.high);
        painter.fillRect(QRectF(x, top, width, std::max(yAxis->coordToPixel(values.low) - top, 1.0)), colour);
    }
}

QString RibbonPlot::describe(QPointF pixel) const
{
    if (!axisRect()->rect().contains(pixel.toPoint()) || !values())
        return {};
    const double place = std::floor(xAxis->pixelToCoord(pixel.x()) + 0.5);
    if (place < 0 || place >= static_cast<double>(channels()))
        return {};
    const std::size_t c = m_order[static_cast<std::size_t>(place)];
    QString text = tr("%1 %2: %3 … %4, σ %5")
                       .arg(m_picture.channel.isEmpty() ? tr("channel") : m_picture.channel)
                       .arg(c)
                       .arg(formatNumber(values()->minimum[c]), formatNumber(values()->maximum[c]),
                            formatNumber(std::sqrt(values()->variance[c])));
    if (withOriginal())
        text += tr(" · before smoothing %1 … %2")
                    .arg(formatNumber(m_picture.original->minimum[c]), formatNumber(m_picture.original->maximum[c]));
    if (m_picture.quantizedSite() && m_picture.plan->grid.scale.size() == channels() && !m_before)
        text += tr(" · step %1, zero point %2")
                    .arg(formatNumber(m_picture.plan->grid.scale[c]))
                    .arg(m_picture.plan->grid.zeroPoint[c]);
    return text;
}

QString RibbonPlot::table() const
{
    QString text = csvLine({QStringLiteral("channel"), QStringLiteral("minimum"), QStringLiteral("maximum"),
                            QStringLiteral("mean"), QStringLiteral("variance"), QStringLiteral("scale"),
                            QStringLiteral("zero_point")});
    if (!m_picture.statistics)
        return text;
    const stats::SiteStatistics& s = *m_picture.statistics;
    const bool even = m_picture.quantizedSite() && !m_picture.uneven();
    const bool own = m_picture.quantizedSite() && m_picture.plan->grid.scale.size() == s.minimum.size();
    for (std::size_t c = 0; c < s.minimum.size(); ++c) {
        const std::size_t g = own ? c : 0;
        text += csvLine({QString::number(c), csvNumber(s.minimum[c]), csvNumber(s.maximum[c]), csvNumber(s.mean[c]),
                         csvNumber(s.variance[c]), even ? csvNumber(m_picture.plan->grid.scale[g]) : QString(),
                         even ? QString::number(m_picture.plan->grid.zeroPoint[g]) : QString()});
    }
    return text;
}

} // namespace qs::ui
