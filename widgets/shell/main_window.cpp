#include "widgets/shell/main_window.h"

#include "widgets/model/autosave.h"
#include "widgets/model/follow.h"
#include "widgets/model/session.h"
#include "widgets/shell/leave_flow.h"
#include "widgets/shell/message_strip.h"
#include "widgets/shell/welcome.h"
#include "widgets/theme/icon.h"

#include <QAbstractButton>
#include <QAbstractSlider>
#include <QApplication>
#include <QCloseEvent>
#include <QComboBox>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QUrl>

// Outside of any namespace, as the macro demands: a static library does not load its resources by itself.
static void loadResources()
{
    Q_INIT_RESOURCE(icons);
    Q_INIT_RESOURCE(help);
}

namespace qs::ui {

MainWindow::MainWindow(Session& session, const QString& demoFolder, Autosave* autosave, QWidget* parent)
    : QMainWindow(parent), m_session(session), m_demoFolder(demoFolder), m_autosave(autosave)
{
    loadResources();
    setObjectName(QStringLiteral("MainWindow"));
    setWindowIcon(QIcon(QStringLiteral(":/icons/quantoscope.svg")));
    setAcceptDrops(true);
    m_leave = new LeaveFlow(
        session,
        [this](std::function<void(const QString&)> chosen, std::function<void()> none) {
            chooseSessionFile(std::move(chosen), std::move(none));
        },
        this);
    buildStrips();
    buildPanels();
    buildMenus();
    buildToolBar();
    qApp->installEventFilter(this);

    connect(&session.messages, &Messages::failed, m_messages, &MessageStrip::showError);
    connect(&session.messages, &Messages::noticed, m_messages, &MessageStrip::showNote);
    connect(&session.jobs, &Jobs::finished, m_messages,
            [this](JobKind kind) { m_messages->ended(static_cast<int>(kind)); });
    connect(&session.files, &Files::sizeAsked, this, &MainWindow::askSize);
    connect(&session.folders, &Folders::asked, this, &MainWindow::askFolders);
    connect(&session.document, &Document::modelChanged, this, &MainWindow::showModelState);
    follow(this, &MainWindow::updateTitle)
        .on(session.document, &Document::modelChanged)
        .on(session.document, &Document::imagesChanged)
        .on(session.plans, &Plans::calibrationChanged)
        .on(session.document, &Document::fileChanged);
    follow(this, &MainWindow::updateActions)
        .on(session.document, &Document::modelChanged)
        .on(session.document, &Document::imagesChanged)
        .on(session.plans, &Plans::calibrationChanged)
        .on(session.plans, &Plans::planChanged)
        .on(session.selection, &Selection::changed);
    connect(&session.document, &Document::modelChanged, this, [this] {
        if (m_session.document.model())
            addRecent(QString::fromStdString(m_session.document.model()->info.path.string()));
    });
    connect(&session.document, &Document::fileChanged, this, [this] {
        if (!m_session.document.path().isEmpty())
            addRecent(m_session.document.path());
    });
    if (autosave)
        connect(autosave, &Autosave::aboutToSave, this, &MainWindow::keepViews);
    restoreLayout();
    showModelState();
    updateActions();
    updateTitle();
    offerRecovery();
}

MainWindow::~MainWindow() = default;

void MainWindow::openPaths(const QStringList& paths)
{
    const auto opensAnother = [](const QString& path) {
        const QString suffix = QFileInfo(path).suffix().toLower();
        return !QFileInfo(path).isDir() &&
               (suffix == QLatin1String("onnx") || suffix == QLatin1String("quantoscope"));
    };
    const auto another = std::ranges::find_if(paths, opensAnother);
    if (another == paths.end())
        m_session.files.open(paths);
    else
        leaveFor(QFileInfo(*another).fileName(), another->endsWith(QLatin1String(".onnx"), Qt::CaseInsensitive),
                 [this, paths] { m_session.files.open(paths); });
}

void MainWindow::leaveFor(const QString& name, bool imagesStay, std::function<void()> then)
{
    m_leave->leave(tr("Save the session before opening %1? It has changes that are in no file.").arg(name),
                   imagesStay && m_session.document.calibrationImages()
                       ? tr("The images stay open and are used with the new model; those of the demo are closed.")
                       : tr("Its images are closed."),
                   std::move(then));
}

void MainWindow::askFolders(const QString& one, const QString& other)
{
    const auto open = [this](const QString& calibration, const QString& test) {
        m_session.folders.open(ImagePurpose::Calibration, calibration);
        m_session.folders.open(ImagePurpose::Test, test);
    };
    m_messages->ask(tr("Two folders of images: which is for calibration? The other is for testing."),
                    {{QFileInfo(one).fileName(), [open, one, other] { open(one, other); }},
                     {QFileInfo(other).fileName(), [open, one, other] { open(other, one); }}});
}

void MainWindow::askSize(const QString& path, const std::vector<onnx::ImageSize>& sizes)
{
    std::vector<MessageStrip::Button> buttons;
    for (const onnx::ImageSize& size : sizes)
        buttons.emplace_back(tr("%1 × %2 px").arg(size.height).arg(size.width), [this, path, size] {
            onnx::ImportOptions options;
            options.imageSize = size;
            m_session.files.openModel(path, options);
        });
    m_messages->ask(tr("%1 leaves the height and width of its image open, and 224 × 224 does not fit. It fits at:")
                        .arg(QFileInfo(path).fileName()),
                    buttons);
}

void MainWindow::openDemo()
{
    if (m_demoFolder.isEmpty())
        m_messages->showError(
            Error{ErrorCode::NotFound,
                  "the demo's files are missing; set QUANTOSCOPE_RESOURCES to the folder that holds demo/", "demo"});
    else
        leaveFor(tr("the demo"), false, [this] { m_session.files.openDemo(m_demoFolder); });
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

QAction* MainWindow::action(const QString& text) const
{
    for (QAction* action : allActions()) {
        QString title = action->text();
        title.remove(QLatin1Char('&')).remove(QChar(0x2026));
        if (title == text)
            return action;
    }
    return nullptr;
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (!m_mayClose && m_session.document.modified() && m_session.document.model()) {
        event->ignore();
        m_leave->leave(tr("Save the session before closing?"), tr("It has changes that are in no file."), [this] {
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
