// The columns of a labels file as people have them: which character separates them, and what each one holds.

#include "core/base/csv.h"
#include "core/images/imagenet_synsets.h"
#include "core/images/label_rows.h"
#include "core/images/labels.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <utility>

namespace qs::images {

namespace {

/// Lines that decide on separator and name column; all lines must then agree.
constexpr std::size_t kSample = 200;
constexpr std::array<char, 4> kSeparators{'\t', ';', ',', ' '};
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

constexpr std::array<std::string_view, 12> kNameTitles{"file",  "filename",   "file_name", "filepath",
                                                       "image", "image_name", "image_id",  "imageid",
                                                       "img",   "image_path", "path",      "name"};
/// The surest first.
constexpr std::array<std::string_view, 16> kClassTitles{
    "class_index", "class_id", "class_idx",    "label_index", "label_id", "label_idx", "label", "labels",
    "class",       "target",   "ground_truth", "gt",          "category", "synset",    "wnid",  "predictionstring"};

using Fields = std::vector<std::string>;

struct Line {
    Fields fields;
    std::size_t number = 0; ///< from 1
};

/// Cells of blanks-separated lines: a name may hold blanks, so first or last cell against all others where that gives
/// the name of an image.
Fields splitBlanks(std::string_view line, const ImageNames& names)
{
    Fields cells;
    constexpr std::string_view kBlanks = " \t";
    for (std::size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;) {
        const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
        cells.emplace_back(line.substr(at, end - at));
        at = line.find_first_not_of(kBlanks, end);
    }
    if (cells.size() < 3 ||
        std::ranges::any_of(cells, [&](const auto& cell) { return names.find(cell).has_value(); }))
        return cells;
    const std::size_t begin = line.find(cells.front());
    const std::size_t last = line.rfind(cells.back());
    const std::string head(line.substr(begin, line.find_last_not_of(kBlanks, last - 1) + 1 - begin));
    const std::size_t second = line.find_first_not_of(kBlanks, begin + cells.front().size());
    const std::string tail(line.substr(second, line.find_last_not_of(kBlanks) + 1 - second));
    if (names.find(head))
        return {head, cells.back()};
    if (names.find(tail))
        return {cells.front(), tail};
    return cells;
}

Fields split(std::string_view line, char separator, const ImageNames& names)
{
    return separator == ' ' ? splitBlanks(line, names) : csvCells(line, separator);
}

std::string small(std::string_view text)
{
    std::string result;
    for (const char c : text)
        result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

/// The first of `titles` that heads a column; kNone.
template <std::size_t N>
std::size_t titled(const Fields& header, const std::array<std::string_view, N>& titles)
{
    for (const std::string_view title : titles)
        for (std::size_t column = 0; column < header.size(); ++column)
            if (small(header[column]) == title)
                return column;
    return kNone;
}

bool isInteger(std::string_view text)
{
    const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
    return text.size() > sign && text.find_first_not_of("0123456789", sign) == std::string_view::npos;
}

/// Kaggle's "n03995372 85 1 499 272": the class is the synset before the box.
std::string_view classPart(std::string_view cell)
{
    if (cell.size() > 9 && cell[9] == ' ' && isSynset(cell.substr(0, 9)))
        return cell.substr(0, 9);
    return cell;
}

/// A table whose separator is known.
struct Table {
    std::vector<Line> lines; ///< without header and empty lines
    Fields header;
    std::size_t columns = 0; ///< of the shortest line
};

class Reader {
public:
    Reader(const std::vector<std::string>& lines, const std::filesystem::path& path, const LabelContext& context)
        : m_lines(lines), m_path(path), m_context(context), m_names(context)
    {
    }

    Result<std::vector<LabelRow>> rows() const
    {
        const char separator = chooseSeparator();
        const Table table = tableOf(separator);
        if (table.lines.empty())
            return std::vector<LabelRow>{};
        if (std::ranges::all_of(table.lines, [](const Line& line) { return line.fields.size() < 2; }) ||
            (separator == ' ' && !anyName(table) && noHeader(table)))
            return withoutNames(table);
        QS_ASSIGN(const std::size_t nameColumn, chooseName(table));
        QS_ASSIGN(const std::size_t classColumn, chooseClass(table, nameColumn));
        const std::size_t titleColumn = titled(table.header, std::array<std::string_view, 1>{"class_name"});
        std::vector<LabelRow> rows;
        for (const Line& line : table.lines) {
            if (line.fields.size() <= std::max(nameColumn, classColumn))
                return fail(ErrorCode::Malformed, "no class: a line is file,class_index", place(line.number));
            LabelRow row{
                line.fields[nameColumn], std::string(classPart(line.fields[classColumn])), place(line.number), {}};
            if (titleColumn < line.fields.size())
                row.className = line.fields[titleColumn];
            rows.push_back(std::move(row));
        }
        return rows;
    }

private:
    std::string place(std::size_t line) const { return m_path.string() + ":" + std::to_string(line); }

    static bool isBlank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

    /// The separator that gives most lines with the name of an image and something else; without any image, most
    /// lines of several cells. Of equals the one that is least likely part of a name.
    char chooseSeparator() const
    {
        char best = ' ';
        std::pair<std::size_t, std::size_t> most{0, 0};
        for (const char separator : kSeparators) {
            std::pair<std::size_t, std::size_t> found{0, 0};
            for (std::size_t i = 0; i < std::min(m_lines.size(), kSample); ++i) {
                const Fields cells = split(m_lines[i], separator, m_names);
                if (cells.size() < 2)
                    continue;
                ++found.second;
                if (std::ranges::any_of(cells, [&](const auto& cell) { return m_names.find(cell).has_value(); }))
                    ++found.first;
            }
            if (found > most) {
                most = found;
                best = separator;
            }
        }
        return best;
    }

    Table tableOf(char separator) const
    {
        Table table;
        bool first = true;
        for (std::size_t i = 0; i < m_lines.size(); ++i) {
            if (isBlank(m_lines[i]))
                continue;
            Fields cells = split(m_lines[i], separator, m_names);
            if (std::exchange(first, false) && isHeader(cells)) {
                table.header = std::move(cells);
                continue;
            }
            table.columns = table.lines.empty() ? cells.size() : std::min(table.columns, cells.size());
            table.lines.push_back({std::move(cells), i + 1});
        }
        return table;
    }

    /// A first line that names no image and holds neither number nor synset.
    bool isHeader(const Fields& cells) const
    {
        if (cells.size() < 2) {
            const std::string title = small(cells.empty() ? std::string() : cells[0]);
            return std::ranges::find(kClassTitles, title) != kClassTitles.end();
        }
        return std::ranges::none_of(cells, [&](const std::string& cell) {
            return isInteger(cell) || isSynset(classPart(cell)) || m_names.find(cell);
        });
    }

    bool noHeader(const Table& table) const { return table.header.size() < 2; }

    std::vector<std::size_t> namesIn(const Table& table) const
    {
        std::vector<std::size_t> counts(table.columns, 0);
        for (std::size_t i = 0; i < std::min(table.lines.size(), kSample); ++i)
            for (std::size_t c = 0; c < table.columns; ++c)
                counts[c] += m_names.find(table.lines[i].fields[c]) ? 1 : 0;
        return counts;
    }
    bool anyName(const Table& table) const
    {
        return std::ranges::any_of(namesIn(table), [](std::size_t count) { return count > 0; });
    }

    /// One class a line: an index, a synset, or a name, perhaps of several words.
    Result<std::vector<LabelRow>> withoutNames(const Table& table) const
    {
        std::vector<std::pair<std::string, std::string>> values;
        for (const Line& line : table.lines) {
            std::string_view whole = m_lines[line.number - 1];
            whole.remove_prefix(std::min(whole.find_first_not_of(" \t"), whole.size()));
            whole = whole.substr(0, whole.find_last_not_of(" \t") + 1);
            if (const auto name = m_names.find(whole); name && !parseClass(whole, m_context.classes))
                return fail(ErrorCode::Malformed, "no class: a line is file,class_index", place(line.number));
            if (!parseClass(whole, m_context.classes))
                return notUnderstood(line);
            values.emplace_back(whole, place(line.number));
        }
        return rowsInOrder(values, m_path, m_context);
    }

    /// A line that is neither a class nor the name of an image and its class.
    tl::unexpected<Error> notUnderstood(const Line& line) const
    {
        if (line.fields.size() > 1)
            return fail(ErrorCode::InvalidArgument, m_path.filename().string() + " names no image of the folder",
                        place(line.number));
        return fail(ErrorCode::Malformed,
                    "no class: a line is the name of an image and its class (separated by a comma, semicolon, tab or "
                    "blank), or a class alone",
                    place(line.number));
    }

    Result<std::size_t> chooseName(const Table& table) const
    {
        const std::vector<std::size_t> counts = namesIn(table);
        const std::size_t byTitle = titled(table.header, kNameTitles);
        if (byTitle < counts.size() && (counts[byTitle] > 0 || std::ranges::max(counts) == 0))
            return byTitle;
        const auto best = std::ranges::max_element(counts);
        if (best == counts.end() || *best == 0)
            return std::size_t{0};
        if (std::ranges::count(counts, *best) > 1)
            return fail(ErrorCode::Malformed,
                        "several columns name images of the folder: a header with 'file' and 'label' tells which one "
                        "does",
                        place(table.lines[0].number));
        return static_cast<std::size_t>(best - counts.begin());
    }

    bool isClass(const std::string& cell) const { return parseClass(classPart(cell), m_context.classes).has_value(); }

    /// 0, 1, 2, ... or 1, 2, 3, ...: numbers of rows.
    bool countsRows(const Table& table, std::size_t column) const
    {
        if (table.lines.size() < 3)
            return false;
        for (std::size_t i = 0; i < table.lines.size(); ++i) {
            const auto first = parseClass(table.lines[0].fields[column], {});
            const auto value = parseClass(table.lines[i].fields[column], {});
            if (!first || *first > 1 || !value || *value != *first + static_cast<int>(i))
                return false;
        }
        return true;
    }

    bool sameClasses(const Table& table, std::size_t a, std::size_t b) const
    {
        return std::ranges::all_of(table.lines, [&](const Line& line) {
            return parseClass(classPart(line.fields[a]), m_context.classes) ==
                   parseClass(classPart(line.fields[b]), m_context.classes);
        });
    }

    Result<std::size_t> chooseClass(const Table& table, std::size_t nameColumn) const
    {
        if (const std::size_t byTitle = titled(table.header, kClassTitles); byTitle != kNone && byTitle != nameColumn)
            return byTitle;
        std::vector<std::size_t> candidates;
        for (std::size_t c = 0; c < table.columns; ++c)
            if (c != nameColumn &&
                std::ranges::any_of(table.lines, [&](const Line& l) { return isClass(l.fields[c]); }) &&
                std::ranges::all_of(table.lines,
                                    [&](const Line& l) { return l.fields[c].empty() || isClass(l.fields[c]); }))
                candidates.push_back(c);
        if (candidates.size() > 1) {
            std::vector<std::size_t> others;
            std::ranges::copy_if(candidates, std::back_inserter(others),
                                 [&](std::size_t c) { return !countsRows(table, c); });
            if (others.size() == 1)
                candidates = others;
        }
        if (candidates.empty()) // the message comes from the first value that is no class
            return nameColumn == 0 ? std::size_t{1} : std::size_t{0};
        for (const std::size_t other : candidates)
            if (!sameClasses(table, candidates[0], other))
                return fail(ErrorCode::Malformed,
                            "columns " + std::to_string(candidates[0] + 1) + " and " + std::to_string(other + 1) +
                                " could both be the class: a header with 'file' and 'label' tells which one is",
                            place(table.lines[0].number));
        return candidates[0];
    }

    const std::vector<std::string>& m_lines;
    const std::filesystem::path& m_path;
    const LabelContext& m_context;
    ImageNames m_names;
};

} // namespace

Result<std::vector<LabelRow>> rowsOfTable(const std::vector<std::string>& lines, const std::filesystem::path& path,
                                          const LabelContext& context)
{
    return Reader(lines, path, context).rows();
}

} // namespace qs::images
