#include "widgets/shell/main_window.h"

#include "widgets/frame/panel.h"
#include "widgets/model/autosave.h"
#include "widgets/model/follow.h"
#include "widgets/model/session.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/export_dialog.h"
#include "widgets/shell/message_strip.h"
#include "widgets/shell/model_title.h"
#include "widgets/shell/questions.h"
#include "widgets/shell/recent_files.h"
#include "widgets/shell/session_flow.h"
#include "widgets/shell/window_state.h"
#include "widgets/shell/workspace.h"
#include "widgets/theme/icon.h"

#include <QAbstractButton>
#include <QAbstractSlider>
#include <QApplication>
#include <QCloseEvent>
#include <QComboBox>
#include <QDragEnterEvent>
#include <QMenuBar>
#include <QMimeData>
#include <QSettings>
#include <QUrl>

#include <algorithm>
#include <functional>

// Outside of any namespace, as the macro demands: a static library does not load its resources by itself.
static void loadResources()
{
    Q_INIT_RESOURCE(icons);
    Q_INIT_RESOURCE(help);
}

namespace qs::ui {

MainWindow::MainWindow(Session& session, const QString& demoFolder, Autosave* autosave, QWidget* parent)
    : QMainWindow(parent), m_session(session), m_autosave(autosave),
      m_actions(new Actions(session.document, session.selection, session.plans, this)),
      m_flow(new SessionFlow(session.document, session.files, session.messages, demoFolder, this))
{
    loadResources();
    setObjectName(QStringLiteral("MainWindow"));
    setWindowIcon(QIcon(QStringLiteral(":/icons/quantoscope.svg")));
    setAcceptDrops(true);
    buildArea();
    buildPanels();
    buildMenus();
    buildToolBar();
    buildStatusBar();
    qApp->installEventFilter(this);
    connectRooms();
    restoreLayout();
    showModelState();
    updateTitle();
    if (autosave)
        offerRecovery(*m_messages, session.files, *autosave);
}

MainWindow::~MainWindow() = default;

void MainWindow::connectRooms()
{
    Session& session = m_session;
    connect(&session.messages, &Messages::failed, m_messages, &MessageStrip::showError);
    connect(&session.messages, &Messages::noticed, m_messages, &MessageStrip::showNote);
    connect(&session.jobs, &Jobs::finished, m_messages,
            [this](JobKind kind) { m_messages->ended(static_cast<int>(kind)); });
    connect(&session.files, &Files::sizeAsked, this,
            [this](const QString& path, const std::vector<onnx::ImageSize>& sizes) {
                askSize(*m_messages, m_session.files, path, sizes);
            });
    connect(&session.folders, &Folders::asked, this, [this](const QString& one, const QString& other) {
        askFolders(*m_messages, m_session.folders, one, other);
    });
    connect(&session.document, &Document::modelChanged, this, &MainWindow::showModelState);
    follow(this, &MainWindow::updateTitle)
        .on(session.document, &Document::modelChanged)
        .on(session.document, &Document::imagesChanged)
        .on(session.plans, &Plans::calibrationChanged)
        .on(session.document, &Document::fileChanged);
    connect(&session.document, &Document::modelChanged, this, [this] {
        if (m_session.document.model())
            addRecent(QString::fromStdString(m_session.document.model()->info.path.string()));
    });
    connect(&session.document, &Document::fileChanged, this, [this] {
        if (!m_session.document.path().isEmpty())
            addRecent(m_session.document.path());
    });
    connect(m_flow, &SessionFlow::aboutToSave, this, &MainWindow::saveLayout);
    if (m_autosave)
        connect(m_autosave, &Autosave::aboutToSave, this, &MainWindow::keepViews);
}

void MainWindow::openPaths(const QStringList& paths)
{
    m_flow->open(paths);
}

void MainWindow::openDemo(const QString& task)
{
    m_flow->openDemo(task);
}

void MainWindow::addRecent(const QString& path)
{
    if (!m_flow->isOfDemo(path)) // which has a button of its own
        m_recent->add(path);
}

QAction* MainWindow::action(Command command) const
{
    return m_actions->of(command);
}

std::vector<QAction*> MainWindow::allActions() const
{
    std::vector<QAction*> found;
    const std::function<void(const QList<QAction*>&)> collect = [&](const QList<QAction*>& actions) {
        for (QAction* action : actions) {
            if (action->menu())
                collect(action->menu()->actions());
            else if (!action->isSeparator() && !action->text().isEmpty())
                found.push_back(action);
        }
    };
    collect(menuBar()->actions());
    return found;
}

QStringList MainWindow::panelIds() const
{
    QStringList ids;
    for (const PlacedPanel& placed : m_workspace->panels())
        ids << placed.id;
    return ids;
}

QWidget* MainWindow::panel(const QString& id) const
{
    return m_workspace->panel(id);
}

void MainWindow::showPanel(const QString& id)
{
    m_workspace->show(id);
}

void MainWindow::restoreLayout()
{
    const QSettings settings;
    if (!restoreGeometry(settings.value(QStringLiteral("window/geometry")).toByteArray()))
        resize(1280, 800);
    m_workspace->setLayout(settings.value(QStringLiteral("window/layout")).toByteArray());
    m_session.selection.setLogAxis(settings.value(QStringLiteral("view/logAxis"), true).toBool());
}

void MainWindow::saveLayout()
{
    QSettings settings;
    settings.setValue(QStringLiteral("window/geometry"), saveGeometry());
    const QByteArray layout = m_workspace->state().layout;
    m_workspace->setLayout(layout);
    settings.setValue(QStringLiteral("window/layout"), layout);
    settings.setValue(QStringLiteral("view/logAxis"), m_session.selection.logAxis());
    keepViews();
}

/// Into the session: its file, and its autosaved copy, bring back what it looked like.
void MainWindow::keepViews()
{
    m_session.document.setWindowState(m_workspace->state().pack());
}

void MainWindow::showModelState()
{
    const QByteArray kept = m_session.document.windowState();
    m_workspace->showPanels(m_session.document.model() != nullptr, WindowState::unpack(kept), !kept.isEmpty());
}

void MainWindow::updateTitle()
{
    const QString title = m_title->windowTitle();
    setWindowTitle(title);
    setWindowModified(m_session.document.modified() && m_session.document.model() &&
                      title.contains(QLatin1String("[*]")));
    m_title->refresh();
    if (m_title->text().isEmpty())
        return;
    m_title->setMinimumHeight(menuBar()->height() - 2);
    menuBar()->setCornerWidget(m_title); // lays the bar out again for the new text
    m_title->show();
}

void MainWindow::exportModel()
{
    if (!m_exportDialog)
        m_exportDialog =
            new ExportDialog(m_session.document, m_session.plans, m_session.exports, m_session.jobs, this);
    m_exportDialog->prepare();
    m_exportDialog->show();
    m_exportDialog->raise();
    m_exportDialog->activateWindow();
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (!m_mayClose && m_session.document.modified() && m_session.document.model()) {
        event->ignore();
        m_flow->leaveToClose([this] {
            m_mayClose = true;
            close();
            m_mayClose = false;
        });
        return;
    }
    saveLayout();
    m_session.jobs.cancelAll();
    if (m_autosave)
        m_autosave->finish();
    event->accept();
}

void MainWindow::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        refreshIcons(this);
    QMainWindow::changeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event)
{
    const auto urls = event->mimeData()->urls();
    if (std::ranges::any_of(urls, &QUrl::isLocalFile))
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event)
{
    QStringList paths;
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile())
            paths << url.toLocalFile();
    event->acceptProposedAction();
    openPaths(paths);
}

bool MainWindow::eventFilter(QObject* watched, QEvent* event)
{
    // Space and digits are shortcuts of the window; a button, a list of choices or a slider that has the focus keeps
    // its own.
    if (event->type() == QEvent::ShortcutOverride) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool plain = key->modifiers() == Qt::NoModifier &&
                           (key->key() == Qt::Key_Space || (key->key() >= Qt::Key_0 && key->key() <= Qt::Key_9));
        if (plain && (qobject_cast<QAbstractButton*>(watched) || qobject_cast<QComboBox*>(watched) ||
                      qobject_cast<QAbstractSlider*>(watched))) {
            event->accept();
            return true;
        }
    }
    return QMainWindow::eventFilter(watched, event);
}

} // namespace qs::ui
