#include "core/images/folder.h"

#include "core/images/class_list.h"
#include "core/images/folder_layout.h"
#include "core/images/labels.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace qs::images {

namespace {

namespace fs = std::filesystem;

void say(ImageFolder& folder, DoubtKind kind, std::string message, std::string cure = {})
{
    folder.doubts.push_back({kind, std::move(message), std::move(cure), {}});
}

/// `count` of `values`, evenly spread, the first one included.
template <class T>
std::vector<T> spread(std::vector<T> values, std::size_t count)
{
    if (count >= values.size())
        return values;
    std::vector<T> chosen;
    chosen.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        chosen.push_back(std::move(values[i * values.size() / count]));
    return chosen;
}

/// The class list of the options, or classes.txt beside the images; empty where there is neither.
struct Classes {
    ClassList list;
    fs::path path;
};

Result<Classes> readClasses(const fs::path& root, const FolderOptions& options)
{
    std::error_code error;
    Classes classes;
    classes.path = options.classNames.value_or(root / "classes.txt");
    if (options.classNames || fs::is_regular_file(classes.path, error)) {
        QS_ASSIGN(classes.list, readClassList(classes.path));
    }
    return classes;
}

Result<void> addLabelled(ImageFolder& folder, const Layout& layout, const fs::path& labelsPath,
                         const ClassList& classes)
{
    LabelContext context;
    context.images = layout.images;
    for (const ClassFolder& one : layout.classes)
        context.images.insert(context.images.end(), one.images.begin(), one.images.end());
    std::sort(context.images.begin(), context.images.end());
    context.exists = [&](const std::string& name) {
        std::error_code error;
        return fs::is_regular_file(folder.root / name, error);
    };
    context.classes = classes;
    QS_ASSIGN(const Labels labels, readLabels(labelsPath, context));
    const std::string shown = labelsPath.filename().string();
    std::vector<std::string> missing;
    for (const auto& [name, labelled] : labels.classOf) {
        if (context.exists(name))
            folder.entries.push_back({folder.root / name, name, labelled.label, labelled.where});
        else
            missing.push_back(name);
    }
    if (folder.entries.empty())
        return fail(ErrorCode::InvalidArgument, shown + " names no image of the folder", folder.root.string());
    std::vector<std::string> unlabelled;
    for (const std::string& name : layout.images)
        if (!labels.classOf.contains(name))
            unlabelled.push_back(name);
    if (!missing.empty())
        say(folder, DoubtKind::Labels,
            shown + " names " + counted(missing, "file that does not exist", "files that do not exist"));
    if (!unlabelled.empty())
        say(folder, DoubtKind::Labels,
            counted(unlabelled, "image without a line in the labels left out",
                    "images without a line in the labels left out"));
    for (const auto& [label, name] : labels.classNames) {
        if (folder.classNames.size() <= static_cast<std::size_t>(label))
            folder.classNames.resize(static_cast<std::size_t>(label) + 1);
        folder.classNames[static_cast<std::size_t>(label)] = name;
    }
    return {};
}

/// The class of every folder: by the list where it knows all of them, otherwise (names for people, as many as
/// folders, or no list) in their order; -1 for a name of the list that no folder has.
Result<std::vector<int>> classesOf(const std::vector<ClassFolder>& folders, const Classes& classes)
{
    std::vector<int> labels;
    std::set<int> seen;
    std::size_t known = 0;
    for (const ClassFolder& folder : folders) {
        const auto& names = classes.list.names();
        if (std::count(names.begin(), names.end(), folder.name) > 1)
            return fail(ErrorCode::InvalidArgument, "the class '" + folder.name + "' is named twice",
                        classes.path.string());
        const auto label = classes.list.find(folder.name);
        if (label && !seen.insert(*label).second)
            return fail(ErrorCode::InvalidArgument, "two folders are the class '" + folder.name + "'",
                        classes.path.string());
        known += label ? 1 : 0;
        labels.push_back(label.value_or(-1));
    }
    if (known == folders.size())
        return labels;
    if (known > 0 || (!classes.list.empty() && classes.list.names().size() != folders.size())) {
        const auto stranger = std::find(labels.begin(), labels.end(), -1) - labels.begin();
        return fail(ErrorCode::InvalidArgument,
                    "the class folder '" + folders[static_cast<std::size_t>(stranger)].name + "' is none of the " +
                        std::to_string(classes.list.names().size()) + " class names, so its index is unknown",
                    classes.path.string());
    }
    for (std::size_t i = 0; i < labels.size(); ++i)
        labels[i] = static_cast<int>(i);
    return labels;
}

/// Folders called by numbers alone, in the order of the numbers: 2 before 10.
void orderByNumber(std::vector<ClassFolder>& folders)
{
    const auto number = [](const ClassFolder& folder) {
        long value = -1;
        const char* const end = folder.name.data() + folder.name.size();
        const auto parsed = std::from_chars(folder.name.data(), end, value);
        return parsed.ec == std::errc() && parsed.ptr == end ? value : -1;
    };
    if (std::all_of(folders.begin(), folders.end(), [&](const ClassFolder& f) { return number(f) >= 0; }))
        std::stable_sort(folders.begin(), folders.end(),
                         [&](const ClassFolder& a, const ClassFolder& b) { return number(a) < number(b); });
}

/// How many images each class gives when at most `count` are wanted: equal shares, as far as a class reaches.
std::vector<std::size_t> shares(const std::vector<std::vector<ImageEntry>>& classes, std::size_t count)
{
    std::vector<std::size_t> share(classes.size(), 0);
    while (count > 0) {
        std::vector<std::size_t> open;
        for (std::size_t c = 0; c < classes.size(); ++c)
            if (share[c] < classes[c].size())
                open.push_back(c);
        if (open.empty())
            break;
        open = spread(std::move(open), count);
        for (const std::size_t c : open)
            ++share[c];
        count -= open.size();
    }
    return share;
}

Result<void> addClassFolders(ImageFolder& folder, Layout layout, const FolderOptions& options)
{
    QS_ASSIGN(const Classes given, readClasses(folder.root, options));
    if (given.list.empty())
        orderByNumber(layout.classes);
    QS_ASSIGN(const std::vector<int> labels, classesOf(layout.classes, given));
    std::vector<std::string> names;
    std::vector<std::string> empty;
    std::vector<std::pair<int, std::vector<ImageEntry>>> ordered;
    for (std::size_t c = 0; c < layout.classes.size(); ++c) {
        const ClassFolder& one = layout.classes[c];
        names.push_back(one.name);
        if (one.images.empty())
            empty.push_back(one.name);
        ordered.emplace_back(labels[c], std::vector<ImageEntry>{});
        for (const std::string& name : one.images)
            ordered.back().second.push_back({folder.root / name, name, labels[c]});
    }
    std::ranges::sort(ordered, {}, [](const auto& one) { return one.first; });
    folder.classNames = given.list.empty() ? names : given.list.names();
    if (given.list.empty())
        folder.classFolders = std::move(names);
    if (!empty.empty())
        say(folder, DoubtKind::Classes,
            counted(empty, "class folder without images", "class folders without images"));

    std::vector<std::vector<ImageEntry>> classes;
    for (auto& [label, entries] : ordered)
        classes.push_back(std::move(entries));
    if (options.count) {
        const std::vector<std::size_t> share = shares(classes, *options.count);
        for (std::size_t c = 0; c < classes.size(); ++c)
            classes[c] = spread(std::move(classes[c]), share[c]);
    }
    std::size_t longest = 0;
    for (const auto& entries : classes)
        longest = std::max(longest, entries.size());
    for (std::size_t i = 0; i < longest; ++i)
        for (auto& entries : classes)
            if (i < entries.size())
                folder.entries.push_back(std::move(entries[i]));
    return {};
}

/// Names given for the labels of a flat folder.
void nameClasses(ImageFolder& folder, const Classes& given)
{
    if (given.list.empty())
        return;
    folder.classNames = given.list.names();
    std::vector<std::string> nameless;
    for (const ImageEntry& entry : folder.entries)
        if (entry.label && static_cast<std::size_t>(*entry.label) >= folder.classNames.size())
            nameless.push_back(entry.name);
    if (!nameless.empty())
        say(folder, DoubtKind::Labels,
            counted(nameless, "image of a class without a name", "images of classes without a name"));
}

} // namespace

