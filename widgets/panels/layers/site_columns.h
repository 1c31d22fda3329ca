#pragma once

#include "widgets/panels/layers/site_row.h"

namespace qs::ui {

/// What the table says about a column.
struct SiteColumnInfo {
    QString key;    ///< in filters, and as header of the CSV: "sqnr"
    QString header; ///< with the unit: "SQNR, dB"
    QString help;   ///< tooltip: the definition in a sentence
    bool number = false;
};

const SiteColumnInfo& columnInfo(SiteColumn column);
/// The column of a filter key; SiteColumn::Count where there is none.
SiteColumn columnOfKey(const QString& key);
/// Number of a numeric column in the unit of its header (clipped in %); NaN where the site has none.
double columnNumber(const SiteRow& row, SiteColumn column);
/// Text of a column that holds words ("" for a numeric one).
QString columnWord(const SiteRow& row, SiteColumn column);

} // namespace qs::ui
