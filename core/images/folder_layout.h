#pragma once

#include "core/base/doubt.h"
#include "core/base/error.h"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qs::images {

/// Images and sub-folders of one folder, by name; hidden ones stay out.
struct Listing {
    std::vector<std::string> images;
    std::vector<std::string> folders;
    std::map<std::string, std::size_t> skipped; ///< ".gif" -> number of files that are images and are not read
};
/// Errors: Io.
Result<Listing> listFolder(const std::filesystem::path& folder);

/// One class folder and its images, relative to the root: "dog/1.jpg", "dog/images/1.jpg".
struct ClassFolder {
    std::string name;
    std::vector<std::string> images;
};

/// Where the images of a folder lie.
struct Layout {
    std::filesystem::path root;       ///< the folder that was asked for, or one below it (val/)
    std::vector<std::string> images;  ///< flat: relative to root
    std::vector<std::string> ignored; ///< flat: sub-folders beside the images
    std::vector<ClassFolder> classes; ///< else: by name
    std::vector<Doubt> doubts;        ///< FolderLevel, SkippedFiles
};

/// Looks at a folder as people name it:
///   images in it: flat, whatever lies below;
///   folders with images: classes, unless all of them are called train, val, test and the like: then the one of these
///   that fits the purpose (calibration: train first; otherwise val, test, train), flat;
///   folders with folders: such a split, or the only folder, one level down (at most kMostLevels times); or classes
///   whose images are one level too deep (class/images/x.jpg).
/// What is not the plain case is said in `doubts`.
/// Errors: Io; InvalidArgument (no images; folders whose images lie at several levels).
Result<Layout> findLayout(const std::filesystem::path& root, bool forCalibration);

/// "3 files that ...: a, b, c, ...".
std::string counted(const std::vector<std::string>& names, std::string_view singular, std::string_view plural);

} // namespace qs::images
