#pragma once

#include "core/images/preprocess.h"

namespace qs::images {

/// Pixels [x, x + width) × [y, y + height) of an image.
struct Region {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;

    friend bool operator==(const Region&, const Region&) = default;
};

/// `region` of resize(src, width, height, interpolation), bit for bit, without computing the rest.
/// src: not empty; width, height >= 1; region: inside [0, width) × [0, height).
Pixels resizeRegion(const Pixels& src, int width, int height, Interpolation interpolation, const Region& region);

/// The transform up to the normalisation: cropHeight × cropWidth pixels, padding by the mean as its nearest colour.
/// Errors: as apply().
Result<Pixels> resizeAndCrop(const Preprocess& preprocess, const Pixels& src);

/// Whether the settings make sense. Errors: InvalidArgument with the JSON key in `where`.
Result<void> checkPreprocess(const Preprocess& preprocess);

} // namespace qs::images
