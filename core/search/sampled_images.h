#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_subset.h"

#include <cstddef>
#include <vector>

namespace qs::search {

/// `count` images spread evenly over another source, decoded once and kept where they fit into `memoryBytes`.
class SampledImages final : public exec::ImageSource {
public:
    /// `elements`: floats of one image. Errors: the images', Cancelled, OutOfMemory.
    static Result<SampledImages> create(const exec::ImageSource& source, std::size_t count, std::size_t elements,
                                        std::size_t memoryBytes, const Context& context);

    std::size_t size() const override { return m_images.size(); }
    Result<void> load(std::size_t index, std::span<float> dst) const override;
    std::optional<int> label(std::size_t index) const override { return m_images.label(index); }
    std::string name(std::size_t index) const override { return m_images.name(index); }

private:
    explicit SampledImages(exec::ImageSubset images) : m_images(std::move(images)) {}

    exec::ImageSubset m_images;
    std::vector<float> m_pixels; ///< all of them, or none
};

} // namespace qs::search
