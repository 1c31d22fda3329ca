#pragma once

#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/images/preprocess.h"

#include <cstdint>
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
    std::string labelPlace = {}; ///< "labels.csv:12"; empty where the label is of a class folder
};

/// A folder of images in one of three forms:
///   flat with labels.csv (see labels.h for its forms), one sub-folder per class (classes in alphabetical order, by
///   number where all folders are numbers, or in the order of classes.txt), or flat and unlabelled.
/// The order is fixed: by name. With class folders it is interleaved (first of each class, second of each class,
/// ...), so that any prefix is balanced. Images lying beside sub-folders make the folder flat. Hidden files stay out.
/// Images above or below (val/, class/images/) are found and said, see folder_layout.h.
/// Labels: see labels.h; images without a label are left out then, with a doubt. Names of classes come from
/// FolderOptions::classNames, else classes.txt, else the column class_name of the labels, else the class folders.
struct ImageFolder {
    std::filesystem::path root;
    std::vector<ImageEntry> entries;
    std::vector<std::string> classNames; ///< index = label; empty where unknown
    /// Folders of the classes where nothing but their names tells the labels, by label; else empty. fitLabels() makes
    /// them the model's.
    std::vector<std::string> classFolders;
    std::vector<Doubt> doubts; ///< e.g. "labels.csv names 3 files that do not exist"
};

/// Options of openFolder.
struct FolderOptions {
    std::optional<std::filesystem::path> labels;     ///< instead of <folder>/labels.csv
    std::optional<std::filesystem::path> classNames; ///< see readClassList()
    std::optional<std::size_t> count; ///< at most so many, evenly spread; of class folders equal shares
    bool withoutLabels = false;       ///< a labels.csv is not looked at, class folders are only folders
    bool forCalibration = false;      ///< of train/ and val/ the first
};

/// Errors: NotFound, Io, Malformed (labels with the line number in `where`), InvalidArgument (no images in the
/// folder; not a folder; a class folder that is none of the class names; count 0).
Result<ImageFolder> openFolder(const std::filesystem::path& root, const FolderOptions& options = {});

/// The folder with labels that are classes of a model of so many.
///   As many class folders as classes: they are the classes, in order (folders 1 to n are classes 0 to n-1, and
///   said). Fewer: folders named by numbers are these classes; folders named by synsets of ImageNet are its classes
///   where the model has 1000 (or 1001, with a background first); both are said. Other names keep their alphabetical
///   order, and a doubt says that figures by labels mean nothing.
/// `offset` is then added to every label. classes 0: the model has none; labels are dropped.
/// Errors: InvalidArgument (a label outside the classes, with the line of the labels file or the image in `where`).
Result<ImageFolder> fitLabels(ImageFolder folder, int64_t classes, int offset = 0);

/// The images of a folder under a transform, decoded when they are asked for.
std::shared_ptr<const exec::ImageSource> makeSource(ImageFolder folder, const Preprocess& preprocess);

/// Pixels of one image as people see it: decoded, resized and cropped as the model sees it, not normalised.
Result<Pixels> thumbnail(const ImageEntry& entry, const Preprocess& preprocess);

} // namespace qs::images
