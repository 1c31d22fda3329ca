#pragma once

#include <QString>

#include <functional>

class QWidget;

namespace qs::ui {

/// Asks where, and writes the table there; `failed` gets what went wrong. name: "images.csv".
void saveTable(QWidget* parent, const QString& title, const QString& name, std::function<QString()> csv,
               std::function<void(const QString&)> failed);

} // namespace qs::ui
