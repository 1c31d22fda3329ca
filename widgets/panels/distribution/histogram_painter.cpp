#include "widgets/panels/distribution/histogram_painter.h"

#include "widgets/panels/distribution/noise_region.h"
#include "widgets/theme/colours.h"

#include <algorithm>
#include <cmath>

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
constexpr int kFillAlpha = 110;

QColor withAlpha(QColor colour, int alpha)
{
    colour.setAlpha(alpha);
    return colour;
}

} // namespace

HistogramPainter::HistogramPainter(QCPPainter& painter, const HistogramScene& scene, const QCPAxisRect& rect)
    : m_painter(painter), m_scene(scene), m_x(*rect.axis(QCPAxis::atBottom)), m_y(*rect.axis(QCPAxis::atLeft)),
      m_rect(rect.rect())
{
}

double HistogramPainter::pixelOfCount(double count) const
{
    const double floor = m_y.range().lower;
    return m_y.coordToPixel(std::max(count, m_y.scaleType() == QCPAxis::stLogarithmic ? floor : 0.0));
}

void HistogramPainter::drawBack()
{
    const auto range = m_scene.shownLimits();
    const quant::UniformGrid* present = m_scene.grid();
    if (!range)
        return;
    // What is really clipped starts half a step outside the outermost levels.
    double low = range->low;
    double high = range->high;
    if (present) {
        const double step = present->scale.front();
        low = (present->qmin - present->zeroPoint.front() - 0.5) * step;
        high = (present->qmax - present->zeroPoint.front() + 0.5) * step;
    } else if (!m_scene.cells().levels.empty()) {
        low = std::max(m_scene.cells().begin, m_x.range().lower); // a logarithm has no lower end
        high = m_scene.cells().end;
    }
    const double left =
        std::clamp(pixel(low), static_cast<double>(m_rect.left()), static_cast<double>(m_rect.right()) + 1);
    const double right =
        std::clamp(pixel(high), static_cast<double>(m_rect.left()), static_cast<double>(m_rect.right()) + 1);
    const QColor tail = withAlpha(colours().clip, colours().dark ? 40 : 28);
    m_painter.fillRect(QRectF(m_rect.left(), m_rect.top(), left - m_rect.left(), m_rect.height()), tail);
    m_painter.fillRect(QRectF(right, m_rect.top(), m_rect.right() + 1 - right, m_rect.height()), tail);
}

/// Columns of pixels by what noise does to the values in them all together; where steps are narrow, to those of the
/// step around: single columns would show nothing but which side of a level they happen to hit.
void HistogramPainter::drawGains()
{
    const stats::Histogram& histogram = m_scene.picture().statistics->histogram;
    const std::vector<double> heights = columnMaxima(histogram, m_x.pixelToCoord(m_rect.left()),
                                                     m_x.pixelToCoord(m_rect.right() + 1), m_rect.width());
    const double base = pixelOfCount(0);
    const double pixelWidth = m_x.pixelToCoord(1) - m_x.pixelToCoord(0);
    const bool narrow = m_scene.gainStep() < kNarrowPixels * pixelWidth;
    const double whole =
        std::ceil(pixelWidth / m_scene.gainStep()) * m_scene.gainStep(); // whole steps, at least as wide as a pixel
    const auto below = [&](const std::vector<double>& sums, double value) {
        const double at =
            std::clamp((value - histogram.low()) / histogram.width(), 0.0, static_cast<double>(sums.size() - 1));
        const auto bin = std::min(static_cast<std::size_t>(at), sums.size() - 2);
        return sums[bin] + (at - static_cast<double>(bin)) * (sums[bin + 1] - sums[bin]);
    };
    for (std::size_t column = 0; column < heights.size(); ++column) {
        if (heights[column] <= 0)
            continue;
        const int pixel = m_rect.left() + static_cast<int>(column);
        const double from = m_x.pixelToCoord(pixel);
        const double middle = from + pixelWidth / 2;
        const double left = narrow ? middle - whole / 2 : from;
        const double right = narrow ? middle + whole / 2 : from + pixelWidth;
        const double change = below(m_scene.gainSums().change, right) - below(m_scene.gainSums().change, left);
        const double even =
            narrow ? kEvenShare * (below(m_scene.gainSums().error, right) - below(m_scene.gainSums().error, left))
                   : 0;
        const double top = pixelOfCount(heights[column]);
        m_painter.fillRect(QRectF(pixel, std::min(top, base - 1), 1, std::max(base - top, 1.0)),
                           change < -even  ? winColour()
                           : change > even ? loseColour()
                                           : colours().before);
    }
}

