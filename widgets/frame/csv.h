#pragma once

#include <QString>
#include <QStringList>

namespace qs::ui {

// core/base/csv.h in words of Qt.

QString csvLine(const QStringList& cells);
QString csvNumber(double value);

} // namespace qs::ui
