#pragma once

#include <functional>

class QMenuBar;
class QMenu;
class QWidget;

namespace qs::ui {

class Actions;
class Document;
class Edits;
class Exports;
class Figures;
class Files;
class Folders;
class Jobs;
class Messages;
class Plans;
class Selection;
class SessionFlow;
class Workspace;

// The menus of the window. Each turns actions into commands of the rooms it is given. `window`: the parent of the
// dialogs it opens.

/// File: a model and its images. Returns the menu, which the following go on with.
QMenu* addFileMenu(QMenuBar& bar, Actions& actions, SessionFlow& flow, Folders& folders, QWidget* window);
/// What asks about the model that is open: its images, its input and output.
void addModelDialogs(QMenu& menu, Actions& actions, Document& document, Plans& plans, Files& files, Jobs& jobs,
                     QWidget* window);
/// The demo, and sessions.
void addSessionActions(QMenu& menu, Actions& actions, SessionFlow& flow, QWidget* window);
/// File > Load recipe, and Export: the model, the recipe, the report. Returns the menu of exports.
QMenu* addExportMenu(QMenu& menu, Actions& actions, Files& files, Exports& exports, std::function<void()> exportModel,
                     QWidget* window);
/// Plots and tables of the panels.
void addPanelExports(QMenu& exports, Actions& actions, const Workspace& workspace, Messages& messages,
                     QWidget* window);
void addEditMenu(QMenuBar& bar, Actions& actions, Document& document, Selection& selection, Edits& edits,
                 Workspace& workspace, std::function<void()> showPalette);
void addViewMenu(QMenuBar& bar, Actions& actions, Selection& selection, Workspace& workspace);
/// Quantize: what runs. Returns the menu, which addRecipeMenus goes on with.
QMenu* addQuantizeMenu(QMenuBar& bar, Actions& actions, Plans& plans, Figures& figures, Jobs& jobs,
                       std::function<void()> showSearch);
/// Quantize > Preset, Coverage, Bits: edits of the recipe.
void addRecipeMenus(QMenu& menu, Actions& actions, const Document& document, Edits& edits);

} // namespace qs::ui
