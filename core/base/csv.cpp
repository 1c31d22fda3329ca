#include "core/base/csv.h"

#include "core/base/text.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace qs {

std::string csvLine(const std::vector<std::string>& cells)
{
    std::string line;
    for (const std::string& cell : cells) {
        if (&cell != &cells.front())
            line += ',';
        if (cell.find_first_of(",\"\r\n") == std::string::npos) {
            line += cell;
            continue;
        }
        line += '"';
        for (const char c : cell)
            line += c == '"' ? std::string("\"\"") : std::string(1, c);
        line += '"';
    }
    return line + '\n';
}

std::string csvNumber(double value)
{
    if (std::isnan(value))
        return {};
    if (std::isinf(value))
        return value > 0 ? "inf" : "-inf";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.9g", value);
    return text.data();
}

std::vector<std::string> csvCells(std::string_view line, char separator)
{
    std::vector<std::string> values;
    std::string value;
    bool quoted = false;
    bool wasQuoted = false;
    for (std::size_t i = 0; i <= line.size(); ++i) {
        if (i == line.size() || (line[i] == separator && !quoted)) {
            values.push_back(wasQuoted ? value : std::string(trimmed(value)));
            value.clear();
            quoted = wasQuoted = false;
        } else if (line[i] != '"') {
            if (!wasQuoted || quoted) // what follows a closing quote (blanks) does not count
                value += line[i];
        } else if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
            value += '"';
            ++i;
        } else if (quoted) {
            quoted = false;
        } else if (trimmed(value).empty()) {
            value.clear();
            quoted = wasQuoted = true;
        } else {
            value += '"';
        }
    }
    return values;
}

} // namespace qs
