#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/selection.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/menus.h"
#include "widgets/shell/workspace.h"
#include "widgets/theme/icon.h"

#include <QMenuBar>
#include <QUndoStack>

#include <algorithm>

namespace qs::ui {

namespace {

QString tr(const char* text)
{
    return QObject::tr(text);
}

/// Undo and redo know themselves when they are of use.
void addSteps(QMenu& menu, Actions& actions, QUndoStack& stack)
{
    QAction* undo = stack.createUndoAction(&menu, tr("Undo"));
    undo->setShortcut(QKeySequence::Undo);
    setThemedIcon(undo, "undo");
    QAction* redo = stack.createRedoAction(&menu, tr("Redo"));
    redo->setShortcuts({QKeySequence(tr("Ctrl+Shift+Z")), QKeySequence(tr("Ctrl+Y"))});
    setThemedIcon(redo, "redo");
    menu.addAction(undo);
    menu.addAction(redo);
    actions.take(Command::Undo, undo);
    actions.take(Command::Redo, redo);
}

} // namespace

void addEditMenu(QMenuBar& bar, Actions& actions, Document& document, Selection& selection, Edits& edits,
                 Workspace& workspace, std::function<void()> showPalette)
{
    QMenu* menu = bar.addMenu(tr("&Edit"));
    addSteps(*menu, actions, document.history().stack());
    menu->addSeparator();
    actions.add(Command::SelectAll, *menu, {tr("Select &all sites shown"), QKeySequence::SelectAll}, kModel,
                [&workspace, &selection] {
                    if (!workspace.selectListed()) // what a filter hides is not meant
                        selection.selectAll();
                });
    actions.add(Command::ResetSites, *menu, {tr("&Reset selected sites"), QKeySequence(tr("Ctrl+R")), "reset"},
                kSites, [&edits, &selection] { edits.resetSites(selection.sites()); });
    actions.add(Command::LockSites, *menu, {tr("&Lock or unlock selected sites"), QKeySequence(tr("L")), "lock"},
                kSites, [&document, &edits, &selection] {
                    const bool all =
                        std::ranges::all_of(selection.sites(), [&](SiteId id) { return document.locked(id); });
                    edits.setLocked(selection.sites(), !all);
                });
    menu->addSeparator();
    actions.add(Command::FindSites, *menu, {tr("&Find sites"), QKeySequence::Find}, kModel,
                [&workspace] { workspace.focusFilter(); });
    actions.add(Command::CommandPalette, *menu, {tr("&Command palette…"), QKeySequence(tr("Ctrl+P"))}, kNothing,
                std::move(showPalette));
}

} // namespace qs::ui
