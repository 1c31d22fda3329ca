#include "widgets/panels/error/depth_plot.h"

#include "widgets/plots/block_ticker.h"

#include "widgets/frame/csv.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

constexpr double kClickPixels = 3;
constexpr double kMarkSize = 3.5;

void drawMark(QCPPainter& painter, graph::Role role, QPointF at)
{
    const double s = kMarkSize;
    if (role == graph::Role::SoftmaxOutput)
        painter.drawPolygon(QPolygonF({at + QPointF(0, -s - 1), at + QPointF(s + 1, s), at + QPointF(-s - 1, s)}));
    else if (role == graph::Role::Fc2)
        painter.drawRect(QRectF(at.x() - s, at.y() - s, 2 * s, 2 * s));
    else
        painter.drawEllipse(at, s - 1, s - 1);
}

} // namespace

DepthPlot::DepthPlot(QWidget* parent) : Plot(tr("Error along depth"), parent)
{
    yAxis->setLabel(tr("SQNR, dB"));
    xAxis->setLabel(tr("block"));
    xAxis->grid()->setVisible(false);
    xAxis->setTickLength(0);
    new PlotLayerable(*axisRect(), QStringLiteral("background"), [this](QCPPainter& p) { drawBlocks(p); });
    new PlotLayerable(*axisRect(), QStringLiteral("grid"), [this](QCPPainter& p) { drawSelection(p); });
    m_isolated = addGraph();
    m_isolated->setName(tr("isolated: only this site quantized"));
    m_accumulated = addGraph();
    m_accumulated->setName(tr("accumulated: all sites before it too"));
    new PlotLayerable(*axisRect(), QStringLiteral("main"), [this](QCPPainter& p) { drawMarks(p); });
    legend->setVisible(true);
    // Above the plot, so that it hides no point.
    plotLayout()->insertRow(0);
    plotLayout()->addElement(0, 0, legend);
    legend->setFillOrder(QCPLegend::foColumnsFirst);
    legend->setMargins(QMargins(6, 1, 6, 1));
    plotLayout()->setRowStretchFactor(0, 0.001);
    setCsv([this] { return table(); });
    connect(this, &Plot::resetRequested, this, &DepthPlot::resetView);
    applyColours();
}

void DepthPlot::recolour()
{
    const Colours& c = colours();
    const auto pen = [&c](const QColor& colour, bool current, Qt::PenStyle style) {
        return QPen(current ? colour : c.stale, 1.6, style);
    };
    m_isolated->setPen(pen(c.isolated, m_picture.isolatedCurrent, Qt::SolidLine));
    m_accumulated->setPen(pen(c.accumulated, m_picture.accumulatedCurrent, Qt::DashLine));
    legend->setBorderPen(Qt::NoPen);
}

void DepthPlot::setPicture(const ErrorPicture& picture)
{
    const bool same = picture.points.size() == m_picture.points.size();
    m_picture = picture;
    QVector<double> places, isolated, accumulated;
    std::vector<int> blocks;
    for (std::size_t i = 0; i < picture.points.size(); ++i) {
        const ErrorPoint& point = picture.points[i];
        places << static_cast<double>(i);
        // Exact and unknown are gaps.
        isolated << (std::isfinite(point.isolatedSqnrDb) ? point.isolatedSqnrDb : ErrorPoint::kNone);
        accumulated << (std::isfinite(point.accumulatedSqnrDb) ? point.accumulatedSqnrDb : ErrorPoint::kNone);
        blocks.push_back(point.block);
    }
    m_isolated->setData(places, isolated, true);
    m_accumulated->setData(places, accumulated, true);
    xAxis->setTicker(blockTicker(*xAxis, blocks));
    recolour();
    if (!same)
        resetView();
    else if (xAxis->range().size() >= static_cast<double>(picture.points.size()))
        resetView(); // the whole depth is on show: the values may need another scale
    redraw();
}

void DepthPlot::setSelection(const std::vector<SiteId>& sites)
{
    m_selected = {sites.begin(), sites.end()};
    redraw();
}

