#include "widgets/frame/help.h"
#include "widgets/frame/job_strip.h"
#include "widgets/frame/status_figures.h"
#include "widgets/history/history_panel.h"
#include "widgets/model/doubt_list.h"
#include "widgets/model/session.h"
#include "widgets/recipe/recipe_panel.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/command_palette.h"
#include "widgets/shell/doubts_view.h"
#include "widgets/shell/input_dialog.h"
#include "widgets/shell/main_window.h"
#include "widgets/shell/menus.h"
#include "widgets/shell/message_strip.h"
#include "widgets/shell/model_title.h"
#include "widgets/shell/next_step.h"
#include "widgets/shell/panels.h"
#include "widgets/shell/preset_box.h"
#include "widgets/shell/recent_files.h"
#include "widgets/shell/session_flow.h"
#include "widgets/shell/task_box.h"
#include "widgets/shell/welcome.h"
#include "widgets/shell/workspace.h"

#include <QMenuBar>
#include <QStatusBar>
#include <QToolBar>
#include <QToolButton>
#include <QVBoxLayout>

namespace qs::ui {

/// The strips span the whole width, so the docks live in an area of their own between them.
void MainWindow::buildArea()
{
    auto* whole = new QWidget(this);
    auto* layout = new QVBoxLayout(whole);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_workspace = new Workspace(whole);
    auto* doubts = new DoubtList(m_session.document, m_session.figures, m_session.edits, this);
    auto* doubtsView = new DoubtsView(*doubts, m_workspace);
    connect(doubts, &DoubtList::chooseInput, this,
            [this] { showInputDialog(m_session.document, m_session.files, m_session.jobs.runner(), this); });
    m_messages = new MessageStrip(m_workspace);
    m_messages->standOn(doubtsView);
    layout->addWidget(m_workspace, 1);
    auto* jobs = new JobStrip(m_session.jobs, whole);
    QSizePolicy reserved = jobs->sizePolicy(); // nothing moves when a job begins
    reserved.setRetainSizeWhenHidden(true);
    jobs->setSizePolicy(reserved);
    layout->addWidget(jobs);
    setCentralWidget(whole);
    statusBar()->addPermanentWidget(m_messages->counter());
    statusBar()->addPermanentWidget(doubtsView->counter());
}

void MainWindow::buildStatusBar()
{
    statusBar()->setSizeGripEnabled(true);
    statusBar()->insertWidget(
        0, new StatusFigures(m_session.document, m_session.plans, m_session.figures, m_session.jobs, this), 1);
    m_title = new ModelTitle(m_session.document, this);
    menuBar()->setCornerWidget(m_title);
}

void MainWindow::buildPanels()
{
    Session& s = m_session;
    auto* next = new NextStep(s.document, s.plans, centralWidget());
    connect(next, &NextStep::openCalibrationImages, this,
            [this] { action(Command::OpenCalibrationImages)->trigger(); });
    connect(next, &NextStep::openTestImages, this, [this] { action(Command::OpenTestImages)->trigger(); });
    for (const PanelFactory& factory : panelFactories())
        m_workspace->add(QString::fromLatin1(factory.id), tr(factory.title), factory.create(s), factory.area);
    m_workspace->add(QStringLiteral("recipe"), tr("Recipe"),
                     new RecipePanel(s.document, s.selection, s.edits, s.plans, s.jobs.runner()), PanelArea::Right);
    m_workspace->add(QStringLiteral("history"), tr("History"), new HistoryPanel(s.document, s.figures),
                     PanelArea::RightBottom);
}

void MainWindow::buildMenus()
{
    Session& s = m_session;
    QMenu* file = addFileMenu(*menuBar(), *m_actions, *m_flow, s.folders, this);
    addModelDialogs(*file, *m_actions, s.document, s.plans, s.files, s.jobs, this);
    addSessionActions(*file, *m_actions, *m_flow, this);
    for (const Command demo : {Command::OpenDemo, Command::OpenSegmentationDemo})
        action(demo)->setEnabled(m_flow->hasDemo());
    m_recent = new RecentFiles(*file->addMenu(tr("&Recent")), this);
    file->addSeparator();
    QMenu* exports = addExportMenu(
        *file, *m_actions, s.files, s.exports, [this] { exportModel(); }, this);
    addPanelExports(*exports, *m_actions, *m_workspace, s.messages, this);
    file->addSeparator();
    m_actions->add(*file, {tr("&Quit"), QKeySequence::Quit}, kNothing, [this] { close(); })
        ->setMenuRole(QAction::QuitRole);
    addEditMenu(*menuBar(), *m_actions, s.document, s.selection, s.edits, *m_workspace,
                [this] { showCommandPalette(allActions(), this); });
    addViewMenu(*menuBar(), *m_actions, s.selection, *m_workspace);
    QMenu* quantize = addQuantizeMenu(*menuBar(), *m_actions, s.plans, s.figures, s.jobs,
                                      [this] { showPanel(QStringLiteral("bits")); });
    addRecipeMenus(*quantize, *m_actions, s.document, s.edits);
    buildHelpMenu();

    auto* welcome = new Welcome(m_workspace);
    welcome->setDemoAvailable(m_flow->hasDemo());
    welcome->setRecent(m_recent->files());
    connect(welcome, &Welcome::openDemo, m_flow, &SessionFlow::openDemo);
    connect(welcome, &Welcome::openRecent, this, [this](const QString& path) { openPaths({path}); });
    connect(welcome, &Welcome::openModel, action(Command::OpenModel), &QAction::trigger);
    connect(welcome, &Welcome::openSession, action(Command::OpenSession), &QAction::trigger);
    connect(m_recent, &RecentFiles::chosen, this, [this](const QString& path) { openPaths({path}); });
    connect(m_recent, &RecentFiles::changed, welcome, [this, welcome] { welcome->setRecent(m_recent->files()); });
    m_workspace->setWelcome(welcome);
}

void MainWindow::buildHelpMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Help"));
    m_actions->add(*menu, {tr("&Methods"), QKeySequence::HelpContents}, kNothing, [this] { showMethodsHelp(this); });
    m_actions->add(*menu, {tr("&Keyboard shortcuts"), QKeySequence(tr("Ctrl+/"))}, kNothing,
                   [this] { showShortcuts(allActions(), this); });
    menu->addSeparator();
    m_actions->add(*menu, {tr("&About Quantoscope")}, kNothing, [this] { showAbout(this); });
}

void MainWindow::buildToolBar()
{
    QToolBar* tools = addToolBar(tr("Tools"));
    tools->setObjectName(QStringLiteral("tools"));
    tools->setMovable(false);
    tools->setIconSize({20, 20});
    tools->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    insertToolBarBreak(tools);
    for (const Command command : {Command::OpenModel, Command::Calibrate, Command::Evaluate})
        tools->addAction(action(command));
    tools->addSeparator();
    tools->addWidget(new PresetBox(m_session.document, m_session.edits, m_session.messages, tools));
    tools->addWidget(new TaskBox(m_session.document, tools));
    tools->addSeparator();
    for (const Command command : {Command::Undo, Command::Redo}) {
        tools->addAction(action(command));
        if (auto* button = tools->widgetForAction(action(command)))
            button->setProperty("toolButtonStyle", Qt::ToolButtonIconOnly);
    }
    tools->addSeparator();
    action(Command::ExportModel)->setIconText(tr("Export"));
    tools->addAction(action(Command::ExportModel));
    tools->toggleViewAction()->setVisible(false);
}

} // namespace qs::ui
