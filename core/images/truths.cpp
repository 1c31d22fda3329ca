#include "core/images/truths.h"

#include "core/base/file.h"
#include "core/images/folder_layout.h"
#include "core/images/truth_readers.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <new>

namespace qs::images {

namespace {

constexpr std::array<TruthKindDef, 6> kKinds{{
    {TruthKind::Classes, "classes", "one class an image: the labels of the folder"},
    {TruthKind::ClassSets, "class-sets",
     "several classes an image: a list of names with rows of 0 and 1, or with class indices"},
    {TruthKind::Masks, "masks",
     "the class of every pixel: a folder of PNGs of the images' names, grey or with a palette"},
    {TruthKind::Boxes, "boxes", "objects and their boxes: COCO's instances JSON"},
    {TruthKind::Maps, "maps",
     "a value for every pixel (depth): a folder of 16-bit PNGs or .npy files of the images' names"},
    {TruthKind::Text, "text", "what is written in the image: a list of names and texts"},
}};

constexpr std::size_t kLongestName = 4096; ///< PATH_MAX of Linux
constexpr std::size_t kTwice = static_cast<std::size_t>(-1);

class ListedTruths final : public tasks::TruthSource {
public:
    explicit ListedTruths(std::vector<tasks::Truth> truths) : m_truths(std::move(truths)) {}
    std::size_t size() const override { return m_truths.size(); }
    Result<tasks::Truth> of(std::size_t image) const override
    {
        if (image >= m_truths.size())
            return fail(ErrorCode::InvalidArgument, "the truth of image " + std::to_string(image) + " of " +
                                                        std::to_string(m_truths.size()) + " asked for");
        return m_truths[image];
    }

private:
    std::vector<tasks::Truth> m_truths;
};

/// Truths with the key of what they are read from.
class KeyedTruths final : public tasks::TruthSource {
public:
    KeyedTruths(std::shared_ptr<const tasks::TruthSource> source, std::string key)
        : m_source(std::move(source)), m_key(std::move(key))
    {
    }
    std::size_t size() const override { return m_source->size(); }
    Result<tasks::Truth> of(std::size_t image) const override { return m_source->of(image); }
    std::string key() const override { return m_key; }

private:
    std::shared_ptr<const tasks::TruthSource> m_source;
    std::string m_key;
};

/// Of the contents of the files, and of everything that decides how they are read.
Result<std::string> keyOf(const TruthRequest& request, const OpenedTruths& opened, const ImageFolder& folder,
                          const Preprocess& preprocess, const Context& context)
{
    const TruthOptions& o = request.options;
    std::string text = std::to_string(static_cast<int>(request.kind)) + ' ' + std::to_string(o.classes.value_or(-1)) +
                       ' ' + std::to_string(o.reduceZero) + ' ' + std::to_string(o.ignored) + ' ' +
                       std::to_string(o.categoryIds) + ' ' + std::to_string(o.scale.value_or(0)) + ' ' +
                       std::to_string(o.zeroUnknown) + '\n' + nlohmann::json(preprocess).dump() + '\n';
    for (const std::string& name : o.classNames.names())
        text += name + '\n';
    for (const ImageEntry& entry : folder.entries)
        text += entry.name + ' ' + std::to_string(entry.label.value_or(-1)) + '\n';
    std::vector<std::filesystem::path> files = opened.files;
    std::error_code error;
    if (files.empty() && std::filesystem::is_regular_file(request.path, error))
        files.push_back(request.path);
    for (const std::filesystem::path& path : files) {
        if (context.stopRequested())
            return cancelled();
        QS_ASSIGN(const FileBytes file, FileBytes::read(path));
        text += contentHash(file.bytes());
    }
    return contentHash(text);
}

OpenedTruths labelsOf(const ImageFolder& folder)
{
    std::vector<tasks::Truth> truths(folder.entries.size());
    for (std::size_t i = 0; i < truths.size(); ++i)
        if (folder.entries[i].label)
            truths[i] = *folder.entries[i].label;
    OpenedTruths opened = listedTruths(std::move(truths));
    opened.classNames = folder.classNames;
    return opened;
}

Result<OpenedTruths> openKind(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess,
                              const Context& context)
{
    switch (request.kind) {
    case TruthKind::Classes:
        return labelsOf(folder);
    case TruthKind::ClassSets:
        return openClassSets(request, folder);
    case TruthKind::Masks:
        return openMasks(request, folder, preprocess);
    case TruthKind::Boxes:
        return openBoxes(request, folder, preprocess, context);
    case TruthKind::Maps:
        return openMaps(request, folder, preprocess);
    case TruthKind::Text:
        return openText(request, folder);
    }
    return fail(ErrorCode::Internal, "a kind of truths without a reader");
}

Result<void> checkRequest(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess)
{
    QS_CHECK(checkPreprocess(preprocess));
    if (folder.entries.empty())
        return fail(ErrorCode::InvalidArgument, "no images in the folder", folder.root.string());
    const TruthOptions& options = request.options;
    if (options.ignored < 0 || options.ignored > 255)
        return fail(ErrorCode::InvalidArgument, "the ignored value of masks must be 0 to 255", "ignored");
    if (options.scale && !(*options.scale > 0 && *options.scale < 1e9))
        return fail(ErrorCode::InvalidArgument, "the scale of maps must be a number above 0", "scale");
    return {};
}

std::size_t uniqueIn(const std::map<std::string, std::size_t, std::less<>>& names, const std::string& name)
{
    const auto found = names.find(name);
    return found == names.end() ? kTwice : found->second;
}

void addUnique(std::map<std::string, std::size_t, std::less<>>& names, const std::string& name, std::size_t entry)
{
    const auto [known, isNew] = names.emplace(name, entry);
    if (!isNew)
        known->second = kTwice;
}

} // namespace

std::span<const TruthKindDef> truthKinds()
{
    return kKinds;
}

const TruthKindDef* findTruthKind(std::string_view name)
{
    const auto found = std::ranges::find(kKinds, name, &TruthKindDef::name);
    return found == kKinds.end() ? nullptr : &*found;
}

OpenedTruths listedTruths(std::vector<tasks::Truth> truths)
{
    OpenedTruths opened;
    for (const tasks::Truth& truth : truths)
        opened.known.push_back(!std::holds_alternative<std::monostate>(truth));
    opened.source = std::make_shared<const ListedTruths>(std::move(truths));
    return opened;
}

EntryNames::EntryNames(const ImageFolder& folder) : m_root(folder.root)
{
    for (std::size_t i = 0; i < folder.entries.size(); ++i) {
        const std::filesystem::path name(folder.entries[i].name);
        m_names.emplace(name.generic_string(), i);
        addUnique(m_files, name.filename().string(), i);
        addUnique(m_stems, name.stem().string(), i);
    }
}

std::optional<std::size_t> EntryNames::find(const std::string& written) const
{
    if (written.empty() || written.find('\0') != std::string::npos)
        return std::nullopt;
    const std::filesystem::path path(written);
    for (std::string rest = path.lexically_normal().generic_string();;) {
        if (const auto found = m_names.find(rest); found != m_names.end())
            return found->second;
        const std::size_t slash = rest.find('/');
        if (slash == std::string::npos)
            break;
        rest.erase(0, slash + 1);
    }
    std::size_t entry = uniqueIn(m_files, path.filename().string());
    if (entry == kTwice)
        entry = uniqueIn(m_stems, path.filename().string());
    return entry == kTwice ? std::nullopt : std::optional(entry);
}

bool EntryNames::knows(const std::string& written) const
{
    if (find(written))
        return true;
    if (written.empty() || written.find('\0') != std::string::npos || written.size() > kLongestName)
        return false;
    const std::filesystem::path path(written);
    std::error_code error;
    return std::filesystem::is_regular_file(m_root / path, error) ||
           std::filesystem::is_regular_file(m_root / path.filename(), error);
}

bool sameProportions(int64_t width, int64_t height, PictureSize photo)
{
    const int64_t difference = width * photo.height - height * photo.width;
    return 2 * std::abs(difference) <= int64_t{photo.width} + photo.height;
}

std::string sizeText(int64_t width, int64_t height)
{
    return std::to_string(width) + " × " + std::to_string(height);
}

Result<Truths> openTruths(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess,
                          const Context& context)
try {
    QS_CHECK(checkRequest(request, folder, preprocess));
    QS_ASSIGN(OpenedTruths opened, openKind(request, folder, preprocess, context));
    QS_ASSIGN(std::string key, keyOf(request, opened, folder, preprocess, context));
    Truths truths{std::make_shared<const KeyedTruths>(std::move(opened.source), std::move(key)), 0,
                  std::move(opened.classNames), std::move(opened.doubts)};
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < opened.known.size(); ++i) {
        truths.known += opened.known[i] ? 1 : 0;
        if (!opened.known[i])
            missing.push_back(folder.entries[i].name);
    }
    const std::string count = std::to_string(opened.known.size());
    if (truths.known == 0)
        return fail(ErrorCode::InvalidArgument,
                    request.kind == TruthKind::Classes
                        ? "the images have no labels"
                        : "tells nothing of the " + count + " images in " + folder.root.string() + " (" +
                              missing.front() + (missing.size() > 1 ? ", ...)" : ")"),
                    request.kind == TruthKind::Classes ? folder.root.string() : request.path.string());
    if (!missing.empty())
        truths.doubts.push_back(
            {DoubtKind::Labels,
             std::to_string(truths.known) + " of " + count + " images have a truth; " +
                 counted(missing, "image has none", "images have none"),
             {},
             {{"known", static_cast<double>(truths.known)}, {"images", static_cast<double>(opened.known.size())}}});
    return truths;
} catch (const std::bad_alloc&) {
    return fail(ErrorCode::OutOfMemory, "not enough memory for the truths", request.path.string());
}

} // namespace qs::images
