#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qs::exec {

class ImageSource;

/// The images of a source as another usual preprocessing gives them.
struct AlternativeImages {
    std::string name;    ///< of the normalisation: "inception"
    std::string options; ///< of the command line, which give it: "--mean 0.5,0.5,0.5 --std 0.5,0.5,0.5"
    std::shared_ptr<const ImageSource> images;
};

/// Preprocessed images in a fixed order, one at a time. Implementations are safe to call from several threads at once
/// and keep no more than a bounded number of images in memory.
class ImageSource {
public:
    virtual ~ImageSource() = default;

    virtual std::size_t size() const = 0;
    /// Writes image `index` into `dst`: planar float [channels, height, width], exactly the model's input of one
    /// image. Errors: what keeps the file from being read, with its path in `where`.
    virtual Result<void> load(std::size_t index, std::span<float> dst) const = 0;
    /// Class index, where known.
    virtual std::optional<int> label(std::size_t index) const = 0;
    /// Short name of the image for people (its path relative to the folder).
    virtual std::string name(std::size_t index) const = 0;
    /// The same images under the other usual preprocessings that differ clearly from this one: what might have been
    /// meant. None where the source knows of none.
    virtual std::vector<AlternativeImages> alternatives() const { return {}; }
};

} // namespace qs::exec
