#pragma once

#include <QIcon>

class QAbstractButton;
class QAction;
class QLabel;

namespace qs::ui {

/// One of resources/icons by name, drawn in the colour of button text (and of disabled text).
QIcon themedIcon(const char* name);

/// Icons that follow the theme: refreshIcons redraws them.
void setThemedIcon(QAction* action, const char* name);
void setThemedIcon(QAbstractButton* button, const char* name);
void setThemedIcon(QLabel* label, const char* name);
/// Redraws those of all actions, buttons and labels below this object.
void refreshIcons(QObject* root);

} // namespace qs::ui
