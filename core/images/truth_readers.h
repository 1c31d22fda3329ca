#pragma once

#include "core/images/geometry.h"
#include "core/images/raw_picture.h"
#include "core/images/truths.h"

#include <map>
#include <utility>

/// How the kinds of truths are read: parts of truths.h.
namespace qs::images {

/// Truths of one kind, and which images have one.
struct OpenedTruths {
    std::shared_ptr<const tasks::TruthSource> source;
    std::vector<bool> known; ///< by image
    std::vector<std::string> classNames;
    std::vector<Doubt> doubts;
    std::vector<std::filesystem::path> files{}; ///< that they are read from
};

Result<OpenedTruths> openMasks(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess);
Result<OpenedTruths> openMaps(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess);
Result<OpenedTruths> openBoxes(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess,
                               const Context& context);
Result<OpenedTruths> openText(const TruthRequest& request, const ImageFolder& folder);
Result<OpenedTruths> openClassSets(const TruthRequest& request, const ImageFolder& folder);

/// Truths that fit into memory together. monostate: none. (size() of them are the folder's images.)
OpenedTruths listedTruths(std::vector<tasks::Truth> truths);

/// Finds the entry of a folder that a written name means: as ImageNames of label_rows.h, and by the name without
/// folders where only one entry is called so.
class EntryNames {
public:
    explicit EntryNames(const ImageFolder& folder);
    std::optional<std::size_t> find(const std::string& written) const;
    /// Whether it is the name of an entry, or of a file of the folder that is none (not among those that were
    /// opened).
    bool knows(const std::string& written) const;

private:
    std::filesystem::path m_root;
    std::map<std::string, std::size_t, std::less<>> m_names; ///< by name, relative to the folder
    std::map<std::string, std::size_t, std::less<>> m_files; ///< by name without folders; kTwice: of two entries
    std::map<std::string, std::size_t, std::less<>> m_stems; ///< the same without extension
};

/// Whether a picture of width × height shows a photograph of that size, or a copy of other size: the proportions are
/// equal within the rounding of a resize, |width · photo.height - height · photo.width| <= (photo sides) / 2.
bool sameProportions(int64_t width, int64_t height, PictureSize photo);

/// "320 × 240".
std::string sizeText(int64_t width, int64_t height);

} // namespace qs::images
