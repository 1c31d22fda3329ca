#include "core/images/folder.h"

#include "core/images/labels.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace qs::images {

namespace {

namespace fs = std::filesystem;

bool hasImageExtension(const fs::path& path)
{
    static constexpr std::array<std::string_view, 11> kExtensions{".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp",
                                                                  ".tif", ".tiff", ".ppm", ".pgm", ".pnm"};
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

/// Images and sub-folders of a folder, by name; hidden ones stay out.
struct Listing {
    std::vector<std::string> images;
    std::vector<std::string> folders;
};

Result<Listing> list(const fs::path& folder)
{
    std::error_code error;
    Listing listing;
    fs::directory_iterator it(folder, error);
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
        const std::string name = it->path().filename().string();
        std::error_code unknown; // a dangling link, say: neither file nor folder
        if (name.starts_with('.'))
            continue;
        if (it->is_directory(unknown))
            listing.folders.push_back(name);
        else if (it->is_regular_file(unknown) && hasImageExtension(it->path()))
            listing.images.push_back(name);
    }
    if (error)
        return fail(ErrorCode::Io, "cannot read the folder: " + error.message(), folder.string());
    std::sort(listing.images.begin(), listing.images.end());
    std::sort(listing.folders.begin(), listing.folders.end());
    return listing;
}

/// "3 files that ...: a, b, ...".
std::string counted(const std::vector<std::string>& names, std::string_view singular, std::string_view plural)
{
    std::string text = std::to_string(names.size()) + " ";
    text.append(names.size() == 1 ? singular : plural).append(": ");
    for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 3); ++i)
        text.append(i == 0 ? "" : ", ").append(names[i]);
    return names.size() > 3 ? text + ", ..." : text;
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

Result<void> addLabelled(ImageFolder& folder, const Listing& listing, const fs::path& labelsPath)
{
    const auto exists = [&](const std::string& name) {
        std::error_code error;
        return fs::is_regular_file(folder.root / name, error);
    };
    QS_ASSIGN(const Labels labels, readLabels(labelsPath, exists));
    const std::string shown = labelsPath.filename().string();
    std::vector<std::string> missing;
    for (const auto& [name, label] : labels.classOf) {
        if (exists(name))
            folder.entries.push_back({folder.root / name, name, label});
        else
            missing.push_back(name);
    }
    if (folder.entries.empty())
        return fail(ErrorCode::InvalidArgument, shown + " names no image of the folder", folder.root.string());
    std::vector<std::string> unlabelled;
    for (const std::string& name : listing.images)
        if (!labels.classOf.contains(name))
            unlabelled.push_back(name);
    if (!missing.empty())
        folder.warnings.push_back(shown + " names " +
                                  counted(missing, "file that does not exist", "files that do not exist"));
    if (!unlabelled.empty())
        folder.warnings.push_back(counted(unlabelled, "image without a line in the labels left out",
                                          "images without a line in the labels left out"));
    for (const auto& [label, name] : labels.classNames) {
        if (folder.classNames.size() <= static_cast<std::size_t>(label))
            folder.classNames.resize(static_cast<std::size_t>(label) + 1);
        folder.classNames[static_cast<std::size_t>(label)] = name;
    }
    return {};
}

/// The folders in the order of the class names: by the names themselves where they are the folders' own, otherwise
/// (names for people, as many as folders) alphabetically.
Result<std::vector<std::string>> orderClasses(const std::vector<std::string>& folders,
                                              const std::vector<std::string>& names, const fs::path& namesPath)
{
    const std::set<std::string> known(names.begin(), names.end());
    const auto isKnown = [&](const std::string& folder) { return known.contains(folder); };
    if (std::all_of(folders.begin(), folders.end(), isKnown)) {
        for (const std::string& folder : folders)
            if (std::count(names.begin(), names.end(), folder) > 1)
                return fail(ErrorCode::InvalidArgument, "the class '" + folder + "' is named twice",
                            namesPath.string());
        return names;
    }
    if (folders.size() == names.size() && std::none_of(folders.begin(), folders.end(), isKnown))
        return folders;
    const auto stranger = std::find_if_not(folders.begin(), folders.end(), isKnown);
    return fail(ErrorCode::InvalidArgument,
                "the class folder '" + *stranger + "' is none of the " + std::to_string(names.size()) +
                    " class names, so its index is unknown",
                namesPath.string());
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

Result<void> addClassFolders(ImageFolder& folder, const Listing& listing, const FolderOptions& options)
{
    std::optional<fs::path> namesPath = options.classNames;
    std::error_code error;
    if (!namesPath && fs::is_regular_file(folder.root / "classes.txt", error))
        namesPath = folder.root / "classes.txt";
    std::vector<std::string> order = listing.folders;
    folder.classNames = listing.folders;
    if (namesPath) {
        QS_ASSIGN(folder.classNames, readLines(*namesPath));
        QS_ASSIGN(order, orderClasses(listing.folders, folder.classNames, *namesPath));
    }

    std::vector<std::vector<ImageEntry>> classes;
    std::vector<std::string> empty;
    for (std::size_t label = 0; label < order.size(); ++label) {
        if (!std::binary_search(listing.folders.begin(), listing.folders.end(), order[label]))
            continue;
        QS_ASSIGN(const Listing inside, list(folder.root / order[label]));
        if (inside.images.empty())
            empty.push_back(order[label]);
        auto& entries = classes.emplace_back();
        for (const std::string& name : inside.images)
            entries.push_back(
                {folder.root / order[label] / name, order[label] + "/" + name, static_cast<int>(label)});
    }
    if (!empty.empty())
        folder.warnings.push_back(counted(empty, "class folder without images", "class folders without images"));

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
Result<void> nameClasses(ImageFolder& folder, const FolderOptions& options)
{
    std::error_code error;
    const fs::path own = folder.root / "classes.txt";
    if (!options.classNames && !fs::is_regular_file(own, error))
        return {};
    QS_ASSIGN(folder.classNames, readLines(options.classNames.value_or(own)));
    std::vector<std::string> nameless;
    for (const ImageEntry& entry : folder.entries)
        if (entry.label && static_cast<std::size_t>(*entry.label) >= folder.classNames.size())
            nameless.push_back(entry.name);
    if (!nameless.empty())
        folder.warnings.push_back(
            counted(nameless, "image of a class without a name", "images of classes without a name"));
    return {};
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
    QS_ASSIGN(const Listing listing, list(root));

    ImageFolder folder;
    folder.root = root;
    std::optional<fs::path> labels = options.labels;
    if (!labels && fs::is_regular_file(root / "labels.csv", error))
        labels = root / "labels.csv";
    if (labels || !listing.images.empty()) {
        if (labels) {
            QS_CHECK(addLabelled(folder, listing, *labels));
        } else {
            for (const std::string& name : listing.images)
                folder.entries.push_back({root / name, name, std::nullopt});
            if (!listing.folders.empty())
                folder.warnings.push_back(counted(listing.folders,
                                                  "sub-folder ignored, as there are images beside it",
                                                  "sub-folders ignored, as there are images beside them"));
        }
        if (options.count)
            folder.entries = spread(std::move(folder.entries), *options.count);
        QS_CHECK(nameClasses(folder, options));
    } else {
        QS_CHECK(addClassFolders(folder, listing, options));
    }
    if (folder.entries.empty())
        return fail(ErrorCode::InvalidArgument, "no images in the folder", root.string());
    return folder;
}

} // namespace qs::images
