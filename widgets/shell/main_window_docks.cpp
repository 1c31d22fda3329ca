#include "widgets/frame/job_strip.h"
#include "widgets/frame/status_figures.h"
#include "widgets/history/history_panel.h"
#include "widgets/model/autosave.h"
#include "widgets/model/doubt_list.h"
#include "widgets/model/session.h"
#include "widgets/recipe/recipe_panel.h"
#include "widgets/shell/doubts_view.h"
#include "widgets/shell/input_dialog.h"
#include "widgets/shell/main_window.h"
#include "widgets/shell/message_strip.h"
#include "widgets/shell/next_step.h"
#include "widgets/shell/panels.h"
#include "widgets/shell/welcome.h"
#include "widgets/shell/window_state.h"
#include "widgets/theme/icon.h"

#include <QDockWidget>
#include <QFileInfo>
#include <QLabel>
#include <QMenuBar>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTabWidget>
#include <QVBoxLayout>

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

void MainWindow::buildStrips()
{
    // The strips span the whole width, so the docks live in an area of their own between them.
    auto* whole = new QWidget(this);
    auto* layout = new QVBoxLayout(whole);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_area = new QMainWindow(whole);
    m_area->setWindowFlags(Qt::Widget); // the constructor makes every main window a window
    m_area->setDockOptions(AnimatedDocks | AllowNestedDocks | AllowTabbedDocks);
    auto* doubts = new DoubtList(m_session, this);
    auto* doubtsView = new DoubtsView(*doubts, m_area);
    connect(doubts, &DoubtList::chooseInput, this, [this] { showInputDialog(m_session, this); });
    m_messages = new MessageStrip(m_area);
    m_messages->standOn(doubtsView);
    m_doubts = doubtsView;
    layout->addWidget(m_area, 1);
    auto* jobs = new JobStrip(m_session, whole);
    QSizePolicy reserved = jobs->sizePolicy(); // nothing moves when a job begins
    reserved.setRetainSizeWhenHidden(true);
    jobs->setSizePolicy(reserved);
    layout->addWidget(jobs);
    setCentralWidget(whole);

    statusBar()->setSizeGripEnabled(true);
    statusBar()->addWidget(new StatusFigures(m_session, this), 1);
    statusBar()->addPermanentWidget(m_messages->counter());
    statusBar()->addPermanentWidget(doubtsView->counter());
    m_corner = new QLabel(this);
    m_corner->setContentsMargins(8, 0, 12, 0);
    m_corner->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    menuBar()->setCornerWidget(m_corner);
}

void MainWindow::buildPanels()
{
    m_pages = new QStackedWidget(this);
    m_welcome = new Welcome(m_pages);
    m_welcome->setDemoAvailable(!m_demoFolder.isEmpty());
    connect(m_welcome, &Welcome::openDemo, this, &MainWindow::openDemo);
    connect(m_welcome, &Welcome::openRecent, this, [this](const QString& file) { openPaths({file}); });
    connect(m_welcome, &Welcome::openModel, this, [this] { action(tr("Open model"))->trigger(); });
    connect(m_welcome, &Welcome::openSession, this, [this] { action(tr("Open session"))->trigger(); });
    m_pages->addWidget(m_welcome);

    auto* centre = new QWidget(m_pages);
    auto* layout = new QVBoxLayout(centre);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto* next = new NextStep(m_session, centre);
    connect(next, &NextStep::openCalibrationImages, this,
            [this] { action(tr("Open calibration images"))->trigger(); });
    connect(next, &NextStep::openTestImages, this, [this] { action(tr("Open test images"))->trigger(); });
    next->standOn(m_doubts);
    m_messages->standOn(next);
    m_tabs = new QTabWidget(centre);
    m_tabs->setDocumentMode(true);
    m_tabs->setMovable(true);
    layout->addWidget(m_tabs, 1);
    m_pages->addWidget(centre);
    m_area->setCentralWidget(m_pages);
    m_area->setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    m_area->setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    const auto place = [this](const QString& id, const QString& title, QWidget* widget, PanelArea area) {
        QDockWidget* dock = nullptr;
        if (area == PanelArea::Centre)
            m_tabs->addTab(widget, title);
        else
            dock = addDock(id, title, widget, dockArea(area));
        m_panels.push_back({id, title, widget, dynamic_cast<Panel*>(widget), dock});
    };
    for (const PanelFactory& factory : panelFactories())
        place(QString::fromLatin1(factory.id), tr(factory.title), factory.create(m_session, this), factory.area);
    place(QStringLiteral("recipe"), tr("Recipe"), new RecipePanel(m_session, this), PanelArea::Right);
    place(QStringLiteral("history"), tr("History"), new HistoryPanel(m_session, this), PanelArea::RightBottom);
}

QDockWidget* MainWindow::addDock(const QString& id, const QString& title, QWidget* widget, Qt::DockWidgetArea area)
{
    auto* dock = new QDockWidget(title, m_area);
    dock->setObjectName(id);
    dock->setWidget(widget);
    m_area->addDockWidget(area, dock);
    m_docks.push_back(dock);
    return dock;
}

QStringList MainWindow::panelIds() const
{
    QStringList ids;
    for (const Placed& placed : m_panels)
        ids << placed.id;
    return ids;
}

