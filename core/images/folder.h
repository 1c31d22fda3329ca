#pragma once

#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/images/preprocess.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qs::images {

struct ImageEntry {
    std::filesystem::path path;
    std::string name; ///< relative to the folder
    std::optional<int> label;
};

/// A folder of images in one of three forms:
///   flat with labels.csv (`file,class_index,...`; a header line is optional), one sub-folder per class (classes in
///   alphabetical order, or in the order of classes.txt), or flat and unlabelled.
/// The order is fixed: by name. With class folders it is interleaved (first of each class, second of each class, ...),
/// so that any prefix is balanced. Images lying beside sub-folders make the folder flat. Hidden files stay out.
/// Labels: see labels.h; images without a label are left out then, with a warning. Names of classes come from
/// FolderOptions::classNames, else classes.txt, else the column class_name of the labels, else the class folders.
struct ImageFolder {
    std::filesystem::path root;
    std::vector<ImageEntry> entries;
    std::vector<std::string> classNames; ///< index = label; empty where unknown
    std::vector<std::string> warnings;   ///< e.g. "labels.csv names 3 files that do not exist"
};

/// Options of openFolder.
struct FolderOptions {
    std::optional<std::filesystem::path> labels;     ///< instead of <folder>/labels.csv
    std::optional<std::filesystem::path> classNames; ///< one name a line, line n = class n
    std::optional<std::size_t> count;                ///< at most so many, evenly spread; of class folders equal shares
};

/// Errors: NotFound, Io, Malformed (labels with the line number in `where`; negative or non-numeric class), InvalidArgument
/// (no images in the folder; not a folder; a class folder that is none of the class names; count 0).
Result<ImageFolder> openFolder(const std::filesystem::path& root, const FolderOptions& options = {});

/// The images of a folder under a transform, decoded when they are asked for.
std::shared_ptr<const exec::ImageSource> makeSource(ImageFolder folder, const Preprocess& preprocess);

/// Pixels of one image as people see it: decoded, resized and cropped as the model sees it, not normalised.
Result<Pixels> thumbnail(const ImageEntry& entry, const Preprocess& preprocess);

} // namespace qs::images
