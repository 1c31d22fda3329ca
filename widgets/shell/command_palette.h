#pragma once

#include <vector>

class QAction;
class QWidget;

namespace qs::ui {

/// A list of all actions that narrows while one types; Enter runs one.
void showCommandPalette(const std::vector<QAction*>& actions, QWidget* parent);

} // namespace qs::ui
