#include "widgets/panels/anatomy/anatomy_view.h"

#include "widgets/panels/shared/badge.h"
#include "widgets/panels/shared/empty_state.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHelpEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

QString lineName(graph::Role role, graph::SiteKind kind)
{
    const auto title = graph::roleTitle(role);
    const QString text = QString::fromUtf8(title.data(), static_cast<qsizetype>(title.size()));
    return kind == graph::SiteKind::Weight ? AnatomyMap::tr("%1, weight").arg(text) : text;
}

/// The colour map as a strip, from the worst to the best.
class ColourBar : public QWidget {
public:
    ColourBar() { setFixedSize(120, 12); }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        for (int x = 0; x < width(); ++x)
            painter.fillRect(x, 0, 1, height(), magnitudeColour(static_cast<double>(x) / (width() - 1)));
    }
};

} // namespace

AnatomyMap::AnatomyMap(QWidget* parent) : QWidget(parent)
{
    setMouseTracking(true);
    setAccessibleName(tr("Map of blocks and roles"));
}

void AnatomyMap::setSites(std::vector<AnatomySite> sites)
{
    m_sites = std::move(sites);
    m_lines.clear();
    m_blocks.clear();
    m_cells.clear();
    std::map<std::pair<int, int>, std::size_t> places;
    for (std::size_t i = 0; i < m_sites.size(); ++i) {
        const Line line{m_sites[i].role, m_sites[i].kind};
        // In the order in which they come first: that of execution.
        if (std::ranges::find(m_lines, line) == m_lines.end())
            m_lines.push_back(line);
        if (std::ranges::find(m_blocks, m_sites[i].block) == m_blocks.end())
            m_blocks.push_back(m_sites[i].block);
        const int column = static_cast<int>(std::ranges::find(m_blocks, m_sites[i].block) - m_blocks.begin());
        const int row = static_cast<int>(std::ranges::find(m_lines, line) - m_lines.begin());
        const auto [found, isNew] = places.try_emplace({column, row}, m_cells.size());
        if (isNew)
            m_cells.push_back({column, row, {}});
        m_cells[found->second].sites.push_back(i);
    }
    spanColours();
    updateGeometry();
    update();
}

void AnatomyMap::setSelection(const std::vector<SiteId>& sites)
{
    m_selected = {sites.begin(), sites.end()};
    update();
}

void AnatomyMap::setColour(AnatomyColour colour)
{
    m_colour = colour;
    spanColours();
    update();
}

bool AnatomyMap::highIsBad() const
{
    return m_colour == AnatomyColour::Kurtosis || m_colour == AnatomyColour::OutputError;
}

void AnatomyMap::spanColours()
{
    m_low = std::numeric_limits<double>::infinity();
    m_high = -m_low;
    for (const AnatomySite& site : m_sites)
        if (const double v = value(site); std::isfinite(v) && (m_colour != AnatomyColour::Bits || v <= 8)) {
            m_low = std::min(m_low, v);
            m_high = std::max(m_high, v);
        }
}

double AnatomyMap::shade(double value) const
{
    if (std::isinf(value) || (m_colour == AnatomyColour::Bits && value > 8))
        return 1; // exact, float
    if (!(m_high > m_low))
        return 1;
    // Kurtosis and output errors span decades.
    const bool decades = highIsBad();
    const auto scale = [this, decades](double v) { return decades ? std::log1p(100 * (v - m_low)) : v - m_low; };
    const double t = std::clamp(scale(value) / scale(m_high), 0.0, 1.0);
    return highIsBad() ? 1 - t : t;
}

double AnatomyMap::valueOf(const Cell& cell) const
{
    double worst = AnatomySite::kNone;
    for (const std::size_t i : cell.sites) {
        const double v = value(m_sites[i]);
        if (std::isnan(worst) || (highIsBad() ? v > worst : v < worst))
            worst = v;
    }
    return worst;
}

QString AnatomyMap::valueText(double value) const
{
    switch (m_colour) {
    case AnatomyColour::Sqnr:
    case AnatomyColour::Accumulated:
        return formatDb(value);
    case AnatomyColour::Bits:
        return value >= 32 ? tr("float") : tr("%1 bits").arg(value);
    case AnatomyColour::OutputError:
        return formatPercent(value);
    default:
        return formatNumber(value);
    }
}

std::pair<QString, QString> AnatomyMap::legend() const
{
    if (!(m_high >= m_low))
        return {};
    return highIsBad() ? std::pair(valueText(m_high), valueText(m_low))
                       : std::pair(valueText(m_low), valueText(m_high));
}