Result<ImageFolder> openFolder(const fs::path& root, const FolderOptions& options)
{
    if (options.count && *options.count == 0)
        return fail(ErrorCode::InvalidArgument, "the number of images must be at least 1", root.string());
    std::error_code error;
    const fs::file_status status = fs::status(root, error);
    if (status.type() == fs::file_type::not_found)
        return fail(ErrorCode::NotFound, "the image folder does not exist", root.string());
    if (!fs::is_directory(status))
        return fail(ErrorCode::InvalidArgument, "is not a folder", root.string());

    std::optional<fs::path> labels = options.labels;
    if (!labels && !options.withoutLabels && fs::is_regular_file(root / "labels.csv", error))
        labels = root / "labels.csv"; // it may name images in deeper folders
    Result<Layout> found = findLayout(root, options.forCalibration);
    if (!found && (!labels || found.error().code != ErrorCode::InvalidArgument))
        return tl::unexpected(found.error());
    Layout layout = found ? std::move(*found) : Layout{root, {}, {}, {}, {}};
    if (!labels && !options.withoutLabels && fs::is_regular_file(layout.root / "labels.csv", error))
        labels = layout.root / "labels.csv";

    ImageFolder folder;
    folder.root = layout.root;
    folder.doubts = layout.doubts;
    if (labels || !layout.images.empty()) {
        QS_ASSIGN(const Classes given, readClasses(folder.root, options));
        if (labels) {
            QS_CHECK(addLabelled(folder, layout, *labels, given.list));
        } else {
            for (const std::string& name : layout.images)
                folder.entries.push_back({folder.root / name, name, std::nullopt});
            if (!layout.ignored.empty())
                say(folder, DoubtKind::FolderLevel,
                    counted(layout.ignored, "sub-folder ignored, as there are images beside it",
                            "sub-folders ignored, as there are images beside them"));
        }
        if (options.count)
            folder.entries = spread(std::move(folder.entries), *options.count);
        nameClasses(folder, given);
    } else {
        QS_CHECK(addClassFolders(folder, std::move(layout), options));
    }
    if (options.withoutLabels)
        for (ImageEntry& entry : folder.entries)
            entry.label.reset();
    if (folder.entries.empty())
        return fail(ErrorCode::InvalidArgument, "no images in the folder", root.string());
    return folder;
}

} // namespace qs::images
