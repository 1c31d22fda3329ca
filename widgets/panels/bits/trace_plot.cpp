#include "widgets/panels/bits/trace_plot.h"

#include "widgets/frame/csv.h"
#include "widgets/model/model_task.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace qs::ui {

namespace {

constexpr double kClickPixels = 3;
constexpr double kReachPixels = 24;

} // namespace

TracePlot::TracePlot(QWidget* parent) : Plot(tr("Search trace"), parent)
{
    m_curve = new QCPCurve(xAxis, yAxis);
    m_curve->setLineStyle(QCPCurve::lsLine);
    new PlotLayerable(*axisRect(), QStringLiteral("grid"), [this](QCPPainter& p) { drawBudget(p); });
    new PlotLayerable(*axisRect(), QStringLiteral("main"), [this](QCPPainter& p) { drawMarks(p); });
    setCsv([this] { return table(); });
    connect(this, &Plot::resetRequested, this, &TracePlot::resetView);
    connect(this, &QCustomPlot::mouseWheel, this, [this] { m_own = true; });
    applyColours();
    rebuild();
}

void TracePlot::recolour()
{
    m_curve->setPen(QPen(colours().after, 1.4));
}

bool TracePlot::logarithmic() const
{
    // Sums of table entries can fall below zero on few images.
    return m_logLoss && m_run.options.performance == search::Performance::KlDivergence && m_positive;
}

double TracePlot::costOf(const search::Step& step) const
{
    switch (m_cost) {
    case Cost::MeanBits:
        return (step.meanWeightBits + step.meanActivationBits) / 2;
    case Cost::WeightBits:
        return step.meanWeightBits;
    case Cost::ActivationBits:
        return step.meanActivationBits;
    case Cost::ModelMegabytes:
        return static_cast<double>(step.modelBytes) * 1e-6;
    case Cost::GigaBops:
        return step.bops * 1e-9;
    case Cost::Budget:
        break;
    }
    return 100 * step.cost;
}

std::optional<double> TracePlot::budget() const
{
    const search::Budget& budget = m_run.options.budget;
    const auto scaled = [](auto value, double by) -> std::optional<double> {
        return value ? std::optional(static_cast<double>(*value) * by) : std::nullopt;
    };
    switch (m_cost) {
    case Cost::MeanBits:
        if (budget.meanWeightBits && budget.meanActivationBits)
            return (*budget.meanWeightBits + *budget.meanActivationBits) / 2;
        return {};
    case Cost::WeightBits:
        return budget.meanWeightBits;
    case Cost::ActivationBits:
        return budget.meanActivationBits;
    case Cost::ModelMegabytes:
        return scaled(budget.modelBytes, 1e-6);
    case Cost::GigaBops:
        return scaled(budget.bops, 1e-9);
    case Cost::Budget:
        break;
    }
    return 100;
}

double TracePlot::lossOf(const search::Step& step) const
{
    return m_run.options.performance == search::Performance::Top1 ? 100 * step.loss : step.loss;
}

void TracePlot::setRun(const SearchRun& run, const QStringList& names)
{
    m_run = run;
    m_names = names;
    m_pointed = std::min(m_pointed, steps());
    m_positive = run.trace.start.loss > 0 &&
                 std::ranges::all_of(run.trace.steps, [](const search::Step& step) { return step.loss > 0; });
    rebuild();
}

void TracePlot::setCost(Cost cost)
{
    m_cost = cost;
    m_own = false;
    rebuild();
}

void TracePlot::setLogLoss(bool on)
{
    if (std::exchange(m_logLoss, on) != on)
        rebuild();
}

void TracePlot::setPresentStep(int step)
{
    if (std::exchange(m_present, step) != step)
        redraw();
}

