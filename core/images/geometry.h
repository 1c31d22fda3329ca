#pragma once

#include "core/images/resample.h"

namespace qs::images {

/// A place of a picture, x to the right, y downwards, in pixels: pixel i covers [i, i + 1), so (0, 0) is the corner
/// of the picture and COCO's boxes are such coordinates.
struct Point {
    double x = 0;
    double y = 0;
};

/// Where the pixels of one photograph go in the model's input: the photograph is resized, `kept` of it is cut out and
/// laid on `placed` of the input; the rest of the input is padding.
///   input = photo · scale + offset, per axis;  scale = resized / photo;  offset = placed - kept
struct Geometry {
    int photoWidth = 0, photoHeight = 0;
    int resizedWidth = 0, resizedHeight = 0;
    int inputWidth = 0, inputHeight = 0;
    Region kept;   ///< of the resized photograph
    Region placed; ///< of the model's input, of the same size

    double scaleX() const { return static_cast<double>(resizedWidth) / photoWidth; }
    double scaleY() const { return static_cast<double>(resizedHeight) / photoHeight; }
    double offsetX() const { return placed.x - kept.x; }
    double offsetY() const { return placed.y - kept.y; }
    Point toInput(Point photo) const { return {photo.x * scaleX() + offsetX(), photo.y * scaleY() + offsetY()}; }
    Point toPhoto(Point input) const { return {(input.x - offsetX()) / scaleX(), (input.y - offsetY()) / scaleY()}; }

    /// The column of a picture of the whole photograph, `pictureWidth` columns wide, in which the centre of a column
    /// of the input lies: nearest neighbour, floor((resizedColumn + 1/2) · pictureWidth / resizedWidth) in integers.
    /// -1: the column is padding. Result in [0, pictureWidth). nearestRow the same, for rows.
    int64_t nearestColumn(int inputColumn, int64_t pictureWidth) const;
    int64_t nearestRow(int inputRow, int64_t pictureHeight) const;

    friend bool operator==(const Geometry&, const Geometry&) = default;
};

/// How a transform lays a photograph of width × height pixels. It decides for the images too (apply(), thumbnail()).
/// Errors: InvalidArgument (a setting; a photograph without pixels), TooLarge (resized to over 100 megapixels).
Result<Geometry> geometryOf(const Preprocess& preprocess, int width, int height);

} // namespace qs::images
