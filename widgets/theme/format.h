#pragma once

#include <QString>

#include <cstddef>
#include <cstdint>

namespace qs::ui {

/// Numbers as people read them: units always, a true minus sign, a dash where there is no number.
QString formatPercent(double fraction);             ///< 0.812 -> "81.2 %"
QString formatPointsDifference(double fraction);    ///< -0.071 -> "−7.1 points"; 0 -> "0.0 points"
QString formatShares(double low, double high);      ///< of an interval: 0.588, 0.737 -> "58.8–73.7"
QString formatDb(double db);                        ///< "17.2 dB"; infinite: "exact"; NaN: "–"
QString formatBits(double bits);                    ///< 7.6 -> "7.6 bit"; 32 and above: "float"
QString formatBitsOfSite(int bits);                 ///< 8 -> "8", 32 -> "float"
QString formatBytes(std::size_t bytes);             ///< "5.6 MB" (decimal)
QString formatCount(std::uint64_t count);           ///< "12 345"
QString formatDuration(qint64 milliseconds);        ///< "0.4 s", "12 s", "3 min 20 s"
QString formatNumber(double value, int digits = 4); ///< significant digits
QString formatFixed(double value, int decimals);    ///< -0.04, 1 -> "0.0"
QString formatChange(double fraction);              ///< -0.071 -> "−7.1 %", 0.2 -> "+20 %", 0 -> "0.0 %"
QString blockTitle(int block);                      ///< of Site::block: "3", "stem", "head"

} // namespace qs::ui
