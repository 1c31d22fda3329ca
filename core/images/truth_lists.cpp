// Truths that are lines of a file: what is written in an image, and several classes of one.

#include "core/images/truth_readers.h"
#include "core/images/value_list.h"

#include <algorithm>

namespace qs::images {

namespace {

/// A line's words between blanks, commas and ';'; commas and blanks separate only where there is no ';', as names of
/// classes may hold them.
std::vector<std::string> wordsOf(const std::string& value)
{
    const std::string_view separators = value.find(';') != std::string::npos ? ";" : " ,\t";
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= value.size();) {
        const std::size_t end = std::min(value.find_first_of(separators, at), value.size());
        std::string word = value.substr(at, end - at);
        word.erase(0, std::min(word.find_first_not_of(" \t"), word.size()));
        word.erase(word.find_last_not_of(" \t") + 1);
        if (!word.empty())
            words.push_back(std::move(word));
        at = end + 1;
    }
    return words;
}

/// Whether the lines are rows of 0 and 1, one for each class: all of one length above 1, and of the model's classes
/// where they are known.
bool areRows(const std::vector<std::vector<std::string>>& lines, std::optional<int64_t> classes)
{
    if (lines.empty() || lines[0].size() < 2)
        return false;
    if (classes && static_cast<int64_t>(lines[0].size()) != *classes && lines[0].size() == 2)
        return false; // "0 1": both classes
    return std::ranges::all_of(lines, [&](const auto& words) {
        return words.size() == lines[0].size() &&
               std::ranges::all_of(words, [](const std::string& word) { return word == "0" || word == "1"; });
    });
}

Result<std::vector<int>> classesOf(const std::vector<std::string>& words, const std::string& where,
                                   const TruthOptions& options)
{
    std::vector<int> classes;
    for (const std::string& word : words) {
        const auto index = parseClass(word, options.classNames);
        if (!index)
            return fail(ErrorCode::Malformed,
                        "the class '" + word + "' is neither an index from 0 nor the name of a class", where);
        if (options.classes && *index >= *options.classes)
            return fail(ErrorCode::Malformed,
                        "the class " + std::to_string(*index) + " is outside the model's " +
                            std::to_string(*options.classes) + " classes, 0 to " +
                            std::to_string(*options.classes - 1),
                        where);
        if (std::ranges::count(classes, *index) > 0)
            return fail(ErrorCode::Malformed, "the class " + std::to_string(*index) + " twice", where);
        classes.push_back(*index);
    }
    std::ranges::sort(classes);
    return classes;
}

} // namespace

Result<OpenedTruths> openText(const TruthRequest& request, const ImageFolder& folder)
{
    QS_ASSIGN(ValueList list, readValueList(request.path, folder));
    std::vector<tasks::Truth> truths(folder.entries.size());
    for (ListedValue& one : list.values)
        truths[one.entry] = std::move(one.value);
    OpenedTruths opened = listedTruths(std::move(truths));
    opened.doubts = std::move(list.doubts);
    return opened;
}

Result<OpenedTruths> openClassSets(const TruthRequest& request, const ImageFolder& folder)
{
    QS_ASSIGN(ValueList list, readValueList(request.path, folder));
    std::vector<std::vector<std::string>> lines;
    for (const ListedValue& one : list.values)
        lines.push_back(wordsOf(one.value));
    const bool rows = areRows(lines, request.options.classes);
    std::vector<tasks::Truth> truths(folder.entries.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::vector<int> classes;
        if (!rows) {
            QS_ASSIGN(classes, classesOf(lines[i], list.values[i].where, request.options));
        } else if (request.options.classes && static_cast<int64_t>(lines[i].size()) != *request.options.classes) {
            return fail(ErrorCode::Malformed,
                        std::to_string(lines[i].size()) + " values of 0 and 1, the model has " +
                            std::to_string(*request.options.classes) + " classes",
                        list.values[i].where);
        } else {
            for (std::size_t c = 0; c < lines[i].size(); ++c)
                if (lines[i][c] == "1")
                    classes.push_back(static_cast<int>(c));
        }
        truths[list.values[i].entry] = std::move(classes);
    }
    OpenedTruths opened = listedTruths(std::move(truths));
    opened.doubts = std::move(list.doubts);
    return opened;
}

} // namespace qs::images
