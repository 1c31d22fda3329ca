#include "core/images/labels.h"

#include "core/base/file.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace qs::images {

namespace {

constexpr int kMaxClass = 1'000'000;

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view kBlank = " \t\r";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool isNumber(std::string_view text)
{
    const std::size_t digits = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
    return text.size() > digits && text.find_first_not_of("0123456789", digits) == std::string_view::npos;
}

std::optional<int> classIndex(std::string_view text)
{
    int value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < 0 || value > kMaxClass)
        return std::nullopt;
    return value;
}

/// "./a.jpg" is "a.jpg"; nothing for names that leave the folder.
std::optional<std::string> insideName(const std::string& name)
{
    const std::filesystem::path normal = std::filesystem::path(name).lexically_normal();
    if (normal.empty() || normal.is_absolute() || *normal.begin() == "..")
        return std::nullopt;
    return normal.generic_string();
}

} // namespace

Result<std::vector<std::string>> readLines(const std::filesystem::path& path)
{
    QS_ASSIGN(const std::string text, readText(path));
    if (text.find('\0') != std::string::npos)
        return fail(ErrorCode::Malformed, "not a text file", path.string());
    std::string_view rest = text;
    if (rest.starts_with("\xEF\xBB\xBF"))
        rest.remove_prefix(3);
    std::vector<std::string> lines;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        lines.emplace_back(line);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    while (!lines.empty() && trimmed(lines.back()).empty())
        lines.pop_back();
    return lines;
}

std::vector<std::string> splitCsv(std::string_view line)
{
    std::vector<std::string> values;
    std::string value;
    bool quoted = false;
    bool wasQuoted = false;
    for (std::size_t i = 0; i <= line.size(); ++i) {
        if (i == line.size() || (line[i] == ',' && !quoted)) {
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

Result<Labels> readLabels(const std::filesystem::path& path,
                          const std::function<bool(const std::string&)>& imageExists)
{
    QS_ASSIGN(const std::vector<std::string> lines, readLines(path));
    Labels labels;
    std::size_t nameColumn = 0; // 0: none
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (trimmed(lines[i]).empty())
            continue;
        const std::string where = path.string() + ":" + std::to_string(i + 1);
        const std::vector<std::string> values = splitCsv(lines[i]);
        if (i == 0 && (values.size() < 2 || !isNumber(values[1])) && !imageExists(values[0])) {
            for (std::size_t column = 2; column < values.size(); ++column)
                if (values[column] == "class_name")
                    nameColumn = column;
            continue;
        }
        if (values.size() < 2)
            return fail(ErrorCode::Malformed, "no class: a line is file,class_index", where);
        const auto label = classIndex(values[1]);
        if (!label)
            return fail(ErrorCode::Malformed, "the class '" + values[1] + "' is not a number from 0 to 1000000",
                        where);
        const auto name = insideName(values[0]);
        if (!name)
            return fail(ErrorCode::Malformed, "'" + values[0] + "' is not a file inside the folder", where);
        const auto [known, isNew] = labels.classOf.emplace(*name, *label);
        if (!isNew && known->second != *label)
            return fail(ErrorCode::Malformed,
                        "'" + *name + "' has class " + std::to_string(known->second) + " on an earlier line", where);
        if (nameColumn != 0 && nameColumn < values.size())
            labels.classNames.emplace(*label, values[nameColumn]);
    }
    return labels;
}

} // namespace qs::images