void TracePlot::rebuild()
{
    static const std::array kTitles{QT_TR_NOOP("mean bits, weights and activations alike, bit"),
                                    QT_TR_NOOP("mean bits of the weights, bit"),
                                    QT_TR_NOOP("mean bits of the activations, bit"),
                                    QT_TR_NOOP("model size, MB"),
                                    QT_TR_NOOP("bit operations of an image, GBOPs"),
                                    QT_TR_NOOP("of the budget, %")};
    xAxis->setLabel(tr(kTitles[static_cast<std::size_t>(m_cost)]));
    const QString loss =
        m_run.options.performance == search::Performance::Top1 ? tr("wrong top-1, %") : lossTitle(m_run.options.task);
    // Sums are not the loss of the step as a whole, and may be below zero.
    yAxis->setLabel(m_run.options.mode == search::Mode::Table ? tr("%1 (summed)").arg(loss) : loss);
    yAxis->setScaleType(logarithmic() ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (logarithmic())
        yAxis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
    else
        yAxis->setTicker(QSharedPointer<QCPAxisTicker>::create());
    yAxis->setNumberFormat(QStringLiteral("gbc"));
    yAxis->setNumberPrecision(3);
    QVector<double> costs, losses;
    if (m_run.hasTrace())
        for (int step = 0; step <= steps(); ++step) {
            costs << costOf(m_run.at(static_cast<std::size_t>(step)));
            losses << lossOf(m_run.at(static_cast<std::size_t>(step)));
        }
    m_curve->setData(costs, losses);
    if (m_own)
        redraw();
    else
        resetView();
}

void TracePlot::resetView()
{
    m_own = false;
    double left = 1e300, right = -1e300, low = 1e300, high = -1e300;
    for (const QCPCurveData& at : *m_curve->data()) {
        left = std::min(left, at.key);
        right = std::max(right, at.key);
        low = std::min(low, at.value);
        high = std::max(high, at.value);
    }
    if (const auto limit = budget(); limit && m_curve->dataCount() > 0) {
        left = std::min(left, *limit);
        right = std::max(right, *limit);
    }
    if (left > right) {
        left = 2, right = 8, low = 1e-3, high = 1;
    }
    const double margin = std::max(0.04 * (right - left), 1e-3 * std::abs(right));
    xAxis->setRange(left - margin, right + margin);
    if (logarithmic()) {
        const double factor = std::pow(std::max(high / low, 1.5), 0.08);
        yAxis->setRange(low / factor, high * factor);
    } else {
        const double bottom = std::min(0.0, low);
        yAxis->setRange(bottom - 0.04 * (high - bottom), high > bottom ? high + 0.08 * (high - bottom) : 1);
    }
    redraw();
}

void TracePlot::drawBudget(QCPPainter& painter)
{
    const auto limit = budget();
    if (!limit || !m_run.hasTrace())
        return;
    const QRect rect = axisRect()->rect();
    const double x = std::floor(xAxis->coordToPixel(*limit));
    painter.setPen(QPen(colours().clip, 1, Qt::DashLine));
    painter.drawLine(QLineF(x, rect.top(), x, rect.bottom()));
    painter.setPen(colours().clip);
    const QString text = tr("budget");
    painter.drawText(labelPlace(x, painter.fontMetrics().size(0, text), rect), Qt::AlignCenter, text);
}

/// Beside the line, right or left of it, at the bottom, top or middle: where the fewest points of the curve are.
QRectF TracePlot::labelPlace(double x, QSizeF size, const QRect& rect) const
{
    constexpr double kGap = 4;
    QRectF best;
    int fewest = std::numeric_limits<int>::max();
    for (const double y :
         {rect.bottom() - size.height() - 2, rect.top() + 2.0, rect.center().y() - size.height() / 2})
        for (const double left : {x + kGap, x - kGap - size.width()}) {
            const QRectF place(QPointF(left, y), size);
            if (!QRectF(rect).contains(place))
                continue;
            int points = 0;
            for (int step = 0; step < steps(); ++step) { // also between two points
                const QLineF line(pixelOf(step), pixelOf(step + 1));
                for (const double at : {0.0, 0.25, 0.5, 0.75, 1.0})
                    points += place.adjusted(-kGap, -kGap, kGap, kGap).contains(line.pointAt(at)) ? 1 : 0;
            }
            if (points < fewest) {
                fewest = points;
                best = place;
            }
        }
    return best.isEmpty() ? QRectF(QPointF(x + kGap, rect.top()), size) : best;
}

void TracePlot::drawMarks(QCPPainter& painter)
{
    if (!m_run.hasTrace())
        return;
    const Colours& c = colours();
    // Where points are closer than their marks, the line says it all.
    const double room = axisRect()->width() / std::max(1.0, static_cast<double>(steps()));
    const double size = std::clamp(room / 3, 1.5, 3.0);
    painter.setAntialiasing(true);
    for (int step = 0; step <= steps(); ++step) {
        const search::Step& at = m_run.at(static_cast<std::size_t>(step));
        const QPointF pixel = pixelOf(step);
        const bool raised = step > 0 && at.bitsAfter > at.bitsBefore;
        const QColor colour = raised ? c.accumulated : c.after;
        painter.setPen(QPen(colour, 1));
        painter.setBrush(at.measured ? colour : c.plotBackground);
        if (raised)
            painter.drawRect(QRectF(pixel.x() - size, pixel.y() - size, 2 * size, 2 * size));
        else
            painter.drawEllipse(pixel, size, size);
    }
    painter.setBrush(Qt::NoBrush);
    if (m_present >= 0 && m_present <= steps()) {
        painter.setPen(QPen(c.selection, 2));
        painter.drawEllipse(pixelOf(m_present), 6.5, 6.5);
    }
    if (m_pointed >= 0 && m_pointed <= steps()) {
        painter.setPen(QPen(c.grid, 2));
        painter.drawEllipse(pixelOf(m_pointed), 5, 5);
    }
    painter.setAntialiasing(false);
}

QPointF TracePlot::pixelOf(int step) const
{
    const search::Step& at = m_run.at(static_cast<std::size_t>(step));
    return {xAxis->coordToPixel(costOf(at)), yAxis->coordToPixel(lossOf(at))};
}

int TracePlot::stepAt(QPointF pixel) const
{
    if (!m_run.hasTrace() || !axisRect()->rect().contains(pixel.toPoint()))
        return -1;
    int nearest = -1;
    double best = kReachPixels;
    for (int step = 0; step <= steps(); ++step) {
        const QPointF away = pixelOf(step) - pixel;
        const double distance = std::hypot(away.x(), away.y());
        if (distance < best) {
            best = distance;
            nearest = step;
        }
    }
    return nearest;
}

QString TracePlot::describe(int step) const
{
    if (step < 0 || step > steps() || !m_run.hasTrace())
        return {};
    const search::Step& at = m_run.at(static_cast<std::size_t>(step));
    QString text = step == 0 ? tr("start")
                             : tr("step %1 of %2 · %3: %4 → %5 bit")
                                   .arg(step)
                                   .arg(steps())
                                   .arg(m_names.value(step - 1))
                                   .arg(at.bitsBefore)
                                   .arg(at.bitsAfter);
    text += m_run.options.performance == search::Performance::Top1
                ? tr(" · wrong top-1 %1").arg(formatPercent(at.loss))
                : tr(" · %1: %2").arg(lossTitle(m_run.options.task), formatNumber(at.loss));
    if (!at.measured)
        text += tr(" (from the table)");
    return text + tr(" · W %1 A %2 bit · %3 · %4 % of the budget")
                      .arg(at.meanWeightBits, 0, 'f', 2)
                      .arg(at.meanActivationBits, 0, 'f', 2)
                      .arg(formatBytes(at.modelBytes))
                      .arg(100 * at.cost, 0, 'f', 1);
}

void TracePlot::point(int step)
{
    if (std::exchange(m_pointed, step) == step)
        return;
    redraw();
    emit stepPointed(step);
}

// --- mouse and keys ------------------------------------------------------------------------------------------------

void TracePlot::mousePressEvent(QMouseEvent* event)
{
    m_pressed = event->position();
    Plot::mousePressEvent(event);
}

void TracePlot::mouseMoveEvent(QMouseEvent* event)
{
    Plot::mouseMoveEvent(event);
    if (event->buttons() != Qt::NoButton)
        return;
    const int step = stepAt(event->position());
    setCursor(step >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
    point(step);
}

void TracePlot::mouseReleaseEvent(QMouseEvent* event)
{
    Plot::mouseReleaseEvent(event);
    if (event->button() != Qt::LeftButton)
        return;
    if ((event->position() - m_pressed).manhattanLength() > kClickPixels) {
        m_own = true;
        return;
    }
    if (const int step = stepAt(event->position()); step >= 0)
        emit stepWished(step);
}

void TracePlot::leaveEvent(QEvent* event)
{
    Plot::leaveEvent(event);
    point(-1);
}

void TracePlot::keyPressEvent(QKeyEvent* event)
{
    if (!m_run.hasTrace())
        return Plot::keyPressEvent(event);
    const int from = m_pointed >= 0 ? m_pointed : std::max(m_present, 0);
    switch (event->key()) {
    case Qt::Key_Left: // with less cost
        return point(std::min(from + 1, steps()));
    case Qt::Key_Right:
        return point(std::max(from - 1, 0));
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_pointed >= 0)
            emit stepWished(m_pointed);
        return;
    default:
        Plot::keyPressEvent(event);
    }
}

QString TracePlot::table() const
{
    QString text =
        csvLine({QStringLiteral("step"), QStringLiteral("site"), QStringLiteral("from"), QStringLiteral("to"),
                 QStringLiteral("loss"), QStringLiteral("measured"), QStringLiteral("cost"),
                 QStringLiteral("mean_weight_bits"), QStringLiteral("mean_activation_bits"),
                 QStringLiteral("model_bytes"), QStringLiteral("bops")});
    if (!m_run.hasTrace())
        return text;
    for (int step = 0; step <= steps(); ++step) {
        const search::Step& at = m_run.at(static_cast<std::size_t>(step));
        const auto bits = [step](int b) { return step ? QString::number(b) : QString(); };
        text += csvLine({QString::number(step), step ? m_names.value(step - 1) : QString(), bits(at.bitsBefore),
                         bits(at.bitsAfter), csvNumber(at.loss), QString::number(at.measured ? 1 : 0),
                         csvNumber(at.cost), csvNumber(at.meanWeightBits), csvNumber(at.meanActivationBits),
                         QString::number(at.modelBytes), csvNumber(at.bops)});
    }
    return text;
}

} // namespace qs::ui
