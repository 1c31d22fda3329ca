#include "widgets/panels/bits/bars_plot.h"

#include "core/quant/recipe.h"
#include "widgets/frame/csv.h"
#include "widgets/panels/shared/role_colour.h"
#include "widgets/plots/block_ticker.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QMenu>

#include <algorithm>
#include <cmath>
#include <map>

namespace qs::ui {

namespace {

constexpr double kDragPixels = 3;
constexpr int kSmallest = 2;
constexpr int kLargest = 8;
constexpr int kFloatHeight = 9; ///< where bars of float sites end
constexpr double kGap = 0.12;   ///< of a bar's width, on each side

int heightOf(int bits)
{
    return std::min(bits, kFloatHeight);
}

} // namespace

BarsPlot::BarsPlot(graph::SiteKind kind, const QString& name, QWidget* parent) : Plot(name, parent), m_kind(kind)
{
    yAxis->setLabel(kind == graph::SiteKind::Weight ? tr("weights, bit") : tr("activations, bit"));
    xAxis->setLabel(tr("block"));
    xAxis->grid()->setVisible(false);
    xAxis->setTickLength(0);
    auto ticker = QSharedPointer<QCPAxisTickerText>::create();
    for (int bits = kSmallest; bits <= kLargest; bits += 2)
        ticker->addTick(bits, QString::number(bits));
    ticker->addTick(kFloatHeight, tr("float"));
    yAxis->setTicker(ticker);
    yAxis->setSubTicks(false);
    yAxis->setRange(0, kFloatHeight + 0.4);
    axisRect()->setRangeZoom(Qt::Horizontal);
    axisRect()->setRangeDrag(Qt::Horizontal);
    new PlotLayerable(*axisRect(), QStringLiteral("background"), [this](QCPPainter& p) { drawBlocks(p); });
    new PlotLayerable(*axisRect(), QStringLiteral("main"), [this](QCPPainter& p) { drawBars(p); });
    setCsv([this] { return table(); });
    connect(this, &Plot::resetRequested, this, &BarsPlot::resetView);
    applyColours();
}

void BarsPlot::setPicture(const BitsPicture& picture)
{
    // Sites of a block need not be neighbours in the order of execution: a block is one group all the same.
    std::vector<int> blocks;
    std::map<int, std::vector<const SiteBits*>> mine;
    std::map<int, std::size_t> others;
    for (const SiteBits& site : picture.sites) {
        if (!mine.contains(site.block) && !others.contains(site.block))
            blocks.push_back(site.block);
        if (site.kind == m_kind)
            mine[site.block].push_back(&site);
        else
            ++others[site.block];
    }
    const double before = m_places;
    m_bars.clear();
    m_blockEnds.clear();
    m_places = 0;
    const auto ticker = QSharedPointer<BlockTicker>::create(*xAxis);
    for (const int block : blocks) {
        const auto& sites = mine[block];
        const auto places = static_cast<double>(std::max(sites.size(), others[block]));
        const double width = sites.empty() ? places : places / static_cast<double>(sites.size());
        for (std::size_t i = 0; i < sites.size(); ++i)
            m_bars.push_back({*sites[i], m_places + static_cast<double>(i) * width,
                              m_places + static_cast<double>(i + 1) * width});
        ticker->addTick(m_places + places / 2, blockTitle(block));
        m_places += places;
        m_blockEnds.push_back(m_places);
    }
    xAxis->setTicker(ticker);
    m_places = std::max(m_places, 1.0);
    if (m_places != before)
        resetView();
    redraw();
}

void BarsPlot::setSelection(const std::vector<SiteId>& sites)
{
    m_selected = {sites.begin(), sites.end()};
    redraw();
}

void BarsPlot::resetView()
{
    xAxis->setRange(-0.3, m_places + 0.3);
    redraw();
}

QRectF BarsPlot::rectOf(const Bar& bar) const
{
    const double gap = kGap * (bar.right - bar.left);
    const double left = std::floor(xAxis->coordToPixel(bar.left + gap));
    const double right = std::max(std::floor(xAxis->coordToPixel(bar.right - gap)), left + 1);
    const double top = std::floor(yAxis->coordToPixel(heightOf(bar.site.bits)));
    return {left, top, right - left, yAxis->coordToPixel(0) - top};
}

void BarsPlot::drawBlocks(QCPPainter& painter)
{
    const QRect rect = axisRect()->rect();
    for (const double end : m_blockEnds)
        painter.fillRect(QRectF(std::floor(xAxis->coordToPixel(end)), rect.top(), 1, rect.height()),
                         colours().plotGrid);
}

void BarsPlot::drawBars(QCPPainter& painter)
{
    const QRect shown = axisRect()->rect();
    QColor back = colours().selection;
    back.setAlpha(colours().dark ? 60 : 36);
    for (const Bar& bar : m_bars) {
        const QRectF rect = rectOf(bar);
        if (rect.right() < shown.left() || rect.left() > shown.right())
            continue;
        if (m_selected.contains(bar.site.id))
            painter.fillRect(QRectF(rect.left() - 1, shown.top(), rect.width() + 2, shown.height()), back);
        drawBar(painter, bar, rect);
    }
}

void BarsPlot::drawBar(QCPPainter& painter, const Bar& bar, const QRectF& rect)
{
    const Colours& c = colours();
    const QColor colour = roleColour(roleGroup(bar.site.role));
    if (bar.site.bits >= quant::kFloatBits) {
        painter.setPen(colour);
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(rect.adjusted(0, 0, -1, 0));
    } else {
        painter.fillRect(rect, colour);
    }
    if (bar.site.differs()) {
        // What was taken is an empty frame above the bar, what was added a lighter end of it; a line where it was.
        const double was = std::floor(yAxis->coordToPixel(heightOf(*bar.site.reference)));
        const bool lower = was < rect.top();
        const QRectF part(rect.left(), std::min(was, rect.top()), rect.width(), std::abs(was - rect.top()));
        QColor fill = lower ? colour : c.plotBackground;
        fill.setAlpha(lower ? 60 : 120);
        painter.fillRect(part, fill);
        painter.fillRect(QRectF(rect.left() - 1, was - 1, rect.width() + 2, 2), c.plotText);
    }
    if (!bar.site.locked)
        return;
    // A padlock on the foot of the bar; where there is no room for one, its body alone.
    const double size = std::clamp(rect.width() - 2, 2.0, 8.0);
    const QRectF body(std::floor(rect.center().x() - size / 2), rect.bottom() - size - 2, size, size * 0.75);
    painter.fillRect(body, c.plotBackground);
    if (size >= 5) {
        painter.setPen(QPen(c.plotBackground, 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawArc(QRectF(body.left() + 1, body.top() - size * 0.5, size - 2, size), 0, 180 * 16);
    }
    painter.fillRect(QRectF(rect.left(), rect.top() - 1, rect.width(), 2), c.selection);
}

const BarsPlot::Bar* BarsPlot::barAt(QPointF pixel) const
{
    if (!axisRect()->rect().contains(pixel.toPoint()))
        return nullptr;
    const double place = xAxis->pixelToCoord(pixel.x());
    const auto found =
        std::ranges::find_if(m_bars, [place](const Bar& bar) { return place >= bar.left && place < bar.right; });
    return found == m_bars.end() ? nullptr : &*found;
}

const BarsPlot::Bar* BarsPlot::find(SiteId site) const
{
    const auto found = std::ranges::find_if(m_bars, [site](const Bar& bar) { return bar.site.id == site; });
    return found == m_bars.end() ? nullptr : &*found;
}

SiteId BarsPlot::siteAt(QPointF pixel) const
{
    const Bar* bar = barAt(pixel);
    return bar ? bar->site.id : SiteId();
}

QPointF BarsPlot::topOf(SiteId site) const
{
    const Bar* bar = find(site);
    if (!bar)
        return {};
    const QRectF rect = rectOf(*bar);
    return {rect.center().x(), rect.top()};
}

QString BarsPlot::describe(QPointF pixel) const
{
    const Bar* bar = barAt(pixel);
    if (!bar)
        return {};
    const auto said = [](int bits) { return bits >= quant::kFloatBits ? tr("float") : tr("%1 bit").arg(bits); };
    QString text = QStringLiteral("%1 · %2").arg(bar->site.name, said(bar->site.bits));
    if (bar->site.differs())
        text += tr(" (compared state: %1)").arg(said(*bar->site.reference));
    if (bar->site.locked)
        text += tr(" · locked");
    return text;
}

// --- mouse ---------------------------------------------------------------------------------------------------------

void BarsPlot::mousePressEvent(QMouseEvent* event)
{
    m_pressed = event->position();
    m_dragging = false;
    m_dragged = {};
    const Bar* bar = barAt(event->position());
    const bool onBar = bar && event->position().y() >= rectOf(*bar).top() - 2 * kDragPixels;
    if (event->button() != Qt::LeftButton || !onBar)
        return Plot::mousePressEvent(event); // pans
    m_dragged = bar->site.id;
    m_bitsBefore = m_wishedBits = bar->site.bits;
    event->accept();
}

void BarsPlot::mouseMoveEvent(QMouseEvent* event)
{
    if (!m_dragged.valid()) {
        const Bar* bar = event->buttons() == Qt::NoButton ? barAt(event->position()) : nullptr;
        if (bar && std::abs(event->position().y() - rectOf(*bar).top()) <= 2 * kDragPixels)
            setCursor(Qt::SizeVerCursor);
        else
            unsetCursor();
        return Plot::mouseMoveEvent(event);
    }
    if (!m_dragging) {
        if (std::abs(event->position().y() - m_pressed.y()) <= kDragPixels)
            return;
        m_dragging = true;
        emit dragBegan();
    }
    // The bar follows the mouse by as much as the mouse went, not to where it is: it may be held at its foot.
    const double by = yAxis->pixelToCoord(event->position().y()) - yAxis->pixelToCoord(m_pressed.y());
    const int bits = std::clamp(static_cast<int>(std::lround(heightOf(m_bitsBefore) + by)), kSmallest, kLargest);
    if (std::exchange(m_wishedBits, bits) != bits)
        emit bitsWished(m_dragged, bits);
}

void BarsPlot::mouseReleaseEvent(QMouseEvent* event)
{
    const bool held = m_dragged.valid();
    const bool dragged = std::exchange(m_dragging, false);
    m_dragged = {};
    if (!held)
        Plot::mouseReleaseEvent(event);
    const QPointF moved = event->position() - m_pressed;
    if (event->button() != Qt::LeftButton || dragged || moved.manhattanLength() > kDragPixels)
        return;
    if (const SiteId site = siteAt(event->position()); site.valid())
        emit selectWished(site, event->modifiers() & Qt::ControlModifier);
}

void BarsPlot::contextMenuEvent(QContextMenuEvent* event)
{
    m_menuSite = siteAt(event->pos());
    Plot::contextMenuEvent(event);
}

template <class Predicate>
std::vector<SiteId> BarsPlot::sitesWhere(Predicate predicate) const
{
    std::vector<SiteId> sites;
    for (const Bar& bar : m_bars)
        if (predicate(bar.site))
            sites.push_back(bar.site.id);
    return sites;
}

void BarsPlot::addLockActions(QMenu& menu, const QString& what, const std::vector<SiteId>& sites)
{
    const auto locked =
        static_cast<std::size_t>(std::ranges::count_if(sites, [this](SiteId id) { return find(id)->site.locked; }));
    if (locked < sites.size())
        menu.addAction(tr("Lock %1").arg(what), this, [this, sites] { emit lockWished(sites, true); });
    if (locked > 0)
        menu.addAction(tr("Unlock %1").arg(what), this, [this, sites] { emit lockWished(sites, false); });
}

void BarsPlot::extendMenu(QMenu& menu)
{
    const QString kind = m_kind == graph::SiteKind::Weight ? tr("weights") : tr("activations");
    if (const Bar* bar = find(m_menuSite)) {
        const SiteBits site = bar->site;
        addLockActions(menu, site.name, {site.id});
        const auto title = graph::roleTitle(site.role);
        addLockActions(
            menu, tr("all %1: %2").arg(kind, QString::fromUtf8(title.data(), static_cast<qsizetype>(title.size()))),
            sitesWhere([&](const SiteBits& other) { return other.role == site.role; }));
        addLockActions(menu,
                       (site.block >= 0 ? tr("%1 of block %2").arg(kind).arg(site.block)
                                        : tr("%1 of the %2").arg(kind, blockTitle(site.block))),
                       sitesWhere([&](const SiteBits& other) { return other.block == site.block; }));
    }
    addLockActions(menu, tr("all %1").arg(kind), sitesWhere([](const SiteBits&) { return true; }));
    menu.addSeparator();
}

QString BarsPlot::table() const
{
    QString text = csvLine({QStringLiteral("site"), QStringLiteral("block"), QStringLiteral("bits"),
                            QStringLiteral("compared_bits"), QStringLiteral("locked")});
    for (const Bar& bar : m_bars)
        text += csvLine({bar.site.name, QString::number(bar.site.block), QString::number(bar.site.bits),
                         bar.site.reference ? QString::number(*bar.site.reference) : QString(),
                         QString::number(bar.site.locked ? 1 : 0)});
    return text;
}

} // namespace qs::ui
