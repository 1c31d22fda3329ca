#include "widgets/model/autosave.h"
#include "widgets/model/session.h"
#include "widgets/shell/export_dialog.h"
#include "widgets/shell/main_window.h"
#include "widgets/shell/message_strip.h"
#include "widgets/shell/welcome.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QSettings>

namespace qs::ui {

namespace {

constexpr int kMostRecent = 10;
const QString kRecentKey = QStringLiteral("recent/files");
const QString kFolderKey = QStringLiteral("recent/folder");

QFileDialog* makeDialog(QWidget* parent, const QString& title, QFileDialog::FileMode mode)
{
    auto* dialog = new QFileDialog(parent, title, QSettings().value(kFolderKey).toString());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(mode);
    return dialog;
}

void open(QFileDialog* dialog, const std::function<void(const QString&)>& chosen,
          const std::function<void()>& none = {})
{
    if (none)
        QObject::connect(dialog, &QFileDialog::rejected, dialog, none);
    QObject::connect(dialog, &QFileDialog::fileSelected, dialog, [chosen](const QString& path) {
        QSettings().setValue(kFolderKey, QFileInfo(path).absolutePath());
        chosen(path);
    });
    dialog->open();
}

} // namespace

void MainWindow::chooseFile(const QString& title, const QString& filter, Chosen chosen)
{
    QFileDialog* dialog = makeDialog(this, title, QFileDialog::ExistingFile);
    dialog->setNameFilters({filter, tr("All files (*)")});
    open(dialog, chosen);
}

void MainWindow::chooseFolder(const QString& title, Chosen chosen)
{
    QFileDialog* dialog = makeDialog(this, title, QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    open(dialog, chosen);
}

void MainWindow::chooseNewFile(const QString& title, const QString& filter, const QString& suggestion, Chosen chosen,
                               std::function<void()> none)
{
    QFileDialog* dialog = makeDialog(this, title, QFileDialog::AnyFile);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setNameFilters(filter.split(QStringLiteral(";;")));
    dialog->setDefaultSuffix(QFileInfo(suggestion).suffix());
    dialog->selectFile(suggestion);
    open(dialog, chosen, none);
}

void MainWindow::chooseSessionFile(Chosen chosen, std::function<void()> none)
{
    const auto& model = m_session.document.model();
    const QString stem = model ? QString::fromStdString(model->info.path.stem().string()) : QStringLiteral("session");
    chooseNewFile(tr("Save the session"), tr("Quantoscope session (*.quantoscope)"),
                  stem + QStringLiteral(".quantoscope"), std::move(chosen), std::move(none));
}

void MainWindow::saveSession(bool asNew)
{
    saveLayout();
    const QString path = m_session.document.path();
    if (!asNew && !path.isEmpty())
        m_session.files.saveSession(path);
    else
        chooseSessionFile([this](const QString& chosen) { m_session.files.saveSession(chosen); });
}

void MainWindow::exportModel()
{
    if (!m_exportDialog)
        m_exportDialog = new ExportDialog(m_session, this);
    m_exportDialog->prepare();
    m_exportDialog->show();
    m_exportDialog->raise();
    m_exportDialog->activateWindow();
}

void MainWindow::addRecent(const QString& path)
{
    if (!m_demoFolder.isEmpty() && path.startsWith(m_demoFolder))
        return; // the demo has a button of its own
    QSettings settings;
    QStringList files = settings.value(kRecentKey).toStringList();
    const QString absolute = QFileInfo(path).absoluteFilePath();
    files.removeAll(absolute);
    files.prepend(absolute);
    files = files.first(std::min<qsizetype>(kMostRecent, files.size()));
    if (files == settings.value(kRecentKey).toStringList())
        return;
    settings.setValue(kRecentKey, files);
    fillRecentMenu();
}

void MainWindow::fillRecentMenu()
{
    const QStringList files = QSettings().value(kRecentKey).toStringList();
    m_recentMenu->clear();
    for (const QString& file : files) {
        QAction* action =
            m_recentMenu->addAction(QFileInfo(file).fileName(), this, [this, file] { openPaths({file}); });
        action->setToolTip(file);
        action->setStatusTip(file);
    }
    m_recentMenu->setToolTipsVisible(true);
    if (!files.isEmpty()) {
        m_recentMenu->addSeparator();
        m_recentMenu->addAction(tr("Forget these"), this, [this] {
            QSettings().remove(kRecentKey);
            fillRecentMenu();
        });
    }
    m_recentMenu->setEnabled(!files.isEmpty());
    m_welcome->setRecent(files);
}

void MainWindow::offerRecovery()
{
    if (!m_autosave)
        return;
    const QStringList files = m_autosave->leftovers();
    if (files.isEmpty())
        return;
    m_messages->ask(tr("Quantoscope did not end properly (%1). Its last session was kept.")
                        .arg(QFileInfo(files.first()).lastModified().toString(tr("d MMMM, HH:mm"))),
                    {{tr("Restore"),
                      [this, file = files.first()] {
                          m_session.files.recover(file);
                          // The old copy goes when a new one is written.
                          connect(
                              m_autosave, &Autosave::saved, this, [this, file] { m_autosave->discard(file); },
                              static_cast<Qt::ConnectionType>(Qt::AutoConnection | Qt::SingleShotConnection));
                      }},
                     {tr("Discard"), [this, files] {
                          for (const QString& file : files)
                              m_autosave->discard(file);
                      }}});
}

} // namespace qs::ui
