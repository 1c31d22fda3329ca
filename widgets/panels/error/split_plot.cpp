#include "widgets/panels/error/split_plot.h"

#include "widgets/frame/csv.h"
#include "widgets/plots/block_ticker.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace qs::ui {

namespace {

constexpr double kClickPixels = 3;

std::array<double, 3> parts(const ErrorSplit& split, bool shares)
{
    const double factor = shares ? (split.total() > 0 ? 100 / split.total() : 0) : 100;
    return {split.weightRounding * factor, split.activationRounding * factor, split.clipping * factor};
}

/// Of an older recipe.
QColor faded(QColor colour)
{
    colour.setAlpha(90);
    return colour;
}

std::array<QColor, 3> partColours()
{
    return {colours().weight, colours().rounding, colours().clipping};
}

} // namespace

QString describe(const ErrorSplit& split)
{
    const auto share = [](double part) { return QStringLiteral("%1 %").arg(QString::number(100 * part, 'g', 3)); };
    return SplitPlot::tr("weight rounding %1 · activation rounding %2 · clipping %3")
        .arg(share(split.weightRounding), share(split.activationRounding), share(split.clipping));
}

SplitPlot::SplitPlot(QWidget* parent) : Plot(tr("Error split"), parent)
{
    xAxis->grid()->setVisible(false);
    xAxis->setTickLength(0);
    xAxis->setLabel(tr("block"));
    axisRect()->setRangeZoom(Qt::Horizontal);
    axisRect()->setRangeDrag(Qt::Horizontal);
    new PlotLayerable(*axisRect(), QStringLiteral("main"), [this](QCPPainter& p) { draw(p); });
    for (const QString& name : {tr("weight rounding"), tr("activation rounding"), tr("clipping")}) {
        auto* bars = new QCPBars(xAxis, yAxis);
        bars->setName(name);
        m_legend.push_back(bars);
    }
    legend->setVisible(true);
    plotLayout()->insertRow(0);
    plotLayout()->addElement(0, 0, legend);
    legend->setFillOrder(QCPLegend::foColumnsFirst);
    legend->setMargins(QMargins(6, 1, 6, 1));
    plotLayout()->setRowStretchFactor(0, 0.001);
    setCsv([this] { return table(); });
    connect(this, &Plot::resetRequested, this, &SplitPlot::resetView);
    applyColours();
    rebuild();
}

void SplitPlot::recolour()
{
    const auto all = partColours();
    for (std::size_t i = 0; i < all.size(); ++i) {
        m_legend[i]->setPen(Qt::NoPen);
        m_legend[i]->setBrush(all[i]);
    }
    legend->setBorderPen(Qt::NoPen);
}

void SplitPlot::setPicture(const ErrorPicture& picture)
{
    m_picture = picture;
    rebuild();
}

void SplitPlot::setShow(Show show)
{
    m_show = show;
    rebuild();
}

void SplitPlot::setSelection(const std::vector<SiteId>& sites)
{
    m_selected = {sites.begin(), sites.end()};
    redraw();
}

std::size_t SplitPlot::count() const
{
    return m_show == Show::Sensitivity ? m_picture.sensitivities.size() : m_picture.splits.size();
}

bool SplitPlot::chosen(std::size_t place) const
{
    if (m_show == Show::Sensitivity)
        return m_selected.contains(site(place));
    return std::ranges::any_of(m_picture.splits[place].sites, [this](SiteId id) { return m_selected.contains(id); });
}

SiteId SplitPlot::site(std::size_t place) const
{
    return m_show == Show::Sensitivity ? m_picture.sensitivities[place].id : m_picture.splits[place].sites.front();
}

void SplitPlot::rebuild()
{
    legend->setVisible(m_show != Show::Sensitivity);
    switch (m_show) {
    case Show::Split:
        yAxis->setLabel(tr("error / signal, %"));
        break;
    case Show::SplitShares:
        yAxis->setLabel(tr("share of the error, %"));
        break;
    case Show::Sensitivity:
        yAxis->setLabel(tr("sensitivity, mnat"));
        break;
    }
    std::vector<int> blocks;
    if (m_show != Show::Sensitivity)
        for (const ErrorSplit& split : m_picture.splits)
            blocks.push_back(split.block);
    xAxis->setTicker(blockTicker(*xAxis, blocks));
    xAxis->setLabel(m_show == Show::Sensitivity ? tr("sites in the order of execution") : tr("block"));
    resetView();
}

