#include "widgets/model/exports.h"
#include "widgets/model/files.h"
#include "widgets/model/messages.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/file_dialogs.h"
#include "widgets/shell/menus.h"
#include "widgets/shell/workspace.h"

#include <QMenu>
#include <QSaveFile>

namespace qs::ui {

namespace {

QString tr(const char* text)
{
    return QObject::tr(text);
}

void savePlot(Panel& panel, const QString& name, Messages& messages, QWidget* window)
{
    chooseNewFile(
        window, tr("Export the plot"),
        tr("Portable network graphics (*.png);;Scalable vector graphics (*.svg);;Portable document (*.pdf)"),
        name.toLower().replace(u' ', u'-') + QStringLiteral(".png"), [&panel, &messages, name](const QString& path) {
            if (const QString wrong = panel.savePlot(name, path); !wrong.isEmpty())
                messages.fail(Error{ErrorCode::Io, wrong.toStdString(), path.toStdString()});
        });
}

/// Whether a panel has a table is asked when it is wanted: it may need a model.
void saveTable(const PlacedPanel& placed, Messages& messages, QWidget* window)
{
    const QString csv = placed.panel->tableCsv();
    if (csv.isEmpty())
        return messages.note(tr("%1 has no table to export now.").arg(placed.title));
    chooseNewFile(window, tr("Export the table"), tr("Comma-separated values (*.csv)"),
                  placed.title.toLower() + QStringLiteral(".csv"), [&messages, csv](const QString& path) {
                      QSaveFile file(path);
                      if (!file.open(QIODevice::WriteOnly) || file.write(csv.toUtf8()) < 0 || !file.commit())
                          messages.fail(Error{ErrorCode::Io, file.errorString().toStdString(), path.toStdString()});
                  });
}

} // namespace

QMenu* addExportMenu(QMenu& menu, Actions& actions, Files& files, Exports& exports, std::function<void()> exportModel,
                     QWidget* window)
{
    actions.add(Command::LoadRecipe, menu, {tr("Load recipe…")}, kNothing, [window, &files] {
        chooseFile(window, tr("Load a recipe"), tr("Recipes (*.json)"),
                   [&files](const QString& path) { files.loadRecipe(path); });
    });
    QMenu* list = menu.addMenu(tr("&Export"));
    actions.add(Command::ExportModel, *list, {tr("Quantized &ONNX model…"), QKeySequence(tr("Ctrl+E")), "export"},
                kPlan, std::move(exportModel));
    actions.add(Command::ExportRecipe, *list, {tr("&Recipe…")}, kModel, [window, &files] {
        chooseNewFile(window, tr("Save the recipe"), tr("Recipe (*.json)"), QStringLiteral("recipe.json"),
                      [&files](const QString& path) { files.saveRecipe(path); });
    });
    actions.add(Command::ExportReport, *list, {tr("Repor&t…")}, kPlan, [window, &exports] {
        chooseNewFile(window, tr("Save a report"), tr("Web page (*.html)"), QStringLiteral("report.html"),
                      [&exports](const QString& path) { exports.exportReport(path); });
    });
    return list;
}

void addPanelExports(QMenu& exports, Actions& actions, const Workspace& workspace, Messages& messages,
                     QWidget* window)
{
    QMenu* plots = exports.addMenu(tr("&Plot"));
    QMenu* tables = exports.addMenu(tr("T&able"));
    for (const PlacedPanel& placed : workspace.panels()) {
        if (!placed.panel)
            continue;
        for (const QString& name : placed.panel->plotNames())
            actions.add(
                *plots, {QStringLiteral("%1: %2…").arg(placed.title, name)}, kModel,
                [panel = placed.panel, name, &messages, window] { savePlot(*panel, name, messages, window); });
        actions.add(*tables, {placed.title + QStringLiteral("…")}, kModel,
                    [placed, &messages, window] { saveTable(placed, messages, window); });
    }
    plots->menuAction()->setVisible(!plots->isEmpty());
    tables->menuAction()->setVisible(!tables->isEmpty());
}

} // namespace qs::ui
