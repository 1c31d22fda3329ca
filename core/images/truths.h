#pragma once

#include "core/base/context.h"
#include "core/images/class_list.h"
#include "core/images/folder.h"
#include "core/tasks/truth.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::images {

/// What is known of the images, and in which files people keep it.
enum class TruthKind {
    Classes,   ///< one class an image: the labels of the ImageFolder itself (folder.h, labels.h)
    ClassSets, ///< several classes an image: a list
    Masks,     ///< the class of every pixel: a folder of PNGs
    Boxes,     ///< objects: a COCO JSON
    Maps,      ///< a value for every pixel: a folder of PNGs or .npy files
    Text,      ///< what is written: a list
};

/// One line of the list of kinds.
struct TruthKindDef {
    TruthKind kind = TruthKind::Classes;
    std::string_view name;  ///< of files and of the command line: "masks"
    std::string_view words; ///< one sentence on the files
};
std::span<const TruthKindDef> truthKinds();
const TruthKindDef* findTruthKind(std::string_view name);

/// How files of truths are to be read. What does not concern a kind is not looked at.
struct TruthOptions {
    /// Classes of the model: others are an error of the image (Masks, Boxes) or line. nullopt: not checked.
    std::optional<int64_t> classes{};
    ClassList classNames{};        ///< ClassSets: classes by name
    bool reduceZero = false;       ///< Masks: 0 becomes ignored, others less by one (ADE20K's reduce_zero_label)
    int ignored = 255;             ///< Masks: value of the file that is neither right nor wrong; 255 always is
    bool categoryIds = false;      ///< Boxes: classes are the category ids themselves (91 of DETR), not their order
    std::optional<double> scale{}; ///< Maps: value of the file per unit (KITTI 256, NYU 1000); nullopt: 1
    bool zeroUnknown = true;       ///< Maps: 0 is not known (depth), not a value (mattes, saliency)

    friend bool operator==(const TruthOptions&, const TruthOptions&) = default;
};

/// Files of truths for a folder of images.
struct TruthRequest {
    TruthKind kind = TruthKind::Classes;
    std::filesystem::path path{}; ///< folder or file; of Classes not looked at
    TruthOptions options{};

    friend bool operator==(const TruthRequest&, const TruthRequest&) = default;
};

/// The truths of a folder's images, in the geometry of the model's input.
struct Truths {
    std::shared_ptr<const tasks::TruthSource> source; ///< in the order of the folder's entries
    std::size_t known = 0;                            ///< images with a truth
    std::vector<std::string> classNames;              ///< by class, where the files tell (Boxes); "": not named
    std::vector<Doubt> doubts;                        ///< Labels, Assumption
};

/// Opens the truths of `folder` as its images come to the model through `preprocess` (see geometry.h).
///   Masks, Maps: a file by the name of the image with the extension .png (Maps: .npy or .png), in the same
///   sub-folder or directly in `path`; also "a.jpg.png". Of one channel; palettes count as indices. It covers the
///   photograph and has its size, or its proportions. Each pixel of the input takes the one that its centre lies in
///   (no value is ever made up between two); padding is ignored (Masks) or NaN (Maps). .npy: [height, width], sizes
///   of 1 aside. Boxes: COCO's instances JSON. Images by file_name, with or without folders; bbox [x, y, width,
///   height] moves with the geometry and is cut at the edge of the image; what lies outside altogether is left out.
///   Classes: place of the category id among all in ascending order, or the ids. Images of the JSON without
///   annotations have no objects; images that the JSON does not name have no truth. Text, ClassSets: lines
///   "name<TAB>value", "name,value" or "name value" (whichever names images; quotes as in CSV), a JSON map of name to
///   value, or one value a line in the order of the names of all images in the folder. UTF-8. A name without a value
///   is an empty text, no classes. ClassSets: rows of 0 and 1, one for each class, or class indices or names,
///   separated by blanks, commas or ';'.
/// Nothing is kept in memory but names, lists and boxes; pictures are read when they are asked for.
/// Errors: NotFound, Io, TooLarge (a file over 256 MiB); Malformed with file and line or JSON path in `where`;
/// InvalidArgument (no image has a truth; an option); Cancelled. Of TruthSource::of: those of readRawPng() and
/// readNpy(), ShapeMismatch (another size than the photograph), InvalidArgument (a class that the model does not
/// have).
Result<Truths> openTruths(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess,
                          const Context& context = {});

} // namespace qs::images
