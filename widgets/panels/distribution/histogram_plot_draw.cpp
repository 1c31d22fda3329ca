#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/panels/distribution/noise_region.h"
#include "widgets/theme/colours.h"

#include <algorithm>
#include <cmath>

// Everything is drawn as rectangles of whole pixels, without antialiasing: a filled polyline of a noisy histogram
// takes a hundred times as long.

namespace qs::ui {

namespace {

/// Levels nearer to each other than this are drawn as a band.
constexpr double kApartPixels = 4;
constexpr int kRugPixels = 6;
/// Steps narrower than this are coloured as a whole by what noise does to them; neither colour below this share of
/// the error.
constexpr double kNarrowPixels = 6;
constexpr double kEvenShare = 0.01;
constexpr int kGripSize = 6;

QColor withAlpha(QColor colour, int alpha)
{
    colour.setAlpha(alpha);
    return colour;
}

} // namespace

double HistogramPlot::pixelOfCount(double count) const
{
    const double floor = yAxis->range().lower;
    return yAxis->coordToPixel(std::max(count, m_log ? floor : 0.0));
}

void HistogramPlot::drawBack(QCPPainter& painter)
{
    const auto range = m_before ? std::nullopt : limits();
    const quant::UniformGrid* present = grid();
    if (!range)
        return;
    // What is really clipped starts half a step outside the outermost levels.
    double low = range->low;
    double high = range->high;
    if (present) {
        const double step = present->scale.front();
        low = (present->qmin - present->zeroPoint.front() - 0.5) * step;
        high = (present->qmax - present->zeroPoint.front() + 0.5) * step;
    } else if (!m_cells.levels.empty()) {
        low = std::max(m_cells.begin, xAxis->range().lower); // a logarithm has no lower end
        high = m_cells.end;
    }
    const QRect rect = axisRect()->rect();
    const double left =
        std::clamp(xAxis->coordToPixel(low), static_cast<double>(rect.left()), static_cast<double>(rect.right()) + 1);
    const double right = std::clamp(xAxis->coordToPixel(high), static_cast<double>(rect.left()),
                                    static_cast<double>(rect.right()) + 1);
    const QColor tail = withAlpha(colours().clip, colours().dark ? 40 : 28);
    painter.fillRect(QRectF(rect.left(), rect.top(), left - rect.left(), rect.height()), tail);
    painter.fillRect(QRectF(right, rect.top(), rect.right() + 1 - right, rect.height()), tail);
}

/// Columns of pixels by what noise does to the values in them all together; where steps are narrow, to those of the
/// step around: single columns would show nothing but which side of a level they happen to hit.
void HistogramPlot::drawGains(QCPPainter& painter)
{
    const QRect rect = axisRect()->rect();
    const stats::Histogram& histogram = m_picture.statistics->histogram;
    const std::vector<double> heights = columnMaxima(histogram, xAxis->pixelToCoord(rect.left()),
                                                     xAxis->pixelToCoord(rect.right() + 1), rect.width());
    const double base = pixelOfCount(0);
    const double pixelWidth = xAxis->pixelToCoord(1) - xAxis->pixelToCoord(0);
    const bool narrow = m_gainStep < kNarrowPixels * pixelWidth;
    const double whole = std::ceil(pixelWidth / m_gainStep) * m_gainStep; // whole steps, at least as wide as a pixel
    const auto below = [&](const std::vector<double>& sums, double value) {
        const double at =
            std::clamp((value - histogram.low()) / histogram.width(), 0.0, static_cast<double>(sums.size() - 1));
        const auto bin = std::min(static_cast<std::size_t>(at), sums.size() - 2);
        return sums[bin] + (at - static_cast<double>(bin)) * (sums[bin + 1] - sums[bin]);
    };
    for (std::size_t column = 0; column < heights.size(); ++column) {
        if (heights[column] <= 0)
            continue;
        const int pixel = rect.left() + static_cast<int>(column);
        const double from = xAxis->pixelToCoord(pixel);
        const double middle = from + pixelWidth / 2;
        const double left = narrow ? middle - whole / 2 : from;
        const double right = narrow ? middle + whole / 2 : from + pixelWidth;
        const double change = below(m_changeBefore, right) - below(m_changeBefore, left);
        const double even = narrow ? kEvenShare * (below(m_errorBefore, right) - below(m_errorBefore, left)) : 0;
        const double top = pixelOfCount(heights[column]);
        painter.fillRect(QRectF(pixel, std::min(top, base - 1), 1, std::max(base - top, 1.0)),
                         change < -even  ? winColour()
                         : change > even ? loseColour()
                                         : colours().before);
    }
}

void HistogramPlot::drawValues(QCPPainter& painter)
{
    if (!values())
        return;
    if (showsGains())
        return drawGains(painter);
    const QRect rect = axisRect()->rect();
    const std::vector<double> heights = columnMaxima(values()->histogram, xAxis->pixelToCoord(rect.left()),
                                                     xAxis->pixelToCoord(rect.right() + 1), rect.width());
    const bool faint = !m_before && !m_occupancy.empty();
    const QColor colour = faint ? withAlpha(colours().before, 150) : colours().histogram;
    const double base = pixelOfCount(0);
    for (std::size_t column = 0; column < heights.size(); ++column)
        if (heights[column] > 0) {
            const double top = pixelOfCount(heights[column]);
            painter.fillRect(QRectF(rect.left() + static_cast<double>(column), std::min(top, base - 1), 1,
                                    std::max(base - top, 1.0)),
                             colour);
        }
}

void HistogramPlot::drawQuantized(QCPPainter& painter)
{
    const quant::UniformGrid* present = grid();
    if (m_before || !m_picture.statistics || showsGains())
        return;
    if (!m_cells.levels.empty())
        return drawUnevenQuantized(painter);
    const QRect rect = axisRect()->rect();
    const QColor fill = withAlpha(colours().after, 110);
    const double base = pixelOfCount(0);
    if (!present) { // channels with grids of their own
        if (!m_picture.quantized)
            return;
        const auto heights = columnMaxima(*m_picture.quantized, xAxis->pixelToCoord(rect.left()),
                                          xAxis->pixelToCoord(rect.right() + 1), rect.width());
        for (std::size_t column = 0; column < heights.size(); ++column)
            if (heights[column] > 0) {
                const double top = pixelOfCount(heights[column]);
                painter.fillRect(QRectF(rect.left() + static_cast<double>(column), top, 1, base - top), fill);
            }
        return;
    }
    // A level gets the values of its step: as high as their mean over the bins of the step.
    const double step = present->scale.front();
    const double perBin = m_picture.statistics->histogram.width() / step;
    for (std::size_t level = 0; level < m_occupancy.size(); ++level) {
        const double value = (present->qmin - present->zeroPoint.front() + static_cast<double>(level)) * step;
        const double height = m_occupancy[level] * perBin;
        const double left = std::max<double>(xAxis->coordToPixel(value - step / 2), rect.left());
        const double right = std::min<double>(xAxis->coordToPixel(value + step / 2), rect.right() + 1);
        const double top = pixelOfCount(height);
        if (right <= left || top >= base || height <= 0)
            continue;
        const double gap = right - left > kApartPixels ? 1 : 0;
        painter.fillRect(QRectF(left, top, std::max(right - left - gap, 1.0), base - top), fill);
        painter.fillRect(QRectF(left, top, std::max(right - left - gap, 1.0), 1), colours().after);
    }
}

void HistogramPlot::drawLevels(QCPPainter& painter)
{
    if (!m_before && !m_cells.levels.empty())
        return drawUnevenLevels(painter);
    const quant::UniformGrid* present = m_before ? nullptr : grid();
    if (!present)
        return;
    const QRect rect = axisRect()->rect();
    const double step = present->scale.front();
    const double first = (present->qmin - present->zeroPoint.front()) * step;
    const double pixels = xAxis->coordToPixel(step) - xAxis->coordToPixel(0);
    const int rugTop = rect.top();
    if (pixels < kApartPixels) {
        const double left = std::max<double>(xAxis->coordToPixel(first), rect.left());
        const double right =
            std::min<double>(xAxis->coordToPixel(first + (present->levels() - 1) * step), rect.right() + 1);
        painter.fillRect(QRectF(left, rugTop, right - left, kRugPixels), withAlpha(colours().grid, 150));
        return;
    }
    const QColor line = withAlpha(colours().grid, pixels > 12 ? 90 : 55);
    for (int level = 0; level < present->levels(); ++level) {
        const double x = std::floor(xAxis->coordToPixel(first + level * step));
        if (x < rect.left() || x > rect.right())
            continue;
        painter.fillRect(QRectF(x, rect.top(), 1, rect.height()), line);
        painter.fillRect(QRectF(x, rugTop, 1, kRugPixels), colours().grid);
    }
}

/// Where the values of a level begin; of level levels.size(): where those of the last one end.
double HistogramPlot::leftOfCell(std::size_t level) const
{
    if (level == 0) // of a logarithm: 0, which is exact
        return std::isfinite(m_cells.begin) ? m_cells.begin : m_cells.levels.front();
    return level <= m_cells.borders.size() ? m_cells.borders[level - 1] : m_cells.end;
}

/// A level gets the values of its cell: as high as their mean over the bins of the cell.
void HistogramPlot::drawUnevenQuantized(QCPPainter& painter)
{
    const QRect rect = axisRect()->rect();
    const QColor fill = withAlpha(colours().after, 110);
    const double base = pixelOfCount(0);
    for (std::size_t level = 0; level < m_occupancy.size(); ++level) {
        const double from = leftOfCell(level);
        const double to = leftOfCell(level + 1);
        const double height =
            m_occupancy[level] * std::min(m_picture.statistics->histogram.width() / (to - from), 1.0);
        const double left = std::max<double>(xAxis->coordToPixel(from), rect.left());
        const double right = std::min<double>(xAxis->coordToPixel(to), rect.right() + 1);
        const double top = pixelOfCount(height);
        if (right <= left || top >= base || height <= 0)
            continue;
        const double gap = right - left > kApartPixels ? 1 : 0;
        painter.fillRect(QRectF(left, top, std::max(right - left - gap, 1.0), base - top), fill);
        painter.fillRect(QRectF(left, top, std::max(right - left - gap, 1.0), 1), colours().after);
    }
}

/// Lines where they lie apart; the rug above has all of them.
void HistogramPlot::drawUnevenLevels(QCPPainter& painter)
{
    const QRect rect = axisRect()->rect();
    const QColor line = withAlpha(colours().grid, 90);
    double before = -1e9;
    for (std::size_t level = 0; level < m_cells.levels.size(); ++level) {
        const double x = std::floor(xAxis->coordToPixel(m_cells.levels[level]));
        if (x < rect.left() || x > rect.right())
            continue;
        if (x - before >= kApartPixels)
            painter.fillRect(QRectF(x, rect.top(), 1, rect.height()), line);
        painter.fillRect(QRectF(x, rect.top(), 1, kRugPixels), colours().grid);
        before = x;
    }
}

void HistogramPlot::drawLimits(QCPPainter& painter)
{
    const auto range = m_before ? std::nullopt : limits();
    if (!range)
        return;
    const QRect rect = axisRect()->rect();
    const bool drag = canDrag();
    for (const bool low : {true, false}) {
        const double x = std::floor(xAxis->coordToPixel(low ? range->low : range->high));
        if (x < rect.left() - 1 || x > rect.right() + 1)
            continue;
        painter.setPen(QPen(colours().clip, 1, drag ? Qt::SolidLine : Qt::DashLine));
        painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()));
        if (!drag)
            continue;
        // A grip in the middle of the line, pointing inwards.
        const double y = rect.center().y();
        const double tip = low ? kGripSize + 2 : -(kGripSize + 2);
        painter.setPen(Qt::NoPen);
        painter.setBrush(colours().clip);
        painter.setAntialiasing(true);
        painter.drawPolygon(QPolygonF({QPointF(x, y - kGripSize), QPointF(x + tip, y), QPointF(x, y + kGripSize)}));
        painter.setAntialiasing(false);
    }
}

} // namespace qs::ui