void HistogramPainter::drawValues()
{
    if (!m_scene.values())
        return;
    if (m_scene.showsGains())
        return drawGains();
    const std::vector<double> heights = columnMaxima(m_scene.values()->histogram, m_x.pixelToCoord(m_rect.left()),
                                                     m_x.pixelToCoord(m_rect.right() + 1), m_rect.width());
    const bool faint = !m_scene.before() && !m_scene.occupancy().empty();
    const QColor colour = faint ? withAlpha(colours().before, 150) : colours().histogram;
    const double base = pixelOfCount(0);
    for (std::size_t column = 0; column < heights.size(); ++column)
        if (heights[column] > 0) {
            const double top = pixelOfCount(heights[column]);
            m_painter.fillRect(QRectF(m_rect.left() + static_cast<double>(column), std::min(top, base - 1), 1,
                                      std::max(base - top, 1.0)),
                               colour);
        }
}

void HistogramPainter::drawBar(double from, double to, double height)
{
    const double left = std::max<double>(pixel(from), m_rect.left());
    const double right = std::min<double>(pixel(to), m_rect.right() + 1);
    const double base = pixelOfCount(0);
    const double top = pixelOfCount(height);
    if (right <= left || top >= base || height <= 0)
        return;
    const double width = std::max(right - left - (right - left > kApartPixels ? 1 : 0), 1.0);
    m_painter.fillRect(QRectF(left, top, width, base - top), withAlpha(colours().after, kFillAlpha));
    m_painter.fillRect(QRectF(left, top, width, 1), colours().after);
}

void HistogramPainter::drawQuantized()
{
    const quant::UniformGrid* present = m_scene.grid();
    if (m_scene.before() || !m_scene.picture().statistics || m_scene.showsGains())
        return;
    if (!m_scene.cells().levels.empty())
        return drawUnevenQuantized();
    if (!present) { // channels with grids of their own
        if (!m_scene.picture().quantized)
            return;
        const QColor fill = withAlpha(colours().after, kFillAlpha);
        const double base = pixelOfCount(0);
        const auto heights = columnMaxima(*m_scene.picture().quantized, m_x.pixelToCoord(m_rect.left()),
                                          m_x.pixelToCoord(m_rect.right() + 1), m_rect.width());
        for (std::size_t column = 0; column < heights.size(); ++column)
            if (heights[column] > 0) {
                const double top = pixelOfCount(heights[column]);
                m_painter.fillRect(QRectF(m_rect.left() + static_cast<double>(column), top, 1, base - top), fill);
            }
        return;
    }
    // A level gets the values of its step: as high as their mean over the bins of the step.
    const double step = present->scale.front();
    const double perBin = m_scene.picture().statistics->histogram.width() / step;
    for (std::size_t level = 0; level < m_scene.occupancy().size(); ++level) {
        const double value = (present->qmin - present->zeroPoint.front() + static_cast<double>(level)) * step;
        const double height = m_scene.occupancy()[level] * perBin;
        drawBar(value - step / 2, value + step / 2, height);
    }
}

