#include "widgets/shell/main_window.h"

#include "widgets/model/autosave.h"
#include "widgets/model/session.h"
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
    buildStrips();
    buildPanels();
    buildMenus();
    buildToolBar();
    qApp->installEventFilter(this);

    connect(&session, &Session::failed, m_messages, &MessageStrip::showError);
    connect(&session, &Session::noticed, m_messages, &MessageStrip::showNote);
    connect(&session, &Session::jobFinished, m_messages,
            [this](JobKind kind) { m_messages->ended(static_cast<int>(kind)); });
    connect(&session, &Session::sizeAsked, this, &MainWindow::askSize);
    connect(&session, &Session::modelChanged, this, &MainWindow::showModelState);
    for (auto signal :
         {&Session::modelChanged, &Session::imagesChanged, &Session::calibrationChanged, &Session::sessionChanged})
        connect(&session, signal, this, &MainWindow::updateTitle);
    for (auto signal : {&Session::modelChanged, &Session::imagesChanged, &Session::calibrationChanged,
                        &Session::planChanged, &Session::selectionChanged})
        connect(&session, signal, this, &MainWindow::updateActions);
    connect(&session, &Session::modelChanged, this, [this] {
        if (m_session.model())
            addRecent(QString::fromStdString(m_session.model()->info.path.string()));
    });
    connect(&session, &Session::sessionChanged, this, [this] {
        if (!m_session.sessionPath().isEmpty())
            addRecent(m_session.sessionPath());
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
    for (const QString& path : paths)
        m_session.openPath(path);
}

void MainWindow::askSize(const QString& path, const std::vector<onnx::ImageSize>& sizes)
{
    std::vector<MessageStrip::Button> buttons;
    for (const onnx::ImageSize& size : sizes)
        buttons.emplace_back(tr("%1 × %2 px").arg(size.height).arg(size.width), [this, path, size] {
            onnx::ImportOptions options;
            options.imageSize = size;
            m_session.openModel(path, options);
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
        m_session.openDemo(m_demoFolder);
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
    if (m_session.modified() && m_session.model() && !m_closing) {
        event->ignore();
        auto* box =
            new QMessageBox(QMessageBox::Question, tr("Quantoscope"),
                            tr("Save the session before closing? The recipe has changes that are in no file."),
                            QMessageBox::Save | QMessageBox::Discard | QMessageBox::Cancel, this);
        box->setAttribute(Qt::WA_DeleteOnClose);
        connect(box, &QMessageBox::finished, this, [this](int answer) {
            if (answer == QMessageBox::Discard) {
                m_closing = true;
                close();
            } else if (answer == QMessageBox::Save) {
                m_closing = true;
                connect(&m_session, &Session::sessionChanged, this, [this] {
                    if (!m_session.modified())
                        close();
                });
                saveSession(false);
            }
        });
        box->open();
        return;
    }
    saveLayout();
    m_session.cancelJobs();
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
