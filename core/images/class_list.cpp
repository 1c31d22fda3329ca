#include "core/images/class_list.h"

#include "core/images/imagenet_synsets.h"
#include "core/images/labels.h"

#include "core/base/file.h"
#include "core/base/json_reader.h"

#include <nlohmann/json.hpp>

#include <cctype>
#include <charconv>
#include <utility>

namespace qs::images {

namespace {

constexpr int kMaxClass = 1'000'000;
constexpr int kTwice = -1;

/// Small letters, blanks for '_', no blanks around.
std::string folded(std::string_view name)
{
    std::string text;
    for (const char c : name)
        text += c == '_' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::size_t first = text.find_first_not_of(' ');
    return first == std::string::npos ? std::string() : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<int> parseIndex(std::string_view text)
{
    int value = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr == text.data() || value < 0 || value > kMaxClass || text[0] == '-')
        return std::nullopt;
    std::string_view rest(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    if (!rest.empty() && (rest[0] != '.' || rest.find_first_not_of('0', 1) != std::string_view::npos))
        return std::nullopt;
    return value;
}

/// "n01440764 tench" without the synset.
std::string withoutSynset(const std::string& name)
{
    if (name.size() > 10 && (name[9] == ' ' || name[9] == '\t') && isSynset(std::string_view(name).substr(0, 9)))
        return name.substr(10);
    return name;
}

Result<std::string> nameFromJson(const nlohmann::json& json, const std::string& where)
{
    if (json.is_string())
        return json.get<std::string>();
    if (json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_string())
        return json[0].get<std::string>() + " " + json[1].get<std::string>();
    return fail(ErrorCode::Malformed, "a class must have a name (text), or [synset, name]", where);
}

Result<std::vector<std::string>> namesFromMap(const nlohmann::json& json, const std::string& where)
{
    std::map<int, std::string> byIndex;
    for (const auto& [key, value] : json.items()) {
        std::optional<int> index = parseIndex(key);
        std::string name = key;
        if (value.is_number_integer() && !index) { // name -> index
            const auto given = value.get<int64_t>();
            index = given >= 0 && given <= kMaxClass ? std::optional(static_cast<int>(given)) : std::nullopt;
        } else {
            QS_ASSIGN(name, nameFromJson(value, where));
        }
        if (!index)
            return fail(ErrorCode::Malformed, "'" + key + "' has no class index", where);
        if (!byIndex.emplace(*index, name).second)
            return fail(ErrorCode::Malformed, "the class " + std::to_string(*index) + " is named twice", where);
    }
    std::vector<std::string> names;
    for (const auto& [index, name] : byIndex) {
        if (index != static_cast<int>(names.size()))
            return fail(ErrorCode::Malformed, "the class " + std::to_string(names.size()) + " has no name", where);
        names.push_back(name);
    }
    return names;
}

} // namespace

ClassList::ClassList(std::vector<std::string> names)
{
    for (std::string& whole : names) {
        const int index = static_cast<int>(m_names.size());
        const std::string name = withoutSynset(whole);
        if (name.size() != whole.size())
            add(whole.substr(0, 9), index);
        add(name, index);
        if (const std::size_t comma = name.find(','); comma != std::string::npos)
            add(name.substr(0, comma), index);
        m_names.push_back(name);
    }
}

void ClassList::add(const std::string& name, int index)
{
    for (const std::string& form : {name, folded(name)}) {
        const auto [at, isNew] = m_indexOf.emplace(form, index);
        if (!isNew && at->second != index)
            at->second = kTwice;
    }
}

std::optional<int> ClassList::find(std::string_view name) const
{
    auto found = m_indexOf.find(name);
    if (found == m_indexOf.end())
        found = m_indexOf.find(folded(name));
    if (found == m_indexOf.end() || found->second == kTwice)
        return std::nullopt;
    return found->second;
}

Result<ClassList> readClassList(const std::filesystem::path& path)
{
    QS_ASSIGN(std::vector<std::string> lines, readLines(path));
    if (lines.empty() || (!lines[0].starts_with('{') && !lines[0].starts_with('[')))
        return ClassList(std::move(lines));
    QS_ASSIGN(const std::string text, readText(path));
    const auto file = JsonReader::parse(text, JsonReader::Comments::Skipped);
    if (!file)
        return fail(file.error().code, "begins as JSON and cannot be read: " + file.error().text(), path.string());
    const auto& json = file->json();
    if (json.is_object()) {
        QS_ASSIGN(std::vector<std::string> names, namesFromMap(json, path.string()));
        return ClassList(std::move(names));
    }
    std::vector<std::string> names;
    for (const auto& item : json) {
        QS_ASSIGN(std::string name, nameFromJson(item, path.string()));
        names.push_back(std::move(name));
    }
    return ClassList(std::move(names));
}

std::optional<int> parseClass(std::string_view text, const ClassList& classes)
{
    if (text.empty())
        return std::nullopt;
    if (const auto index = parseIndex(text))
        return index;
    if (const auto index = classes.find(text))
        return index;
    return imagenetClass(text);
}

} // namespace qs::images
