#pragma once

#include <QString>
#include <QStringList>

namespace qs::ui {

/// One line of a CSV file (RFC 4180): cells with a comma, a quote or a line break are quoted. Ends with \n.
QString csvLine(const QStringList& cells);
/// Nine significant digits with a point; infinite: "inf" or "-inf"; NaN: "".
QString csvNumber(double value);

} // namespace qs::ui