int AnatomyMap::labelWidth() const
{
    int widest = 0;
    for (const auto& [role, kind] : m_lines)
        widest = std::max(widest, fontMetrics().horizontalAdvance(lineName(role, kind)));
    return std::min(widest + 8, width() / 3);
}

QRectF AnatomyMap::place(int column, int line) const
{
    const double left = labelWidth();
    const double top = fontMetrics().height() + 2;
    const double cellWidth = (width() - left) / std::max<double>(static_cast<double>(m_blocks.size()), 1);
    const double cellHeight =
        std::min((height() - top) / std::max<double>(static_cast<double>(m_lines.size()), 1), 28.0);
    return {left + column * cellWidth, top + line * cellHeight, cellWidth, cellHeight};
}

QRect AnatomyMap::cellOf(SiteId site) const
{
    for (const Cell& cell : m_cells)
        for (const std::size_t i : cell.sites)
            if (m_sites[i].id == site)
                return place(cell.column, cell.line).toRect();
    return {};
}

const AnatomyMap::Cell* AnatomyMap::cellAt(QPointF pixel) const
{
    const auto found = std::ranges::find_if(
        m_cells, [&](const Cell& cell) { return place(cell.column, cell.line).contains(pixel); });
    return found == m_cells.end() ? nullptr : &*found;
}

std::vector<SiteId> AnatomyMap::sitesIn(const QRect& rect) const
{
    std::vector<SiteId> sites;
    for (const Cell& cell : m_cells)
        if (place(cell.column, cell.line).intersects(QRectF(rect)))
            for (const std::size_t i : cell.sites)
                sites.push_back(m_sites[i].id);
    std::ranges::sort(sites);
    return sites;
}

QSize AnatomyMap::minimumSizeHint() const
{
    return {220, (static_cast<int>(m_lines.size()) + 1) * (fontMetrics().height() + 2)};
}

void AnatomyMap::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Colours& c = colours();
    const int labels = labelWidth();
    painter.setPen(palette().color(QPalette::WindowText));
    for (std::size_t i = 0; i < m_lines.size(); ++i) {
        const QRectF line = place(0, static_cast<int>(i));
        const QString name = lineName(m_lines[i].first, m_lines[i].second);
        painter.drawText(QRectF(0, line.top(), labels - 6, line.height()), Qt::AlignRight | Qt::AlignVCenter,
                         fontMetrics().elidedText(name, Qt::ElideRight, labels - 6));
    }
    // From the right: the head has no number, the blocks before it may be left out.
    double free = width();
    for (std::size_t i = m_blocks.size(); i-- > 0;) {
        const QRectF column = place(static_cast<int>(i), 0);
        const QString name = blockTitle(m_blocks[i]);
        const double wide = fontMetrics().horizontalAdvance(name);
        const double left = std::min(column.center().x() - wide / 2, width() - wide);
        if (left + wide > free && i > 0)
            continue;
        painter.drawText(QPointF(i == 0 ? std::min(left, free - wide) : left, fontMetrics().ascent()), name);
        free = left - fontMetrics().averageCharWidth() / 2.0;
    }
    for (const Cell& cell : m_cells) {
        const QRectF rect = place(cell.column, cell.line).adjusted(0.5, 0.5, -1.5, -1.5);
        const double v = valueOf(cell);
        const bool stale = std::ranges::any_of(cell.sites, [this](std::size_t i) { return !m_sites[i].current; });
        if (std::isnan(v)) {
            painter.fillRect(rect, c.plotGrid);
        } else {
            painter.fillRect(rect, magnitudeColour(shade(v)));
            if (stale)
                painter.fillRect(rect, QBrush(c.stale, Qt::BDiagPattern));
        }
        if (const int bridge = bridgeOf(cell); bridge >= 0)
            paintBadge(painter, rect.adjusted(2, 1, -1, -1), font(), QString::number(bridge), c.bridge);
        if (std::ranges::any_of(cell.sites, [this](std::size_t i) { return m_selected.contains(m_sites[i].id); })) {
            painter.setBrush(Qt::NoBrush);
            // Two lines, dark and light: one of them stands out from any colour.
            painter.setPen(QPen(c.selection, 2));
            painter.drawRect(rect.adjusted(1, 1, -1, -1));
            painter.setPen(QPen(c.plotBackground, 2));
            painter.drawRect(rect.adjusted(3, 3, -3, -3));
        }
    }
    if (m_dragging) {
        painter.setPen(QPen(c.selection, 1, Qt::DashLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(QRect(m_from, m_to).normalized());
    }
}

int AnatomyMap::bridgeOf(const Cell& cell) const
{
    for (const std::size_t i : cell.sites)
        if (m_sites[i].bridge >= 0)
            return m_sites[i].bridge;
    return -1;
}

int AnatomyMap::bridgeAt(QPointF pixel) const
{
    const Cell* cell = cellAt(pixel);
    return cell ? bridgeOf(*cell) : -1;
}

bool AnatomyMap::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    QString text;
    if (const Cell* cell = cellAt(help->pos()))
        for (const std::size_t i : cell->sites)
            if (m_sites[i].bridge >= 0)
                text = QStringLiteral("<p>%1</p>").arg(m_sites[i].bridgeHelp.toHtmlEscaped());
    QToolTip::showText(help->globalPos(), text, this);
    return true;
}

