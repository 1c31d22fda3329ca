#include "widgets/recipe/noise_curve.h"

#include "widgets/frame/csv.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

constexpr double kMarkSize = 4;

QString percent(double error)
{
    return QString::number(100 * error, 'g', 3) + QStringLiteral(" %");
}

} // namespace

NoiseCurve::NoiseCurve(QWidget* parent) : Plot(tr("Noise"), parent)
{
    setInteractions(QCP::iNone);
    setFixedHeight(140);
    xAxis->setLabel(tr("range n, steps Δ"));
    xAxis->setTicks(true);
    xAxis->ticker()->setTickCount(3);
    yAxis->ticker()->setTickCount(3);
    yAxis->setNumberFormat(QStringLiteral("gb"));
    yAxis->setNumberPrecision(3);
    axisRect()->setMinimumMargins(QMargins(0, 4, 6, 0));
    new PlotLayerable(*axisRect(), QStringLiteral("background"), [this](QCPPainter& p) { drawSearched(p); });
    m_none = addGraph();
    m_curve = addGraph();
    new PlotLayerable(*axisRect(), QStringLiteral("overlay"), [this](QCPPainter& p) { drawMark(p); });
    setCsv([this] { return table(); });
    connect(this, &Plot::hovered, this,
            [this](QPointF at) { QToolTip::showText(mapToGlobal(at).toPoint(), describe(at), this); });
    applyColours();
}

void NoiseCurve::recolour()
{
    const Colours& c = colours();
    m_curve->setPen(QPen(m_picture.current ? c.after : c.stale, 1.6));
    m_none->setPen(QPen(c.before, 1, Qt::DashLine));
    yAxis->grid()->setSubGridVisible(false);
}

void NoiseCurve::setPicture(const Picture& picture)
{
    m_picture = picture;
    QVector<double> ranges, errors;
    for (const auto& point : picture.points) {
        ranges << point.range;
        errors << 100 * point.error;
    }
    m_curve->setData(ranges, errors, true);
    const double end = std::max(picture.end, 1e-3);
    xAxis->setRange(0, end);
    yAxis->setLabel(picture.objective == quant::Objective::InputError ? tr("input error, %") : tr("output error, %"));
    if (!errors.isEmpty()) {
        m_none->setData({0, end}, {errors.front(), errors.front()}, true);
        // What makes things much worse than no noise is of no interest.
        const double low = *std::ranges::min_element(errors);
        const double high =
            std::clamp(*std::ranges::max_element(errors), errors.front() * 1.05, errors.front() * 2.5);
        const double room = std::max(0.12 * (high - low), 1e-9);
        yAxis->setRange(std::max(low - room, 0.0), high + room);
    } else {
        m_none->data()->clear();
        yAxis->setRange(0, 1);
    }
    xAxis->setTickLabels(true);
    yAxis->setTickLabels(!errors.isEmpty());
    recolour();
    redraw();
}

double NoiseCurve::errorAt(double range) const
{
    const auto& points = m_picture.points;
    if (points.empty())
        return std::nan("");
    const auto next = std::ranges::lower_bound(points, range, {}, &quant::NoisePlan::Point::range);
    if (next == points.end())
        return range > points.back().range + 1e-9 ? std::nan("") : points.back().error;
    if (next == points.begin())
        return next->error;
    const auto& from = *(next - 1);
    return from.error + (next->error - from.error) * (range - from.range) / (next->range - from.range);
}

/// What the search does not look at is hatched.
void NoiseCurve::drawSearched(QCPPainter& painter)
{
    const QRect rect = axisRect()->rect();
    if (m_picture.points.empty()) {
        painter.setPen(colours().stale);
        painter.drawText(rect, Qt::AlignCenter, tr("measuring …"));
        return;
    }
    if (m_picture.searched < 0 || m_picture.searched >= m_picture.end)
        return;
    const double left = std::max<double>(xAxis->coordToPixel(m_picture.searched), rect.left());
    QColor hatch = colours().plotFrame;
    hatch.setAlpha(90);
    painter.fillRect(QRectF(left, rect.top(), rect.right() + 1 - left, rect.height()),
                     QBrush(hatch, Qt::BDiagPattern));
}

void NoiseCurve::drawMark(QCPPainter& painter)
{
    if (m_picture.chosen < 0 || m_picture.chosen > m_picture.end)
        return;
    const QRect rect = axisRect()->rect();
    const double x = xAxis->coordToPixel(m_picture.chosen);
    painter.setPen(QPen(colours().selection, 1));
    painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()));
    const double error = errorAt(m_picture.chosen);
    if (!std::isfinite(error))
        return;
    painter.setAntialiasing(true);
    painter.setBrush(m_picture.current ? colours().after : colours().stale);
    painter.drawEllipse(QPointF(x, yAxis->coordToPixel(100 * error)), kMarkSize, kMarkSize);
    painter.setAntialiasing(false);
}

QString NoiseCurve::describe(QPointF pixel) const
{
    if (!axisRect()->rect().contains(pixel.toPoint()))
        return {};
    const double range = xAxis->pixelToCoord(pixel.x());
    const double error = errorAt(range);
    if (!std::isfinite(error))
        return tr("n = %1 steps: not searched").arg(range, 0, 'f', 2);
    const double none = m_picture.points.front().error;
    return tr("n = %1 steps: %2, %3 against no noise")
        .arg(formatFixed(range, 2), percent(error), formatChange(none > 0 ? error / none - 1 : 0));
}

QString NoiseCurve::table() const
{
    QString text = csvLine({QStringLiteral("range_steps"), QStringLiteral("relative_error")});
    for (const auto& point : m_picture.points)
        text += csvLine({csvNumber(point.range), csvNumber(point.error)});
    return text;
}

void NoiseCurve::wheelEvent(QWheelEvent* event)
{
    event->ignore();
}

} // namespace qs::ui
