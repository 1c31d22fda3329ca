#include "widgets/model/document.h"
#include "widgets/model/files.h"
#include "widgets/model/folders.h"
#include "widgets/model/jobs.h"
#include "widgets/model/plans.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/file_dialogs.h"
#include "widgets/shell/images_dialog.h"
#include "widgets/shell/input_dialog.h"
#include "widgets/shell/menus.h"
#include "widgets/shell/session_flow.h"
#include "widgets/shell/task_box.h"

#include <QMenuBar>

namespace qs::ui {

namespace {

QString tr(const char* text)
{
    return QObject::tr(text);
}

} // namespace

QMenu* addFileMenu(QMenuBar& bar, Actions& actions, SessionFlow& flow, Folders& folders, QWidget* window)
{
    QMenu* menu = bar.addMenu(tr("&File"));
    const auto open = [&flow](const QString& path) { flow.open({path}); };
    actions.add(Command::OpenModel, *menu, {tr("&Open model…"), QKeySequence::Open, "open"}, kNothing,
                [=] { chooseFile(window, tr("Open a model"), tr("ONNX models (*.onnx)"), open); });
    actions.add(Command::OpenCalibrationImages, *menu,
                {tr("Open &calibration images…"), QKeySequence(tr("Ctrl+Shift+C")), "images"}, kNothing,
                [window, &folders] {
                    chooseFolder(window, tr("Folder of calibration images"), [&folders](const QString& folder) {
                        folders.open(ImagePurpose::Calibration, folder);
                    });
                });
    actions.add(Command::OpenTestImages, *menu,
                {tr("Open &test images…"), QKeySequence(tr("Ctrl+Shift+T")), "images"}, kNothing, [window, &folders] {
                    chooseFolder(window, tr("Folder of test images"),
                                 [&folders](const QString& folder) { folders.open(ImagePurpose::Test, folder); });
                });
    return menu;
}

void addModelDialogs(QMenu& menu, Actions& actions, Document& document, Plans& plans, Files& files, Jobs& jobs,
                     QWidget* window)
{
    actions.add(Command::Images, menu, {tr("&Images and preprocessing…"), QKeySequence(tr("Ctrl+I"))}, kModel,
                [&document, &plans, window] { showImagesDialog(document, plans, window); });
    actions.add(Command::ClassNames, menu, {tr("Class na&mes…")}, kModel, [window, &files] {
        chooseFile(window, tr("Names of the classes"), tr("Lists (*.txt *.json *.csv)"),
                   [&files](const QString& path) { files.loadClassNames(path); });
    });
    actions.add(Command::InputAndOutput, menu, {tr("Model's i&nput and output…")}, kModel,
                [&document, &files, &jobs, window] { showInputDialog(document, files, jobs.runner(), window); });
    addTaskMenu(menu, actions, document);
}

void addSessionActions(QMenu& menu, Actions& actions, SessionFlow& flow, QWidget* window)
{
    actions.add(Command::OpenDemo, menu, {tr("Open &demo"), QKeySequence(tr("Ctrl+D")), "demo"}, kNothing,
                [&flow] { flow.openDemo(); });
    actions.add(Command::OpenSegmentationDemo, menu,
                {tr("Open demo of s&egmentation"), QKeySequence(tr("Ctrl+Shift+D")), "demo"}, kNothing,
                [&flow] { flow.openDemo(QStringLiteral("segmentation")); });
    menu.addSeparator();
    actions.add(Command::OpenSession, menu, {tr("Open &session…"), QKeySequence(tr("Ctrl+Shift+O"))}, kNothing,
                [window, &flow] {
                    chooseFile(window, tr("Open a session"), tr("Quantoscope sessions (*.quantoscope)"),
                               [&flow](const QString& path) { flow.open({path}); });
                });
    actions.add(Command::SaveSession, menu, {tr("&Save session"), QKeySequence::Save, "save"}, kModel,
                [&flow] { flow.save(false); });
    actions.add(Command::SaveSessionAs, menu, {tr("Save session &as…"), QKeySequence(tr("Ctrl+Shift+S"))}, kModel,
                [&flow] { flow.save(true); });
}

} // namespace qs::ui
