#include "core/images/label_rows.h"

#include "core/base/json_reader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace qs::images {

namespace {

using Json = nlohmann::json;

std::string stemOf(const std::string& name)
{
    return std::filesystem::path(name).replace_extension().generic_string();
}

/// Text with every run of digits as a number: img2 before img10.
bool beforeByNumber(std::string_view a, std::string_view b)
{
    const auto isDigit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    while (!a.empty() && !b.empty()) {
        if (isDigit(a[0]) && isDigit(b[0])) {
            const auto number = [&](std::string_view& text) {
                std::size_t end = 0;
                while (end < text.size() && isDigit(text[end]))
                    ++end;
                std::string_view digits = text.substr(0, end);
                digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
                text.remove_prefix(end);
                return digits;
            };
            const std::string_view x = number(a);
            const std::string_view y = number(b);
            if (x != y)
                return x.size() != y.size() ? x.size() < y.size() : x < y;
        } else if (a[0] != b[0]) {
            return a[0] < b[0];
        } else {
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
    }
    return a.size() < b.size();
}

std::optional<std::string> scalar(const Json& json)
{
    if (json.is_string())
        return json.get<std::string>();
    if (json.is_number())
        return json.dump();
    return std::nullopt;
}

std::optional<std::string> member(const Json& json, std::initializer_list<const char*> keys)
{
    for (const char* key : keys)
        if (const auto found = json.find(key); found != json.end())
            return scalar(*found);
    return std::nullopt;
}

} // namespace

ImageNames::ImageNames(const LabelContext& context) : m_context(context)
{
    for (const std::string& name : context.images)
        m_stems.emplace_back(stemOf(name), name);
    std::sort(m_stems.begin(), m_stems.end());
}

std::optional<std::string> ImageNames::find(std::string_view written) const
{
    if (written.empty() || written.find('\0') != std::string_view::npos)
        return std::nullopt;
    const std::filesystem::path normal = std::filesystem::path(written).lexically_normal();
    if (normal.empty() || normal.is_absolute() || *normal.begin() == "..")
        return std::nullopt;
    std::string name = normal.generic_string();
    for (std::string rest = name;;) {
        if (std::binary_search(m_context.images.begin(), m_context.images.end(), rest) || m_context.exists(rest))
            return rest;
        const std::size_t slash = rest.find('/');
        if (slash == std::string::npos) {
            name = rest;
            break;
        }
        rest.erase(0, slash + 1);
    }
    const auto at = std::lower_bound(m_stems.begin(), m_stems.end(), std::pair(name, std::string()));
    if (at == m_stems.end() || at->first != name || (at + 1 != m_stems.end() && (at + 1)->first == name))
        return std::nullopt;
    return at->second;
}

Result<std::vector<LabelRow>> rowsInOrder(const std::vector<std::pair<std::string, std::string>>& valuesAndPlaces,
                                          const std::filesystem::path& path, const LabelContext& context)
{
    const std::string counts = std::to_string(valuesAndPlaces.size()) +
                               " classes without names of files, the folder has " +
                               std::to_string(context.images.size()) + " images";
    if (valuesAndPlaces.size() != context.images.size())
        return fail(ErrorCode::Malformed, counts + ": one class a line needs as many, in the order of their names",
                    path.string());
    if (!std::is_sorted(context.images.begin(), context.images.end(), beforeByNumber))
        return fail(ErrorCode::Malformed,
                    counts + ", whose order by letters (" + context.images[0] +
                        ", ...) is not that by number: name "
                        "the file on every line",
                    path.string());
    std::vector<LabelRow> rows;
    for (std::size_t i = 0; i < valuesAndPlaces.size(); ++i)
        rows.push_back({context.images[i], valuesAndPlaces[i].first, valuesAndPlaces[i].second, {}});
    return rows;
}

Result<std::vector<LabelRow>> rowsOfJson(const std::string& text, const std::filesystem::path& path,
                                         const LabelContext& context)
{
    const auto file = JsonReader::parse(text, JsonReader::Comments::Skipped);
    if (!file)
        return fail(file.error().code, "begins as JSON and cannot be read: " + file.error().text(), path.string());
    const Json& json = file->json();
    const auto refused = [&](const std::string& place) {
        return fail(ErrorCode::Malformed,
                    place +
                        ": expected {name: class}, {class: [names]}, [[name, class], ...], "
                        "[{\"file\": name, \"label\": class}, ...] or a list of classes in the order of the files",
                    path.string());
    };
    const ImageNames names(context);
    std::vector<LabelRow> rows;
    const auto add = [&](const std::string& a, const std::string& b, const std::string& place) {
        // Either may be the name; where neither is an image's, the first.
        const bool second = !names.find(a) && names.find(b);
        rows.push_back({second ? b : a, second ? a : b, path.string() + ": " + place, {}});
    };
    if (json.is_object()) {
        for (const auto& [key, value] : json.items()) {
            const std::string place = "entry '" + key + "'";
            if (const auto one = scalar(value)) {
                add(key, *one, place);
                continue;
            }
            if (!value.is_array())
                return refused(place);
            for (const auto& item : value) {
                if (!item.is_string())
                    return refused(place);
                rows.push_back({item.get<std::string>(), key, path.string() + ": " + place, {}});
            }
        }
        return rows;
    }
    if (!json.is_array())
        return refused("neither a map nor a list");
    std::vector<std::pair<std::string, std::string>> inOrder;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const auto& item = json[i];
        const std::string place = "entry " + std::to_string(i + 1);
        if (const auto value = scalar(item)) {
            inOrder.emplace_back(*value, path.string() + ": " + place);
        } else if (item.is_array() && item.size() == 2 && scalar(item[0]) && scalar(item[1])) {
            add(*scalar(item[0]), *scalar(item[1]), place);
        } else if (item.is_object()) {
            const auto name = member(item, {"file", "file_name", "filename", "image", "path", "name"});
            const auto label = member(item, {"label", "class", "class_index", "class_id", "target", "category"});
            if (!name || !label)
                return refused(place);
            rows.push_back({*name, *label, path.string() + ": " + place, {}});
        } else {
            return refused(place);
        }
    }
    if (inOrder.empty())
        return rows;
    if (!rows.empty())
        return refused("classes with and without names mixed");
    return rowsInOrder(inOrder, path, context);
}

} // namespace qs::images