void HistogramPainter::drawLevels()
{
    if (m_scene.uneven())
        return drawUnevenLevels();
    const quant::UniformGrid* present = m_scene.shownGrid();
    if (!present)
        return;
    const double step = present->scale.front();
    const double first = (present->qmin - present->zeroPoint.front()) * step;
    const double pixels = pixel(step) - pixel(0);
    const int rugTop = m_rect.top();
    if (pixels < kApartPixels) {
        const double left = std::max<double>(pixel(first), m_rect.left());
        const double right = std::min<double>(pixel(first + (present->levels() - 1) * step), m_rect.right() + 1);
        m_painter.fillRect(QRectF(left, rugTop, right - left, kRugPixels), withAlpha(colours().grid, 150));
        return;
    }
    const QColor line = withAlpha(colours().grid, pixels > 12 ? 90 : 55);
    for (int level = 0; level < present->levels(); ++level) {
        const double x = std::floor(pixel(first + level * step));
        if (x < m_rect.left() || x > m_rect.right())
            continue;
        m_painter.fillRect(QRectF(x, m_rect.top(), 1, m_rect.height()), line);
        m_painter.fillRect(QRectF(x, rugTop, 1, kRugPixels), colours().grid);
    }
}

/// Where the values of a level begin; of level levels.size(): where those of the last one end.
double HistogramPainter::leftOfCell(std::size_t level) const
{
    if (level == 0) // of a logarithm: 0, which is exact
        return std::isfinite(m_scene.cells().begin) ? m_scene.cells().begin : m_scene.cells().levels.front();
    return level <= m_scene.cells().borders.size() ? m_scene.cells().borders[level - 1] : m_scene.cells().end;
}

/// A level gets the values of its cell: as high as their mean over the bins of the cell.
void HistogramPainter::drawUnevenQuantized()
{
    for (std::size_t level = 0; level < m_scene.occupancy().size(); ++level) {
        const double from = leftOfCell(level);
        const double to = leftOfCell(level + 1);
        const double height =
            m_scene.occupancy()[level] * std::min(m_scene.picture().statistics->histogram.width() / (to - from), 1.0);
        drawBar(from, to, height);
    }
}

/// Lines where they lie apart; the rug above has all of them.
void HistogramPainter::drawUnevenLevels()
{
    const QColor line = withAlpha(colours().grid, 90);
    double before = -1e9;
    for (std::size_t level = 0; level < m_scene.cells().levels.size(); ++level) {
        const double x = std::floor(pixel(m_scene.cells().levels[level]));
        if (x < m_rect.left() || x > m_rect.right())
            continue;
        if (x - before >= kApartPixels)
            m_painter.fillRect(QRectF(x, m_rect.top(), 1, m_rect.height()), line);
        m_painter.fillRect(QRectF(x, m_rect.top(), 1, kRugPixels), colours().grid);
        before = x;
    }
}

void HistogramPainter::drawLimits()
{
    const auto range = m_scene.shownLimits();
    if (!range)
        return;
    const bool drag = m_scene.canDrag();
    for (const bool low : {true, false}) {
        const double x = std::floor(pixel(low ? range->low : range->high));
        if (x < m_rect.left() - 1 || x > m_rect.right() + 1)
            continue;
        m_painter.setPen(QPen(colours().clip, 1, drag ? Qt::SolidLine : Qt::DashLine));
        m_painter.drawLine(QPointF(x, m_rect.top()), QPointF(x, m_rect.bottom()));
        if (!drag)
            continue;
        // A grip in the middle of the line, pointing inwards.
        const double y = m_rect.center().y();
        const double tip = low ? kGripSize + 2 : -(kGripSize + 2);
        m_painter.setPen(Qt::NoPen);
        m_painter.setBrush(colours().clip);
        m_painter.setAntialiasing(true);
        m_painter.drawPolygon(QPolygonF({QPointF(x, y - kGripSize), QPointF(x + tip, y), QPointF(x, y + kGripSize)}));
        m_painter.setAntialiasing(false);
    }
}

} // namespace qs::ui
