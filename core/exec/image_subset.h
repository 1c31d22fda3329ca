#pragma once

#include "core/exec/image_source.h"

#include <vector>

namespace qs::exec {

/// Some images of a source, in the order of their indices. The source outlives it.
class ImageSubset final : public ImageSource {
public:
    /// indices: below source.size().
    ImageSubset(const ImageSource& source, std::vector<std::size_t> indices)
        : m_source(&source), m_indices(std::move(indices))
    {
    }
    /// Images first to first + count - 1.
    static ImageSubset range(const ImageSource& source, std::size_t first, std::size_t count);
    /// `count` images spread evenly over all (all of them where there are fewer): the first is the source's first.
    static ImageSubset spread(const ImageSource& source, std::size_t count);

    std::size_t size() const override { return m_indices.size(); }
    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        return m_source->load(m_indices[index], dst);
    }
    std::optional<int> label(std::size_t index) const override { return m_source->label(m_indices[index]); }
    std::string name(std::size_t index) const override { return m_source->name(m_indices[index]); }

private:
    const ImageSource* m_source;
    std::vector<std::size_t> m_indices;
};

} // namespace qs::exec