void DepthPlot::resetView()
{
    xAxis->setRange(-0.7, std::max<double>(static_cast<double>(m_picture.points.size()), 1) - 0.3);
    double low = 0;
    double high = 10;
    for (const ErrorPoint& point : m_picture.points)
        for (const double value : {point.isolatedSqnrDb, point.accumulatedSqnrDb})
            if (std::isfinite(value)) {
                low = std::min(low, value);
                high = std::max(high, value);
            }
    yAxis->setRange(low, high + 0.06 * (high - low));
    redraw();
}

void DepthPlot::drawBlocks(QCPPainter& painter)
{
    const QRect rect = axisRect()->rect();
    for (std::size_t i = 1; i < m_picture.points.size(); ++i)
        if (m_picture.points[i].block != m_picture.points[i - 1].block) {
            const double x = std::floor(xAxis->coordToPixel(static_cast<double>(i) - 0.5));
            painter.fillRect(QRectF(x, rect.top(), 1, rect.height()), colours().plotGrid);
        }
}

void DepthPlot::drawSelection(QCPPainter& painter)
{
    const QRect rect = axisRect()->rect();
    QColor colour = colours().selection;
    colour.setAlpha(colours().dark ? 60 : 36);
    for (std::size_t i = 0; i < m_picture.points.size(); ++i)
        if (m_selected.contains(m_picture.points[i].id)) {
            const double left = xAxis->coordToPixel(static_cast<double>(i) - 0.5);
            const double right = xAxis->coordToPixel(static_cast<double>(i) + 0.5);
            painter.fillRect(QRectF(left, rect.top(), std::max(right - left, 3.0), rect.height()), colour);
        }
}

void DepthPlot::drawMarks(QCPPainter& painter)
{
    painter.setAntialiasing(true);
    for (const bool accumulated : {false, true}) {
        painter.setPen(accumulated ? m_accumulated->pen().color() : m_isolated->pen().color());
        painter.setBrush(accumulated ? colours().plotBackground : m_isolated->pen().color());
        for (std::size_t i = 0; i < m_picture.points.size(); ++i) {
            const ErrorPoint& point = m_picture.points[i];
            const double value = accumulated ? point.accumulatedSqnrDb : point.isolatedSqnrDb;
            if (std::isfinite(value))
                drawMark(painter, point.role,
                         {xAxis->coordToPixel(static_cast<double>(i)), yAxis->coordToPixel(value)});
        }
    }
    painter.setAntialiasing(false);
}

int DepthPlot::placeAt(QPointF pixel) const
{
    if (!axisRect()->rect().contains(pixel.toPoint()))
        return -1;
    const double place = std::round(xAxis->pixelToCoord(pixel.x()));
    return place >= 0 && place < static_cast<double>(m_picture.points.size()) ? static_cast<int>(place) : -1;
}

SiteId DepthPlot::siteAt(QPointF pixel) const
{
    const int place = placeAt(pixel);
    return place < 0 ? SiteId() : m_picture.points[static_cast<std::size_t>(place)].id;
}

QString DepthPlot::describe(QPointF pixel) const
{
    const int place = placeAt(pixel);
    if (place < 0)
        return {};
    const ErrorPoint& point = m_picture.points[static_cast<std::size_t>(place)];
    return tr("%1 · isolated %2 · accumulated %3")
        .arg(point.name, formatDb(point.isolatedSqnrDb), formatDb(point.accumulatedSqnrDb));
}

void DepthPlot::mousePressEvent(QMouseEvent* event)
{
    m_pressed = event->position();
    Plot::mousePressEvent(event);
}

void DepthPlot::mouseReleaseEvent(QMouseEvent* event)
{
    Plot::mouseReleaseEvent(event);
    const QPointF moved = event->position() - m_pressed;
    if (event->button() != Qt::LeftButton || moved.manhattanLength() > kClickPixels)
        return;
    if (const SiteId site = siteAt(event->position()); site.valid())
        emit selectWished(site, event->modifiers() & Qt::ControlModifier);
}

QString DepthPlot::table() const
{
    QString text = csvLine({QStringLiteral("site"), QStringLiteral("block"), QStringLiteral("isolated_sqnr_db"),
                            QStringLiteral("accumulated_sqnr_db")});
    for (const ErrorPoint& point : m_picture.points)
        text += csvLine({point.name, QString::number(point.block), csvNumber(point.isolatedSqnrDb),
                         csvNumber(point.accumulatedSqnrDb)});
    return text;
}

} // namespace qs::ui
