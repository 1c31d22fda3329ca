// Based on: torchvision Resize and CenterCrop, ultralytics LetterBox, segment_anything ResizeLongestSide, and DPT's
// rounding of sides to multiples (constrain_to_multiple_of), as documented.
// Deviations: DPT rounds its numbers after a division in floating point, here ties are exact.

#include "core/images/geometry.h"

#include <algorithm>
#include <string>

namespace qs::images {

namespace {

constexpr int64_t kMaxPixels = 100'000'000;

struct Size {
    int64_t width = 0;
    int64_t height = 0;
};

/// a / b to the nearest integer, halves to even as Python's round(); a >= 0, b > 0.
int64_t roundedQuotient(int64_t a, int64_t b)
{
    const int64_t floor = a / b;
    const int64_t twice = a % b * 2;
    return twice > b || (twice == b && floor % 2 != 0) ? floor + 1 : floor;
}

/// One axis of the crop: `count` pixels from `from` on in the resized image go to `to` on in the result.
struct Span1d {
    int from = 0;
    int to = 0;
    int count = 0;
};

Span1d cropSpan(int size, int crop, Padding::Place place)
{
    if (size >= crop)
        return {static_cast<int>(roundedQuotient(size - crop, 2)), 0, crop};
    return {0, place == Padding::Place::Centre ? (crop - size) / 2 : 0, size};
}

/// The box that ResizeTo::Input fills.
Size boxOf(const Preprocess& p)
{
    const int64_t longer = std::max(p.cropWidth, p.cropHeight);
    return {std::max<int64_t>(1, int64_t{p.cropWidth} * *p.resize / longer),
            std::max<int64_t>(1, int64_t{p.cropHeight} * *p.resize / longer)};
}

/// The largest size of the photograph's proportions in the box.
Size fitted(Size photo, Size box)
{
    if (box.width * photo.height <= box.height * photo.width)
        return {box.width,
                std::clamp<int64_t>(roundedQuotient(photo.height * box.width, photo.width), 1, box.height)};
    return {std::clamp<int64_t>(roundedQuotient(photo.width * box.height, photo.height), 1, box.width), box.height};
}

/// The photograph with its shorter or longer side `resize`.
Size bySide(const Preprocess& p, Size photo)
{
    const int64_t shorter = std::min(photo.width, photo.height);
    const int64_t longer = std::max(photo.width, photo.height);
    const bool wide = photo.width > photo.height;
    const int64_t side = *p.resize;
    if (p.to == ResizeTo::Shorter) {
        const int64_t other = side * longer / shorter; // equals int() of the quotient: both are exact
        return wide ? Size{other, side} : Size{side, other};
    }
    const int64_t other = std::max<int64_t>(1, (2 * side * shorter + longer) / (2 * longer));
    return wide ? Size{side, other} : Size{other, side};
}

int64_t toMultiple(int64_t size, int64_t multiple, int64_t most)
{
    const int64_t rounded = roundedQuotient(size, multiple) * multiple;
    return std::max(multiple, rounded > most ? most / multiple * multiple : rounded);
}

Size resizedSize(const Preprocess& p, Size photo)
{
    if (!p.resize)
        return photo;
    const bool boxed = p.to == ResizeTo::Input;
    const Size box = boxed ? boxOf(p) : Size{*p.resize, *p.resize};
    const Size size = p.squash ? box : boxed ? fitted(photo, box) : bySide(p, photo);
    if (p.multiple == 1)
        return size;
    const bool bounded = boxed || p.squash || p.to == ResizeTo::Longer;
    return {toMultiple(size.width, p.multiple, bounded ? box.width : kMaxPixels),
            toMultiple(size.height, p.multiple, bounded ? box.height : kMaxPixels)};
}

/// Nearest neighbour along one axis; -1: padding.
int64_t nearest(int at, int placedFrom, int keptFrom, int count, int resized, int64_t pictureSize)
{
    if (at < placedFrom || at >= placedFrom + count)
        return -1;
    return (2 * int64_t{at - placedFrom + keptFrom} + 1) * pictureSize / (2 * int64_t{resized});
}

} // namespace

int64_t Geometry::nearestColumn(int inputColumn, int64_t pictureWidth) const
{
    return nearest(inputColumn, placed.x, kept.x, placed.width, resizedWidth, pictureWidth);
}

int64_t Geometry::nearestRow(int inputRow, int64_t pictureHeight) const
{
    return nearest(inputRow, placed.y, kept.y, placed.height, resizedHeight, pictureHeight);
}

Result<Geometry> geometryOf(const Preprocess& preprocess, int width, int height)
{
    QS_CHECK(checkPreprocess(preprocess));
    if (width < 1 || height < 1)
        return fail(ErrorCode::InvalidArgument, "the image has no pixels");
    const Size size = resizedSize(preprocess, {width, height});
    if (preprocess.resize && size.width > kMaxPixels / size.height)
        return fail(ErrorCode::TooLarge, "resized to more than 100 megapixels: the image is too narrow");
    Geometry g{.photoWidth = width,
               .photoHeight = height,
               .resizedWidth = static_cast<int>(size.width),
               .resizedHeight = static_cast<int>(size.height),
               .inputWidth = preprocess.cropWidth,
               .inputHeight = preprocess.cropHeight,
               .kept = {},
               .placed = {}};
    const Span1d x = cropSpan(g.resizedWidth, g.inputWidth, preprocess.padding.place);
    const Span1d y = cropSpan(g.resizedHeight, g.inputHeight, preprocess.padding.place);
    g.kept = {x.from, y.from, x.count, y.count};
    g.placed = {x.to, y.to, x.count, y.count};
    return g;
}

} // namespace qs::images