QWidget* MainWindow::panel(const QString& id) const
{
    const auto found = std::ranges::find(m_panels, id, &Placed::id);
    return found == m_panels.end() ? nullptr : found->widget;
}

void MainWindow::showPanel(const QString& id)
{
    const auto found = std::ranges::find(m_panels, id, &Placed::id);
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

void MainWindow::restoreLayout()
{
    const QSettings settings;
    if (!restoreGeometry(settings.value(QStringLiteral("window/geometry")).toByteArray()))
        resize(1280, 800);
    m_layout = settings.value(QStringLiteral("window/layout")).toByteArray();
    m_session.selection.setLogAxis(settings.value(QStringLiteral("view/logAxis"), true).toBool());
    for (QDockWidget* dock : m_docks)
        dock->hide();
}

void MainWindow::saveLayout()
{
    QSettings settings;
    settings.setValue(QStringLiteral("window/geometry"), saveGeometry());
    if (m_docksShown)
        m_layout = m_area->saveState(kLayoutVersion);
    settings.setValue(QStringLiteral("window/layout"), m_layout);
    settings.setValue(QStringLiteral("view/logAxis"), m_session.selection.logAxis());
    keepViews();
}

/// Into the session: its file, and its autosaved copy, bring back what it looked like.
void MainWindow::keepViews()
{
    WindowState state;
    state.layout = m_docksShown ? m_area->saveState(kLayoutVersion) : m_layout;
    for (const Placed& placed : m_panels)
        if (placed.panel)
            if (const QByteArray view = placed.panel->viewState(); !view.isEmpty())
                state.panels[placed.id] = view;
    m_session.document.setWindowState(state.pack());
}

void MainWindow::resetLayout()
{
    QList<QDockWidget*> left, right;
    for (const Placed& placed : m_panels)
        if (placed.dock) {
            placed.dock->setFloating(false);
            const Qt::DockWidgetArea area =
                placed.id == QLatin1String("layers") ? Qt::LeftDockWidgetArea : Qt::RightDockWidgetArea;
            m_area->addDockWidget(area, placed.dock);
            placed.dock->show();
            (area == Qt::LeftDockWidgetArea ? left : right) << placed.dock;
        }
    if (!left.isEmpty())
        m_area->resizeDocks({left.first()}, {width() * 34 / 100}, Qt::Horizontal);
    if (right.size() >= 2) {
        m_area->resizeDocks({right.first()}, {290}, Qt::Horizontal);
        m_area->resizeDocks(right, {height() * 58 / 100, height() * 30 / 100}, Qt::Vertical);
    }
}

void MainWindow::showModelState()
{
    const bool model = m_session.document.model() != nullptr;
    m_pages->setCurrentIndex(model ? 1 : 0);
    const WindowState kept = WindowState::unpack(m_session.document.windowState());
    const QByteArray wanted = kept.layout.isEmpty() ? m_layout : kept.layout;
    for (const Placed& placed : m_panels)
        if (placed.panel && kept.panels.contains(placed.id))
            placed.panel->restoreViewState(kept.panels[placed.id]);
    if (model && (!m_docksShown || !m_session.document.windowState().isEmpty())) {
        for (QDockWidget* dock : m_docks)
            dock->show();
        if (wanted.isEmpty() || !m_area->restoreState(wanted, kLayoutVersion))
            resetLayout();
    }
    m_docksShown = model;
}

void MainWindow::setTheme(Theme theme)
{
    QSettings().setValue(QStringLiteral("view/theme"), static_cast<int>(theme));
    applyTheme(theme);
}

void MainWindow::updateTitle()
{
    const auto& model = m_session.document.model();
    const QString path = m_session.document.path();
    setWindowTitle((path.isEmpty() ? QString() : QFileInfo(path).fileName() + QStringLiteral("[*] – ")) +
                   (model ? QString::fromStdString(model->info.path.filename().string()) +
                                (path.isEmpty() ? QStringLiteral("[*] – ") : QStringLiteral(" – "))
                          : QString()) +
                   QStringLiteral("Quantoscope"));
    setWindowModified(m_session.document.modified() && model && windowTitle().contains(QLatin1String("[*]")));
    if (!model) {
        m_corner->clear();
        return;
    }
    const auto count = [](const auto& images) { return images ? images->size() : std::size_t{0}; };
    const std::size_t all = count(m_session.document.calibrationImages());
    const std::size_t used = std::min(all, m_session.document.calibrationCount());
    m_corner->setText(tr("%1 · %2 calib · %3 test")
                          .arg(QString::fromStdString(model->info.path.stem().string()),
                               used == all ? QString::number(all) : tr("%1 of %2").arg(used).arg(all))
                          .arg(count(m_session.document.testImages())));
    m_corner->setToolTip(tr("%1\n%2 sites, %3 parameters, input %4 × %5 × %6, %7 classes, opset %8")
                             .arg(QString::fromStdString(model->info.path.string()))
                             .arg(model->sites.size())
                             .arg(model->info.parameters)
                             .arg(model->info.channels)
                             .arg(model->info.height)
                             .arg(model->info.width)
                             .arg(model->info.classes)
                             .arg(model->info.opset));
    m_corner->setMinimumHeight(menuBar()->height() - 2);
    menuBar()->setCornerWidget(m_corner); // lays the bar out again for the new text
    m_corner->show();
}

} // namespace qs::ui
