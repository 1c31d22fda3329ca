#include "core/images/folder_layout.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace qs::images {

namespace {

namespace fs = std::filesystem;

constexpr int kMostLevels = 3;

constexpr std::array<std::string_view, 16> kRead{".jpg", ".jpeg", ".jpe",  ".jfif", ".pjpeg", ".pjp", ".png", ".apng",
                                                 ".bmp", ".dib",  ".webp", ".tif",  ".tiff",  ".ppm", ".pgm", ".pnm"};
constexpr std::array<std::string_view, 22> kNotRead{".gif", ".avif", ".jp2", ".j2k", ".jpx", ".heic", ".heif", ".jxl",
                                                    ".tga", ".ico",  ".svg", ".exr", ".hdr", ".psd",  ".dng",  ".cr2",
                                                    ".nef", ".arw",  ".pcx", ".sgi", ".dds", ".qoi"};

/// Names of the parts of a data set: for figures, then for calibration.
constexpr std::array<std::string_view, 11> kSplits{"val",     "valid", "validation",  "eval",  "dev",     "test",
                                                   "testing", "calib", "calibration", "train", "training"};
constexpr std::array<std::string_view, 11> kCalibrationSplits{
    "calib", "calibration", "train", "training", "val", "valid", "validation", "eval", "dev", "test", "testing"};

std::string small(std::string text)
{
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool isSplit(const std::string& name)
{
    return std::ranges::find(kSplits, small(name)) != kSplits.end();
}

void addSkipped(std::map<std::string, std::size_t>& all, const std::map<std::string, std::size_t>& more)
{
    for (const auto& [extension, count] : more)
        all[extension] += count;
}

void saySkipped(std::vector<Doubt>& doubts, const std::map<std::string, std::size_t>& skipped)
{
    if (skipped.empty())
        return;
    std::size_t total = 0;
    std::string kinds;
    for (const auto& [extension, count] : skipped) {
        total += count;
        kinds.append(kinds.empty() ? "" : ", ").append(std::to_string(count)).append(" ").append(extension);
    }
    Doubt doubt{DoubtKind::SkippedFiles,
                std::to_string(total) + (total == 1 ? " image file is" : " image files are") +
                    " of a kind that is not read: " + kinds,
                "convert them to PNG or JPEG",
                {}};
    for (const auto& [extension, count] : skipped)
        doubt.evidence[extension] = static_cast<double>(count);
    doubts.push_back(std::move(doubt));
}

tl::unexpected<Error> noImages(const fs::path& root, const std::map<std::string, std::size_t>& skipped)
{
    std::vector<Doubt> said;
    saySkipped(said, skipped);
    return fail(ErrorCode::InvalidArgument,
                "no images in the folder" + (said.empty() ? std::string() : "; " + said[0].text()), root.string());
}

/// Sub-folders of a folder and what they hold.
struct Inside {
    std::vector<std::string> names;
    std::vector<Listing> listings;
    bool anyImages() const
    {
        return std::ranges::any_of(listings, [](const Listing& l) { return !l.images.empty(); });
    }
};

Result<Inside> look(const fs::path& root, const std::vector<std::string>& folders)
{
    Inside inside;
    inside.names = folders;
    for (const std::string& name : folders) {
        QS_ASSIGN(Listing listing, listFolder(root / name));
        inside.listings.push_back(std::move(listing));
    }
    return inside;
}

/// Classes whose images are one level too deep: below each folder exactly one folder with images. Empty: not so.
Result<std::vector<ClassFolder>> deeperClasses(const fs::path& root, const Inside& inside,
                                               std::map<std::string, std::size_t>& skipped)
{
    std::vector<ClassFolder> classes;
    for (std::size_t i = 0; i < inside.names.size(); ++i) {
        ClassFolder found{inside.names[i], {}};
        for (const std::string& below : inside.listings[i].folders) {
            QS_ASSIGN(const Listing deep, listFolder(root / found.name / below));
            addSkipped(skipped, deep.skipped);
            if (deep.images.empty())
                continue;
            if (!found.images.empty())
                return std::vector<ClassFolder>{};
            for (const std::string& image : deep.images)
                found.images.push_back(found.name + "/" + below + "/" + image);
        }
        classes.push_back(std::move(found));
    }
    if (std::ranges::all_of(classes, [](const ClassFolder& c) { return c.images.empty(); }))
        classes.clear();
    return classes;
}

/// The part of the data set to take, first choice first.
std::vector<std::string> splitsOf(const std::vector<std::string>& folders, bool forCalibration)
{
    std::vector<std::string> found;
    for (const std::string_view wanted : forCalibration ? kCalibrationSplits : kSplits)
        for (const std::string& name : folders)
            if (small(name) == wanted)
                found.push_back(name);
    return found;
}

Result<Layout> find(const fs::path& root, bool forCalibration, int level);

Result<Layout> oneDown(const fs::path& root, const std::string& name, const std::vector<std::string>& others,
                       bool forCalibration, int level)
{
    QS_ASSIGN(Layout layout, find(root / name, forCalibration, level + 1));
    std::string message = "the images were looked for in " + name + "/ of " + root.string();
    std::string rest;
    for (const std::string& other : others)
        if (other != name)
            rest.append(rest.empty() ? "" : ", ").append(other).append("/");
    layout.doubts.insert(layout.doubts.begin(), {DoubtKind::FolderLevel,
                                                 message + (rest.empty() ? "" : ", not in " + rest),
                                                 "name the folder itself, " + (root / name).string() + " or another",
                                                 {}});
    return layout;
}

Result<Layout> find(const fs::path& root, bool forCalibration, int level)
{
    QS_ASSIGN(Listing listing, listFolder(root));
    Layout layout;
    layout.root = root;
    std::map<std::string, std::size_t> skipped = listing.skipped;
    if (!listing.images.empty()) {
        layout.images = std::move(listing.images);
        layout.ignored = std::move(listing.folders);
        saySkipped(layout.doubts, skipped);
        return layout;
    }
    QS_ASSIGN(const Inside inside, look(root, listing.folders));
    for (const Listing& one : inside.listings)
        addSkipped(skipped, one.skipped);
    const std::vector<std::string> splits = splitsOf(listing.folders, forCalibration);
    if (inside.anyImages()) {
        const bool allSplits = std::ranges::all_of(listing.folders, isSplit);
        if (allSplits && level < kMostLevels) {
            const auto holds = [&](const std::string& name) {
                const auto at = std::ranges::find(inside.names, name) - inside.names.begin();
                return !inside.listings[static_cast<std::size_t>(at)].images.empty();
            };
            return oneDown(root, *std::ranges::find_if(splits, holds), listing.folders, forCalibration, level);
        }
        for (std::size_t i = 0; i < inside.names.size(); ++i) {
            ClassFolder one{inside.names[i], {}};
            for (const std::string& image : inside.listings[i].images)
                one.images.push_back(one.name + "/" + image);
            layout.classes.push_back(std::move(one));
        }
        saySkipped(layout.doubts, skipped);
        return layout;
    }
    if (level < kMostLevels)
        for (const std::string& split : splits)
            if (auto below = oneDown(root, split, listing.folders, forCalibration, level))
                return below;
    const bool single = listing.folders.size() == 1;
    const auto isImagesFolder = [](const std::string& name) {
        return small(name) == "images" || small(name) == "image" || small(name) == "img" || small(name) == "imgs";
    };
    const bool wrapsClass =
        single && inside.listings[0].folders.size() == 1 && isImagesFolder(inside.listings[0].folders[0]);
    if (!single || wrapsClass) {
        QS_ASSIGN(layout.classes, deeperClasses(root, inside, skipped));
        if (!layout.classes.empty()) {
            const auto first =
                std::ranges::find_if(layout.classes, [](const ClassFolder& c) { return !c.images.empty(); });
            layout.doubts.push_back(
                {DoubtKind::FolderLevel,
                 "the images of the classes lie one folder deeper: " + first->images[0],
                 "nothing to do if the classes are " + inside.names.front() + " to " + inside.names.back(),
                 {}});
            saySkipped(layout.doubts, skipped);
            return layout;
        }
    }
    if (single && level < kMostLevels)
        if (auto below = oneDown(root, listing.folders[0], listing.folders, forCalibration, level))
            return below;
    return noImages(root, skipped);
}

} // namespace

Result<Listing> listFolder(const fs::path& folder)
{
    std::error_code error;
    Listing listing;
    fs::directory_iterator it(folder, error);
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
        const std::string name = it->path().filename().string();
        std::error_code unknown; // a dangling link, say: neither file nor folder
        if (name.starts_with('.'))
            continue;
        if (it->is_directory(unknown)) {
            listing.folders.push_back(name);
        } else if (it->is_regular_file(unknown)) {
            const std::string extension = small(it->path().extension().string());
            if (std::ranges::find(kRead, extension) != kRead.end())
                listing.images.push_back(name);
            else if (std::ranges::find(kNotRead, extension) != kNotRead.end())
                ++listing.skipped[extension];
        }
    }
    if (error)
        return fail(ErrorCode::Io, "cannot read the folder: " + error.message(), folder.string());
    std::ranges::sort(listing.images);
    std::ranges::sort(listing.folders);
    return listing;
}

Result<Layout> findLayout(const fs::path& root, bool forCalibration)
{
    return find(root, forCalibration, 0);
}

std::string counted(const std::vector<std::string>& names, std::string_view singular, std::string_view plural)
{
    std::string text = std::to_string(names.size()) + " ";
    text.append(names.size() == 1 ? singular : plural).append(": ");
    for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 3); ++i)
        text.append(i == 0 ? "" : ", ").append(names[i]);
    return names.size() > 3 ? text + ", ..." : text;
}

} // namespace qs::images