void AnatomyMap::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return;
    m_from = m_to = event->position().toPoint();
    m_dragging = true;
}

void AnatomyMap::mouseMoveEvent(QMouseEvent* event)
{
    if (m_dragging) {
        m_to = event->position().toPoint();
        update();
        return;
    }
    const Cell* cell = cellAt(event->position());
    QStringList texts;
    if (cell)
        for (const std::size_t i : cell->sites)
            texts << QStringLiteral("%1: %2").arg(m_sites[i].name, valueText(value(m_sites[i])));
    if (cell && bridgeOf(*cell) >= 0)
        texts << tr("bridge block %1").arg(bridgeOf(*cell));
    emit hovered(texts.join(QStringLiteral(" · ")));
}

void AnatomyMap::mouseReleaseEvent(QMouseEvent* event)
{
    if (!m_dragging || event->button() != Qt::LeftButton)
        return;
    m_dragging = false;
    m_to = event->position().toPoint();
    update();
    if (const auto sites = sitesIn(QRect(m_from, m_to).normalized()); !sites.empty())
        emit selectWished(sites, event->modifiers() & Qt::ControlModifier);
}

void AnatomyMap::leaveEvent(QEvent*)
{
    emit hovered({});
}

AnatomyView::AnatomyView(QWidget* parent)
    : QWidget(parent), m_map(new AnatomyMap), m_colour(new QComboBox), m_dark(new QLabel), m_bright(new QLabel),
      m_bar(new ColourBar), m_hover(new QLabel), m_bridges(new QLabel)
{
    m_colour->addItems({tr("Isolated SQNR"), tr("Accumulated SQNR"), tr("Bits"), tr("Kurtosis"), tr("Output error")});
    m_colour->setAccessibleName(tr("Figure that colours the map"));
    m_hover->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(8, 6, 8, 2);
    layout->setSpacing(4);
    auto* bar = new QHBoxLayout;
    bar->addWidget(m_colour);
    bar->addSpacing(8);
    bar->addWidget(m_dark);
    bar->addWidget(m_bar);
    bar->addWidget(m_bright);
    bar->addSpacing(12);
    bar->addWidget(m_bridges);
    bar->addStretch();
    layout->addLayout(bar);
    layout->addWidget(m_map, 1);
    layout->addWidget(m_hover);
    m_empty = new EmptyState(content);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_empty);
    connect(m_colour, &QComboBox::currentIndexChanged, this, [this](int index) {
        m_map->setColour(static_cast<AnatomyColour>(index));
        sayLegend();
    });
    const auto say = [this](const QString& text) {
        m_hover->setText(text.isEmpty() ? tr("Click a cell or draw a rectangle to select; Ctrl adds.") : text);
    };
    connect(m_map, &AnatomyMap::hovered, this, say);
    say({});
}

void AnatomyView::setSites(std::vector<AnatomySite> sites)
{
    m_bridges->setVisible(std::ranges::any_of(sites, [](const AnatomySite& site) { return site.bridge >= 0; }));
    m_map->setSites(std::move(sites));
    m_empty->showView();
    sayLegend();
}

void AnatomyView::showReason(const QString& text)
{
    m_empty->showReason(text);
}

void AnatomyView::sayLegend()
{
    m_bridges->setText(
        QStringLiteral("<b style='color:%1'>0 1 …</b> %2").arg(colours().bridge.name(), tr("bridge blocks")));
    const auto [dark, bright] = m_map->legend();
    m_dark->setText(dark.isEmpty() ? tr("no numbers yet") : dark);
    m_bright->setText(bright);
    m_bar->setVisible(!dark.isEmpty());
}

void AnatomyView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        sayLegend();
}

} // namespace qs::ui
