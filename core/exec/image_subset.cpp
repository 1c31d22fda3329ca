#include "core/exec/image_subset.h"

#include <algorithm>
#include <numeric>

namespace qs::exec {

ImageSubset ImageSubset::range(const ImageSource& source, std::size_t first, std::size_t count)
{
    std::vector<std::size_t> indices(count);
    std::iota(indices.begin(), indices.end(), first);
    return {source, std::move(indices)};
}

ImageSubset ImageSubset::spread(const ImageSource& source, std::size_t count)
{
    std::vector<std::size_t> indices(std::min(count, source.size()));
    for (std::size_t i = 0; i < indices.size(); ++i)
        indices[i] = i * source.size() / indices.size();
    return {source, std::move(indices)};
}

} // namespace qs::exec
