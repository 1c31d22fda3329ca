#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qs {

// Tables as text (RFC 4180), UTF-8.

/// One line, ended by \n: cells with a comma, a quote or a line break are quoted.
std::string csvLine(const std::vector<std::string>& cells);
/// Nine significant digits with a point; infinite: "inf" or "-inf"; NaN: "".
std::string csvNumber(double value);

/// The cells of a line without its end. Blanks around a cell do not count, unless they are quoted; a quote inside of
/// a cell that is not quoted is one.
std::vector<std::string> csvCells(std::string_view line, char separator = ',');

} // namespace qs
