#pragma once

#include "core/base/context.h"
#include "core/base/error.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace qs::images {

/// An object of an image, in pixels of the photograph.
struct CocoObject {
    std::array<double, 4> box{}; ///< x, y, width, height as written; sides >= 0
    double area = 0;             ///< pixels²; of the box where the file has none
    int category = 0;            ///< class
    bool crowd = false;
};

struct CocoImage {
    std::string file;              ///< file_name as written
    int64_t width = 0, height = 0; ///< as written; 0: not said
    std::vector<CocoObject> objects;
};

/// A COCO instances file.
struct CocoFile {
    std::vector<CocoImage> images;
    std::vector<std::string> classNames; ///< by class; "": no category has the id
};

/// Reads images (id, file_name, width, height), annotations (image_id, category_id, bbox, area, iscrowd) and
/// categories (id, name); everything else, polygons above all, is passed over and not kept. A category's class is its
/// place among the ids in ascending order, or with `categoryIds` the id. Errors: NotFound, Io, TooLarge; Cancelled;
/// Malformed with "file: annotations[12].bbox" in `where`: no JSON (with line and column), nested deeper than 64, a
/// missing list or member, a value of another kind, an id or file_name twice, an annotation of an unknown image or
/// category, a category id outside 0 to 100,000, a box with a negative side. Source: cocodataset.org/#format-data.
Result<CocoFile> readCoco(const std::filesystem::path& path, bool categoryIds, const Context& context);

} // namespace qs::images
