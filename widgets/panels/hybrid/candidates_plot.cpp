#include "widgets/panels/hybrid/candidates_plot.h"

#include "widgets/frame/csv.h"
#include "widgets/panels/hybrid/choices_model.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

constexpr double kMarkSize = 4.5;
/// Decades above the best candidate that the plot shows at first: what is worse is of no interest.
constexpr double kDecades = 3;

} // namespace

CandidatesPlot::CandidatesPlot(QWidget* parent) : Plot(tr("Candidates"), parent)
{
    xAxis->setLabel(tr("step, of Δ₀"));
    yAxis->setScaleType(QCPAxis::stLogarithmic);
    yAxis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
    yAxis->setNumberFormat(QStringLiteral("eb"));
    yAxis->setNumberPrecision(0);
    m_before = addGraph();
    new PlotLayerable(*axisRect(), QStringLiteral("overlay"), [this](QCPPainter& p) { drawMark(p); });
    setCsv([this] { return table(); });
    connect(this, &Plot::resetRequested, this, &CandidatesPlot::resetView);
    applyColours();
    resetView();
}

void CandidatesPlot::clear()
{
    for (QCPGraph* graph : std::exchange(m_graphs, {}))
        removeGraph(graph);
    m_before->data()->clear();
    m_choice = {};
    redraw();
}

void CandidatesPlot::setChoice(const search::HybridChoice& choice, const std::vector<double>& factors, bool weighted)
{
    clear();
    yAxis->setLabel(weighted ? tr("objective E, nat²") : tr("objective E, output²"));
    m_choice = choice;
    m_factors = factors;
    const QVector<double> x(factors.begin(), factors.end());
    for (const search::HybridCurve& curve : choice.curves) {
        QCPGraph* graph = addGraph();
        // What has no error has no place on a logarithmic axis.
        QVector<double> y;
        for (const double error : curve.errors)
            y << (error > 0 ? error : std::nan(""));
        graph->setData(x, y, true);
        m_graphs.push_back(graph);
    }
    if (!factors.empty() && choice.before > 0)
        m_before->setData({0, 100}, {choice.before, choice.before}, true);
    recolour();
    resetView();
}

void CandidatesPlot::recolour()
{
    const Colours& c = colours();
    m_before->setPen(QPen(c.before, 1, Qt::DotLine));
    for (std::size_t i = 0; i < m_graphs.size(); ++i) {
        const search::HybridCurve& curve = m_choice.curves[i];
        const bool channel = curve.granularity == quant::Granularity::Channel;
        QPen pen(channel ? c.perChannel : c.perTensor, 1.6);
        if (curve.scheme == quant::Scheme::Symmetric)
            pen.setDashPattern({4, 3});
        m_graphs[i]->setPen(pen);
    }
}

void CandidatesPlot::resetView()
{
    double low = std::numeric_limits<double>::infinity();
    double high = 0;
    for (const search::HybridCurve& curve : m_choice.curves)
        for (const double error : curve.errors)
            if (error > 0) {
                low = std::min(low, error);
                high = std::max(high, error);
            }
    if (m_choice.before > 0) {
        low = std::min(low, m_choice.before);
        high = std::max(high, m_choice.before);
    }
    if (!(high > 0) || m_factors.empty()) {
        xAxis->setRange(0, 1.2);
        yAxis->setRange(1e-6, 1);
        return redraw();
    }
    high = std::max(std::min(high, low * std::pow(10, kDecades)), 1.2 * m_choice.before);
    const double room = std::pow(std::max(high / low, 2.0), 0.08);
    yAxis->setRange(low / room, high * room);
    const double margin = 0.03 * (m_factors.back() - m_factors.front());
    xAxis->setRange(m_factors.front() - margin, m_factors.back() + std::max(margin, 0.02));
    redraw();
}

std::optional<QPointF> CandidatesPlot::chosenPixel() const
{
    if (!m_choice.changed || !(m_choice.after > 0))
        return {};
    return QPointF(xAxis->coordToPixel(m_choice.factor), yAxis->coordToPixel(m_choice.after));
}

void CandidatesPlot::drawMark(QCPPainter& painter)
{
    const auto chosen = chosenPixel();
    if (!chosen)
        return;
    const Colours& c = colours();
    const QRect rect = axisRect()->rect();
    painter.setPen(QPen(c.selection, 1));
    painter.drawLine(QPointF(chosen->x(), rect.top()), QPointF(chosen->x(), rect.bottom()));
    painter.setAntialiasing(true);
    painter.setBrush(m_choice.granularity == quant::Granularity::Channel ? c.perChannel : c.perTensor);
    painter.drawEllipse(*chosen, kMarkSize, kMarkSize);
    painter.setAntialiasing(false);
}

QString CandidatesPlot::describe(QPointF pixel) const
{
    if (m_graphs.empty() || m_factors.empty() || !axisRect()->rect().contains(pixel.toPoint()))
        return {};
    const double at = xAxis->pixelToCoord(pixel.x());
    const auto next = std::ranges::lower_bound(m_factors, at);
    auto nearest = next == m_factors.end() ? next - 1 : next;
    if (nearest != m_factors.begin() && at - *(nearest - 1) < *nearest - at)
        --nearest;
    const auto i = static_cast<std::size_t>(nearest - m_factors.begin());
    const auto distance = [&](const search::HybridCurve& curve) {
        return curve.errors[i] > 0 ? std::abs(yAxis->coordToPixel(curve.errors[i]) - pixel.y()) : 1e9;
    };
    const search::HybridCurve& curve = *std::ranges::min_element(m_choice.curves, {}, distance);
    return tr("%1 at %2 Δ₀: E = %3; before %4")
        .arg(kindText(curve.granularity, curve.scheme), QString::number(m_factors[i], 'f', 3),
             formatNumber(curve.errors[i]), formatNumber(m_choice.before));
}

QString CandidatesPlot::table() const
{
    QString text = csvLine({QStringLiteral("granularity"), QStringLiteral("scheme"), QStringLiteral("factor"),
                            QStringLiteral("error"), QStringLiteral("chosen")});
    for (const search::HybridCurve& curve : m_choice.curves)
        for (std::size_t i = 0; i < curve.errors.size(); ++i) {
            const bool chosen = m_choice.changed && curve.granularity == m_choice.granularity &&
                                curve.scheme == m_choice.scheme && m_factors[i] == m_choice.factor;
            text += csvLine({curve.granularity == quant::Granularity::Channel ? QStringLiteral("channel")
                                                                              : QStringLiteral("tensor"),
                             curve.scheme == quant::Scheme::Symmetric ? QStringLiteral("symmetric")
                                                                      : QStringLiteral("asymmetric"),
                             csvNumber(m_factors[i]), csvNumber(curve.errors[i]), QString::number(chosen ? 1 : 0)});
        }
    return text;
}

} // namespace qs::ui
