#include "core/images/labels.h"

#include "core/base/file.h"
#include "core/base/text.h"

#include <algorithm>
#include <optional>

namespace qs::images {

namespace {

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

Result<Labels> readLabels(const std::filesystem::path& path, const LabelContext& context)
{
    QS_ASSIGN(const std::vector<std::string> lines, readLines(path));
    const bool isJson = !lines.empty() && (lines[0].starts_with('{') || lines[0].starts_with('['));
    std::vector<LabelRow> rows;
    if (isJson) {
        QS_ASSIGN(const std::string text, readText(path));
        QS_ASSIGN(rows, rowsOfJson(text, path, context));
    } else {
        QS_ASSIGN(rows, rowsOfTable(lines, path, context));
    }
    const ImageNames names(context);
    Labels labels;
    for (const LabelRow& row : rows) {
        const auto inside = insideName(row.name);
        if (!inside)
            return fail(ErrorCode::Malformed, "'" + row.name + "' is not a file inside the folder", row.where);
        const auto label = parseClass(row.value, context.classes);
        if (!label)
            return fail(ErrorCode::Malformed,
                        "the class '" + row.value +
                            "' is neither a number from 0 to 1000000 nor the name of a known class (--classes FILE "
                            "gives the names)",
                        row.where);
        const std::string name = names.find(row.name).value_or(*inside);
        const auto [known, isNew] = labels.classOf.emplace(name, Labelled{*label, row.where});
        if (!isNew && known->second.label != *label)
            return fail(ErrorCode::Malformed,
                        "'" + name + "' has class " + std::to_string(known->second.label) + " on an earlier line",
                        row.where);
        if (!row.className.empty())
            labels.classNames.emplace(*label, row.className);
    }
    return labels;
}

} // namespace qs::images
