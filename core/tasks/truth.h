#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace qs::tasks {

/// A box of an object, in pixels of the model's input: x to the right, y downwards, corners of the box.
struct TrueBox {
    float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    int category = 0;   ///< index of the class, 0-based
    double area = 0;    ///< of the object in the photograph, pixels²: what COCO's small, medium and large go by
    bool crowd = false; ///< a group: what finds it is neither right nor wrong
};

/// Classes of the pixels of a picture, row-major.
struct TrueMask {
    static constexpr uint8_t kIgnored = 255; ///< neither right nor wrong
    int64_t height = 0, width = 0;
    std::vector<uint8_t> classes;
};

/// A value for each pixel of a picture (metres, say), row-major.
struct TrueMap {
    int64_t height = 0, width = 0;
    std::vector<float> values; ///< not finite, or not above 0 for depth: not known
};

/// What is right for one image, as people said; monostate: nothing was said.
using Truth = std::variant<std::monostate,
                           int,                  ///< the class
                           std::vector<int>,     ///< all classes of several
                           TrueMask,             ///< segmentation
                           std::vector<TrueBox>, ///< detection
                           TrueMap,              ///< depth and the like
                           std::string>;         ///< text, UTF-8

/// Truths of the images of an exec::ImageSource, in its order, read one at a time: masks do not fit into memory
/// together. They lie in the geometry of the model's input, as the images do (resized, cropped, padded alike).
/// Implementations are safe to call from several threads at once.
class TruthSource {
public:
    virtual ~TruthSource() = default;
    virtual std::size_t size() const = 0;
    /// Errors: what keeps the file from being read, with its path in `where`.
    virtual Result<Truth> of(std::size_t image) const = 0;
    /// Hash of the files that they are read from and of how they are read; "": not known.
    virtual std::string key() const { return {}; }
};

} // namespace qs::tasks
