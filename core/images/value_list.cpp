#include "core/images/value_list.h"

#include "core/base/file.h"
#include "core/images/folder_layout.h"
#include "core/images/labels.h"
#include "core/images/named_line.h"
#include "core/images/truth_readers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

namespace qs::images {

namespace {

namespace fs = std::filesystem;

struct Row {
    std::string name;
    std::string value;
    std::string where;
};

std::string trimmed(const std::string& text)
{
    const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
    return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// Whether text is UTF-8 (no surrogates, nothing longer than needed).
bool isUtf8(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<uint8_t>(text[i]);
        const std::size_t more = lead < 0x80                   ? 0
                                 : lead >= 0xC2 && lead < 0xE0 ? 1
                                 : lead >= 0xE0 && lead < 0xF0 ? 2
                                                               : 3;
        if (lead >= 0xF5 || (lead >= 0x80 && lead < 0xC2) || i + more >= text.size())
            return false;
        for (std::size_t k = 1; k <= more; ++k) {
            const auto byte = static_cast<uint8_t>(text[i + k]);
            const uint8_t least = k == 1 && lead == 0xE0 ? 0xA0 : k == 1 && lead == 0xF0 ? 0x90 : 0x80;
            const uint8_t most = k == 1 && lead == 0xED ? 0x9F : k == 1 && lead == 0xF4 ? 0x8F : 0xBF;
            if (byte < least || byte > most)
                return false;
        }
        i += more + 1;
    }
    return true;
}

/// Names of all images of the folder, opened or not, in their order.
Result<std::vector<std::string>> allImages(const ImageFolder& folder)
{
    QS_ASSIGN(const Layout layout, findLayout(folder.root, false));
    std::vector<std::string> images = layout.images;
    for (const ClassFolder& one : layout.classes)
        images.insert(images.end(), one.images.begin(), one.images.end());
    std::sort(images.begin(), images.end());
    return images;
}

Result<std::vector<Row>> rowsWithoutNames(const std::vector<std::string>& lines, const NamedForm& form,
                                          const fs::path& path, const ImageFolder& folder)
{
    const std::string few = (form.named == 0 ? "no line begins"
                                             : "only " + std::to_string(form.named) + " of " +
                                                   std::to_string(form.looked) + " lines begin") +
                            std::string(" with the name of an image, and ");
    QS_ASSIGN(const std::vector<std::string> images, allImages(folder));
    LabelContext context;
    context.images = images;
    std::vector<std::pair<std::string, std::string>> values;
    for (std::size_t i = 0; i < lines.size(); ++i)
        values.emplace_back(lines[i], path.string() + ":" + std::to_string(i + 1));
    if (values.size() != images.size())
        return fail(ErrorCode::Malformed,
                    few + std::to_string(values.size()) + " lines are not the " + std::to_string(images.size()) +
                        " images of the folder",
                    path.string());
    const auto inOrder = rowsInOrder(values, path, context);
    if (!inOrder)
        return fail(ErrorCode::Malformed,
                    few + "the images' order by letters (" + images[0] +
                        ", ...) is not that by number: name the file on every line",
                    path.string());
    std::vector<Row> rows;
    for (const LabelRow& row : *inOrder)
        rows.push_back({row.name, trimmed(row.value), row.where});
    return rows;
}

Result<std::vector<Row>> rowsOfObject(const std::string& text, const fs::path& path)
{
    const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
    const auto refused = [&](const std::string& place) {
        return fail(ErrorCode::Malformed, "expected {name: value, ...}, a value a text, a number or a list of them",
                    path.string() + place);
    };
    if (!json.is_object())
        return refused(json.is_discarded() ? ": begins as JSON and is none" : "");
    const auto scalar = [](const auto& value) -> std::optional<std::string> {
        if (value.is_string())
            return value.template get<std::string>();
        return value.is_number() ? std::optional<std::string>(value.dump()) : std::nullopt;
    };
    std::vector<Row> rows;
    for (const auto& [name, value] : json.items()) {
        Row row{name, {}, path.string() + ": entry '" + name + "'"};
        const auto one = scalar(value);
        if (!one && !value.is_array())
            return refused(": entry '" + name + "'");
        row.value = one.value_or("");
        for (std::size_t i = 0; !one && i < value.size(); ++i) {
            const auto item = scalar(value[i]);
            if (!item)
                return refused(": entry '" + name + "'");
            row.value.append(i == 0 ? "" : ";").append(*item);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

Result<std::vector<Row>> readRows(const fs::path& path, const ImageFolder& folder, const EntryNames& names)
{
    QS_ASSIGN(const std::vector<std::string> lines, readLines(path));
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (!isUtf8(lines[i]))
            return fail(ErrorCode::Malformed, "is not UTF-8", path.string() + ":" + std::to_string(i + 1));
    const NamedForm form = formOf(lines, names);
    if (!form.isNamed() && !lines.empty() && lines[0].starts_with('{')) {
        QS_ASSIGN(const std::string text, readText(path));
        return rowsOfObject(text, path);
    }
    if (!form.isNamed())
        return rowsWithoutNames(lines, form, path, folder);
    std::vector<Row> rows;
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (!trimmed(lines[i]).empty()) {
            NamedLine split = splitLine(lines[i], form.separator, names);
            rows.push_back(
                {std::move(split.name), std::move(split.value), path.string() + ":" + std::to_string(i + 1)});
        }
    return rows;
}

} // namespace

Result<ValueList> readValueList(const fs::path& path, const ImageFolder& folder)
{
    const EntryNames names(folder);
    QS_ASSIGN(std::vector<Row> rows, readRows(path, folder, names));
    ValueList list;
    std::vector<std::string> unknown;
    std::map<std::size_t, std::size_t> placeOf; ///< entry -> place in the list
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Row& row = rows[i];
        const auto entry = names.find(row.name);
        if (!entry) {
            if (i > 0 && !names.knows(row.name))
                unknown.push_back(row.name);
            continue;
        }
        const auto [known, isNew] = placeOf.emplace(*entry, list.values.size());
        if (isNew)
            list.values.push_back({*entry, std::move(row.value), std::move(row.where)});
        else if (list.values[known->second].value != row.value)
            return fail(ErrorCode::Malformed,
                        "'" + row.name + "' has another value at " + list.values[known->second].where, row.where);
    }
    if (!unknown.empty())
        list.doubts.push_back(
            {DoubtKind::Labels,
             path.filename().string() + ": " +
                 counted(unknown, "line names no file of the folder", "lines name no file of the folder"),
             {},
             {{"lines", static_cast<double>(unknown.size())}}});
    return list;
}

} // namespace qs::images
