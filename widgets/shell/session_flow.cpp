#include "widgets/shell/session_flow.h"

#include "widgets/model/document.h"
#include "widgets/model/files.h"
#include "widgets/model/messages.h"
#include "widgets/shell/file_dialogs.h"
#include "widgets/shell/leave_flow.h"

#include <QFileInfo>

#include <algorithm>

namespace qs::ui {

SessionFlow::SessionFlow(const Document& document, Files& files, Messages& messages, const QString& demoFolder,
                         QWidget* window)
    : QObject(window), m_document(document), m_files(files), m_messages(messages), m_demoFolder(demoFolder),
      m_window(window), m_leave(new LeaveFlow(
                            document, files,
                            [this](std::function<void(const QString&)> chosen, std::function<void()> none) {
                                choosePath(std::move(chosen), std::move(none));
                            },
                            window))
{
}

void SessionFlow::open(const QStringList& paths)
{
    const auto opensAnother = [](const QString& path) {
        const QString suffix = QFileInfo(path).suffix().toLower();
        return !QFileInfo(path).isDir() &&
               (suffix == QLatin1String("onnx") || suffix == QLatin1String("quantoscope"));
    };
    const auto another = std::ranges::find_if(paths, opensAnother);
    if (another == paths.end())
        m_files.open(paths);
    else
        leaveFor(QFileInfo(*another).fileName(), another->endsWith(QLatin1String(".onnx"), Qt::CaseInsensitive),
                 [this, paths] { m_files.open(paths); });
}

void SessionFlow::openDemo(const QString& task)
{
    if (!hasDemo())
        m_messages.fail(
            Error{ErrorCode::NotFound,
                  "the demo's files are missing; set QUANTOSCOPE_RESOURCES to the folder that holds demo/", "demo"});
    else
        leaveFor(tr("the demo"), false, [this, task] { m_files.openDemo(m_demoFolder, task); });
}

void SessionFlow::leaveFor(const QString& name, bool imagesStay, std::function<void()> then)
{
    m_leave->leave(tr("Save the session before opening %1? It has changes that are in no file.").arg(name),
                   imagesStay && m_document.calibrationImages()
                       ? tr("The images stay open and are used with the new model; those of the demo are closed.")
                       : tr("Its images are closed."),
                   std::move(then));
}

void SessionFlow::save(bool asNew)
{
    emit aboutToSave();
    const QString path = m_document.path();
    if (!asNew && !path.isEmpty())
        m_files.saveSession(path);
    else
        choosePath([this](const QString& chosen) { m_files.saveSession(chosen); }, {});
}

void SessionFlow::leaveToClose(std::function<void()> then)
{
    m_leave->leave(tr("Save the session before closing?"), tr("It has changes that are in no file."),
                   std::move(then));
}

void SessionFlow::choosePath(std::function<void(const QString&)> chosen, std::function<void()> none)
{
    const auto& model = m_document.model();
    const QString stem = model ? QString::fromStdString(model->info.path.stem().string()) : QStringLiteral("session");
    chooseNewFile(m_window, tr("Save the session"), tr("Quantoscope session (*.quantoscope)"),
                  stem + QStringLiteral(".quantoscope"), std::move(chosen), std::move(none));
}

} // namespace qs::ui
