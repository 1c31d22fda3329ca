#pragma once

#include <QString>

#include <vector>

class QAction;
class QWidget;

namespace qs::ui {

/// The pages on methods: what each does, its equation, its limits, what it costs in the exported file; from an anchor
/// on, "overflow", where one is given.
void showMethodsHelp(QWidget* parent, const QString& anchor = {});
/// All actions with their keys, and what the mouse does in plots.
void showShortcuts(const std::vector<QAction*>& actions, QWidget* parent);
void showAbout(QWidget* parent);

} // namespace qs::ui
