#pragma once

#include <QIcon>

class QAction;

namespace qs::ui {

/// One of resources/icons by name, drawn in the colour of button text (and of disabled text).
QIcon themedIcon(const char* name);

/// Gives an action an icon that follows the theme: refreshIcons redraws it.
void setThemedIcon(QAction* action, const char* name);
/// Redraws the icons of all actions below this object.
void refreshIcons(QObject* root);

} // namespace qs::ui
