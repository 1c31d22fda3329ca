#include "core/images/folder.h"
#include "core/images/imagenet_synsets.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace qs::images {

namespace {

std::optional<std::vector<int>> numbersOf(const std::vector<std::string>& names)
{
    std::vector<int> numbers;
    for (const std::string& name : names) {
        int value = -1;
        const char* const end = name.data() + name.size();
        const auto parsed = std::from_chars(name.data(), end, value);
        if (parsed.ec != std::errc() || parsed.ptr != end || value < 0 || std::ranges::count(numbers, value) > 0)
            return std::nullopt;
        numbers.push_back(value);
    }
    return numbers;
}

std::optional<std::vector<int>> synsetsOf(const std::vector<std::string>& names)
{
    std::vector<int> classes;
    for (const std::string& name : names) {
        const auto known = imagenetClass(name);
        if (!known)
            return std::nullopt;
        classes.push_back(*known);
    }
    return classes;
}

/// "0, 217, 491, ...".
std::string listed(const std::vector<int>& values)
{
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 4); ++i)
        text.append(i == 0 ? "" : ", ").append(std::to_string(values[i]));
    return values.size() > 4 ? text + ", ..." : text;
}

/// Gives folder i of `folder.classFolders` the label labels[i].
void relabel(ImageFolder& folder, const std::vector<int>& labels)
{
    std::vector<std::string> names;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        names.resize(std::max(names.size(), static_cast<std::size_t>(labels[i]) + 1));
        names[static_cast<std::size_t>(labels[i])] = folder.classFolders[i];
    }
    for (ImageEntry& entry : folder.entries)
        if (entry.label)
            entry.label = labels[static_cast<std::size_t>(*entry.label)];
    folder.classNames = std::move(names);
    folder.classFolders.clear();
}

std::vector<int> shifted(std::vector<int> values, int by)
{
    for (int& value : values)
        value += by;
    return values;
}

void fitFolders(ImageFolder& folder, int64_t classes)
{
    const auto count = static_cast<int64_t>(folder.classFolders.size());
    const std::string found = std::to_string(count) + (count == 1 ? " class folder" : " class folders");
    const auto say = [&](std::string message, std::string cure) {
        folder.doubts.push_back(
            {DoubtKind::Classes,
             std::move(message),
             std::move(cure),
             {{"folders", static_cast<double>(count)}, {"classes", static_cast<double>(classes)}}});
    };
    const std::string model = "the model's " + std::to_string(classes) + " classes";
    if (const auto numbers = numbersOf(folder.classFolders)) {
        const int last = std::ranges::max(*numbers);
        const bool fromOne = last == classes && std::ranges::min(*numbers) > 0;
        if (count == classes && last == count - 1)
            return; // 0 to n-1, in order already
        if (last < classes || fromOne) {
            const auto labels = shifted(*numbers, fromOne ? -1 : 0);
            say(found + " of " + model + ", called by numbers " + (fromOne ? "from 1" : "") + " that are taken as " +
                    (fromOne ? "classes plus one" : "classes from 0") + ": " + listed(labels),
                "--label-offset moves them, --classes FILE names them");
            return relabel(folder, labels);
        }
    }
    if (count == classes)
        return;
    if (const auto synsets = synsetsOf(folder.classFolders);
        synsets && (classes == kImagenetClasses || classes == kImagenetClasses + 1)) {
        const int background = classes == kImagenetClasses ? 0 : 1;
        const auto labels = shifted(*synsets, background);
        say(found + " of " + model + ", called by synsets of ImageNet: their labels are its classes " +
                listed(labels) + (background ? ", after a background class 0" : ""),
            "nothing to do if the model is of ImageNet");
        return relabel(folder, labels);
    }
    say(found + ", but the model has " + std::to_string(classes) + " classes: the labels 0 to " +
            std::to_string(count - 1) +
            " are only the folders in alphabetical order, and figures by labels mean nothing",
        "--classes FILE gives the model's class names, one a line; or call the folders by index or synset");
}

} // namespace

Result<ImageFolder> fitLabels(ImageFolder folder, int64_t classes, int offset)
{
    const bool labelled =
        std::ranges::any_of(folder.entries, [](const ImageEntry& e) { return e.label.has_value(); });
    if (!labelled)
        return folder;
    if (classes <= 0) {
        for (ImageEntry& entry : folder.entries)
            entry.label.reset();
        return folder;
    }
    if (!folder.classFolders.empty())
        fitFolders(folder, classes);
    for (ImageEntry& entry : folder.entries) {
        if (!entry.label)
            continue;
        const int64_t label = int64_t{*entry.label} + offset;
        if (label < 0 || label >= classes)
            return fail(ErrorCode::InvalidArgument,
                        "the label " + std::to_string(label) + " is outside the model's " + std::to_string(classes) +
                            " classes, 0 to " + std::to_string(classes - 1),
                        entry.labelPlace.empty() ? entry.path.string() : entry.labelPlace);
        entry.label = static_cast<int>(label);
    }
    return folder;
}

} // namespace qs::images
