#include "widgets/shell/workspace.h"

#include <QDockWidget>
#include <QStackedWidget>
#include <QTabWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kLayoutVersion = 1;

Qt::DockWidgetArea dockArea(PanelArea area)
{
    switch (area) {
    case PanelArea::Left:
        return Qt::LeftDockWidgetArea;
    case PanelArea::Bottom:
        return Qt::BottomDockWidgetArea;
    default:
        return Qt::RightDockWidgetArea;
    }
}

/// The keys go to the panel: to what it names as its focus, else to the first control that takes them.
void focusInside(QWidget& panel)
{
    QWidget* target = &panel;
    while (target->focusProxy() == nullptr && !(target->focusPolicy() & Qt::TabFocus)) {
        do
            target = target->nextInFocusChain();
        while (target != &panel && !(panel.isAncestorOf(target) && target->isVisible() && target->isEnabled()));
        if (target == &panel)
            break; // none
    }
    target->setFocus(Qt::ShortcutFocusReason);
}

} // namespace

Workspace::Workspace(QWidget* parent)
    : QMainWindow(parent), m_pages(new QStackedWidget(this)), m_centre(new QWidget(m_pages)),
      m_tabs(new QTabWidget(m_centre))
{
    setWindowFlags(Qt::Widget); // the constructor makes every main window a window
    setDockOptions(AnimatedDocks | AllowNestedDocks | AllowTabbedDocks);
    auto* layout = new QVBoxLayout(m_centre);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_tabs->setDocumentMode(true);
    m_tabs->setMovable(true);
    layout->addWidget(m_tabs, 1);
    m_pages->addWidget(m_centre);
    setCentralWidget(m_pages);
    setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
}

void Workspace::setWelcome(QWidget* page)
{
    m_pages->insertWidget(0, page);
}

void Workspace::add(const QString& id, const QString& title, QWidget* widget, PanelArea area)
{
    QDockWidget* dock = nullptr;
    if (area == PanelArea::Centre)
        m_tabs->addTab(widget, title);
    else
        dock = addDock(id, title, widget, dockArea(area));
    m_panels.push_back({id, title, widget, dynamic_cast<Panel*>(widget), dock});
}

QDockWidget* Workspace::addDock(const QString& id, const QString& title, QWidget* widget, Qt::DockWidgetArea area)
{
    auto* dock = new QDockWidget(title, this);
    dock->setObjectName(id);
    dock->setWidget(widget);
    addDockWidget(area, dock);
    dock->hide(); // until there is something to show
    return dock;
}

QWidget* Workspace::panel(const QString& id) const
{
    const auto found = std::ranges::find(m_panels, id, &PlacedPanel::id);
    return found == m_panels.end() ? nullptr : found->widget;
}

void Workspace::show(const QString& id)
{
    const auto found = std::ranges::find(m_panels, id, &PlacedPanel::id);
    if (found == m_panels.end())
        return;
    if (found->dock) {
        found->dock->show();
        found->dock->raise();
    } else {
        m_tabs->setCurrentWidget(found->widget);
    }
    focusInside(*found->widget);
}

bool Workspace::focusFilter()
{
    for (const PlacedPanel& placed : m_panels)
        if (placed.panel && placed.panel->focusFilter()) {
            if (placed.dock)
                placed.dock->raise();
            return true;
        }
    return false;
}

bool Workspace::selectListed()
{
    return std::ranges::any_of(m_panels, [](const PlacedPanel& placed) {
        return placed.panel && !(placed.dock && placed.dock->isHidden()) && placed.panel->selectListed();
    });
}

WindowState Workspace::state() const
{
    WindowState state;
    state.layout = m_docksShown ? saveState(kLayoutVersion) : m_layout;
    for (const PlacedPanel& placed : m_panels)
        if (placed.panel)
            if (const QByteArray view = placed.panel->viewState(); !view.isEmpty())
                state.panels[placed.id] = view;
    return state;
}

void Workspace::showPanels(bool on, const WindowState& kept, bool hasKept)
{
    m_pages->setCurrentIndex(on ? 1 : 0);
    const QByteArray wanted = kept.layout.isEmpty() ? m_layout : kept.layout;
    for (const PlacedPanel& placed : m_panels)
        if (placed.panel && kept.panels.contains(placed.id))
            placed.panel->restoreViewState(kept.panels[placed.id]);
    if (on && (!m_docksShown || hasKept)) {
        for (const PlacedPanel& placed : m_panels)
            if (placed.dock)
                placed.dock->show();
        if (wanted.isEmpty() || !restoreState(wanted, kLayoutVersion))
            resetLayout();
    }
    m_docksShown = on;
}

void Workspace::resetLayout()
{
    QList<QDockWidget*> left, right;
    for (const PlacedPanel& placed : m_panels)
        if (placed.dock) {
            placed.dock->setFloating(false);
            const Qt::DockWidgetArea area =
                placed.id == QLatin1String("layers") ? Qt::LeftDockWidgetArea : Qt::RightDockWidgetArea;
            addDockWidget(area, placed.dock);
            placed.dock->show();
            (area == Qt::LeftDockWidgetArea ? left : right) << placed.dock;
        }
    if (!left.isEmpty())
        resizeDocks({left.first()}, {width() * 34 / 100}, Qt::Horizontal);
    if (right.size() >= 2) {
        resizeDocks({right.first()}, {290}, Qt::Horizontal);
        resizeDocks(right, {height() * 58 / 100, height() * 30 / 100}, Qt::Vertical);
    }
}

} // namespace qs::ui