void SplitPlot::resetView()
{
    xAxis->setRange(-0.7, std::max<double>(static_cast<double>(count()), 1) - 0.3);
    double high = 0;
    if (m_show == Show::Sensitivity)
        for (const Sensitivity& one : m_picture.sensitivities)
            high = std::max(high, 1000 * one.kl);
    else
        for (const ErrorSplit& split : m_picture.splits) {
            const auto each = parts(split, m_show == Show::SplitShares);
            high = std::max(high, each[0] + each[1] + each[2]);
        }
    yAxis->setRange(0, high > 0 ? high * (m_show == Show::SplitShares ? 1.0 : 1.06) : 1);
    redraw();
}

void SplitPlot::draw(QCPPainter& painter)
{
    const QRect rect = axisRect()->rect();
    const auto all = partColours();
    for (std::size_t i = 0; i < count(); ++i) {
        const auto place = static_cast<double>(i);
        const double left = std::floor(xAxis->coordToPixel(place - 0.4));
        const double width = std::max(std::floor(xAxis->coordToPixel(place + 0.4)) - left, 1.0);
        if (left + width < rect.left() || left > rect.right())
            continue;
        if (chosen(i)) {
            QColor back = colours().selection;
            back.setAlpha(colours().dark ? 60 : 36);
            painter.fillRect(QRectF(left - 1, rect.top(), width + 2, rect.height()), back);
        }
        if (m_show == Show::Sensitivity) {
            const Sensitivity& one = m_picture.sensitivities[i];
            const double top = yAxis->coordToPixel(1000 * one.kl);
            const QColor colour = !m_picture.sensitivityCurrent         ? colours().stale
                                  : one.kind == graph::SiteKind::Weight ? colours().weight
                                                                        : colours().activation;
            painter.fillRect(QRectF(left, top, width, yAxis->coordToPixel(0) - top), colour);
            continue;
        }
        double sum = 0;
        const auto each = parts(m_picture.splits[i], m_show == Show::SplitShares);
        for (std::size_t part = 0; part < each.size(); ++part) {
            const double bottom = yAxis->coordToPixel(sum);
            sum += each[part];
            const double top = yAxis->coordToPixel(sum);
            painter.fillRect(QRectF(left, top, width, bottom - top),
                             m_picture.isolatedCurrent ? all[part] : faded(all[part]));
        }
    }
}

int SplitPlot::placeAt(QPointF pixel) const
{
    if (!axisRect()->rect().contains(pixel.toPoint()))
        return -1;
    const double place = std::round(xAxis->pixelToCoord(pixel.x()));
    return place >= 0 && place < static_cast<double>(count()) ? static_cast<int>(place) : -1;
}

SiteId SplitPlot::siteAt(QPointF pixel) const
{
    const int place = placeAt(pixel);
    return place < 0 ? SiteId() : site(static_cast<std::size_t>(place));
}

QString SplitPlot::describe(QPointF pixel) const
{
    const int place = placeAt(pixel);
    if (place < 0)
        return {};
    if (m_show == Show::Sensitivity) {
        const Sensitivity& one = m_picture.sensitivities[static_cast<std::size_t>(place)];
        return tr("%1 · sensitivity %2 mnat").arg(one.name, formatNumber(1000 * one.kl));
    }
    const ErrorSplit& split = m_picture.splits[static_cast<std::size_t>(place)];
    return QStringLiteral("%1 · %2").arg(split.layer, ui::describe(split));
}

void SplitPlot::mousePressEvent(QMouseEvent* event)
{
    m_pressed = event->position();
    Plot::mousePressEvent(event);
}

void SplitPlot::mouseReleaseEvent(QMouseEvent* event)
{
    Plot::mouseReleaseEvent(event);
    const QPointF moved = event->position() - m_pressed;
    if (event->button() != Qt::LeftButton || moved.manhattanLength() > kClickPixels)
        return;
    if (const SiteId found = siteAt(event->position()); found.valid())
        emit selectWished(found, event->modifiers() & Qt::ControlModifier);
}

QString SplitPlot::table() const
{
    QString text;
    if (m_show == Show::Sensitivity) {
        text = csvLine({QStringLiteral("site"), QStringLiteral("sensitivity_kl_nat")});
        for (const Sensitivity& one : m_picture.sensitivities)
            text += csvLine({one.name, csvNumber(one.kl)});
        return text;
    }
    text = csvLine({QStringLiteral("layer"), QStringLiteral("weight_rounding"), QStringLiteral("activation_rounding"),
                    QStringLiteral("clipping")});
    for (const ErrorSplit& split : m_picture.splits)
        text += csvLine({split.layer, csvNumber(split.weightRounding), csvNumber(split.activationRounding),
                         csvNumber(split.clipping)});
    return text;
}

} // namespace qs::ui
