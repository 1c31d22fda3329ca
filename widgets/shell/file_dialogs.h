#pragma once

#include <QString>

#include <functional>

class QWidget;

namespace qs::ui {

// Files and folders that the user names. Nothing waits: `chosen` is called with the path, later. The next dialog
// begins where the last one ended.

using Chosen = std::function<void(const QString&)>;

void chooseFile(QWidget* window, const QString& title, const QString& filter, Chosen chosen);
void chooseFolder(QWidget* window, const QString& title, Chosen chosen);
/// none: called where no file is chosen.
void chooseNewFile(QWidget* window, const QString& title, const QString& filter, const QString& suggestion,
                   Chosen chosen, std::function<void()> none = {});

} // namespace qs::ui
