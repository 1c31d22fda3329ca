#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"

#include <cstddef>
#include <vector>

namespace qs::search {

/// `count` images spread evenly over another source, decoded once and kept where they fit into `memoryBytes`.
class SampledImages final : public exec::ImageSource {
public:
    /// `elements`: floats of one image. Errors: the images', Cancelled, OutOfMemory.
    static Result<SampledImages> create(const exec::ImageSource& source, std::size_t count, std::size_t elements,
                                        std::size_t memoryBytes, const Context& context);

    std::size_t size() const override { return m_indices.size(); }
    Result<void> load(std::size_t index, std::span<float> dst) const override;
    std::optional<int> label(std::size_t index) const override { return m_source->label(m_indices[index]); }
    std::string name(std::size_t index) const override { return m_source->name(m_indices[index]); }

private:
    const exec::ImageSource* m_source = nullptr;
    std::vector<std::size_t> m_indices;
    std::vector<float> m_pixels; ///< all of them, or none
};

} // namespace qs::search
