#include "widgets/model/selection.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/menus.h"
#include "widgets/shell/workspace.h"
#include "widgets/theme/colours.h"

#include <QActionGroup>
#include <QDockWidget>
#include <QMenuBar>
#include <QSettings>

#include <utility>

namespace qs::ui {

namespace {

QString tr(const char* text)
{
    return QObject::tr(text);
}

void addPanels(QMenu& menu, Actions& actions, Workspace& workspace)
{
    int number = 0;
    for (const PlacedPanel& placed : workspace.panels()) {
        ++number;
        const QKeySequence keys(number < 10 ? QStringLiteral("Alt+%1").arg(number) : QString());
        actions.add(menu, {placed.title, keys}, kModel, [&workspace, id = placed.id] { workspace.show(id); });
    }
    QMenu* docks = menu.addMenu(tr("&Docks"));
    for (const PlacedPanel& placed : workspace.panels())
        if (placed.dock)
            docks->addAction(placed.dock->toggleViewAction());
    actions.add(Command::DefaultLayout, menu, {tr("&Default layout")}, kModel,
                [&workspace] { workspace.resetLayout(); });
}

void addAxes(QMenu& menu, Actions& actions, Selection& selection)
{
    const auto nothing = [] {};
    QAction* log =
        actions.add(Command::LogAxis, menu, {tr("&Logarithmic axis"), QKeySequence(tr("Ctrl+L"))}, kNothing, nothing);
    log->setCheckable(true);
    log->setChecked(selection.logAxis());
    QObject::connect(log, &QAction::toggled, &selection, &Selection::setLogAxis);
    QAction* before = actions.add(Command::ShowBefore, menu, {tr("Show &before (float)"), QKeySequence(tr("Space"))},
                                  kNothing, nothing);
    before->setCheckable(true);
    QObject::connect(before, &QAction::toggled, &selection, &Selection::setShowBefore);
    QObject::connect(&selection, &Selection::viewChanged, log, [log, before, &selection] {
        log->setChecked(selection.logAxis());
        before->setChecked(selection.showBefore());
    });
}

void addThemes(QMenu& menu, Actions& actions)
{
    QMenu* themes = menu.addMenu(tr("&Theme"));
    auto* group = new QActionGroup(themes);
    for (const auto& [theme, title] : {std::pair{Theme::System, tr("As the desktop")},
                                       std::pair{Theme::Light, tr("Light")}, std::pair{Theme::Dark, tr("Dark")}}) {
        QAction* action = actions.add(*themes, {title}, kNothing, [theme = theme] {
            QSettings().setValue(QStringLiteral("view/theme"), static_cast<int>(theme));
            applyTheme(theme);
        });
        action->setCheckable(true);
        action->setChecked(currentTheme() == theme);
        group->addAction(action);
    }
}

} // namespace

void addViewMenu(QMenuBar& bar, Actions& actions, Selection& selection, Workspace& workspace)
{
    QMenu* menu = bar.addMenu(tr("&View"));
    addPanels(*menu, actions, workspace);
    menu->addSeparator();
    addAxes(*menu, actions, selection);
    menu->addSeparator();
    addThemes(*menu, actions);
}

} // namespace qs::ui
