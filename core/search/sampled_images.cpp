#include "core/search/sampled_images.h"

#include <algorithm>
#include <new>
#include <utility>

namespace qs::search {

Result<SampledImages> SampledImages::create(const exec::ImageSource& source, std::size_t count, std::size_t elements,
                                            std::size_t memoryBytes, const Context& context)
{
    SampledImages sampled(exec::ImageSubset::spread(source, count));
    count = sampled.size();
    if (count * elements * sizeof(float) > memoryBytes)
        return sampled;

    try {
        sampled.m_pixels.resize(count * elements);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory for the images of the search");
    }
    std::vector<Result<void>> loaded(count);
    const auto one = [&](std::size_t i, int) {
        if (!context.stopRequested())
            loaded[i] = sampled.m_images.load(i, {sampled.m_pixels.data() + i * elements, elements});
    };
    if (context.pool)
        context.pool->parallelFor(count, one);
    else
        for (std::size_t i = 0; i < count; ++i)
            one(i, 0);
    if (context.stopRequested())
        return cancelled();
    for (auto& result : loaded)
        if (!result)
            return tl::unexpected<Error>(std::move(result.error()));
    return sampled;
}

Result<void> SampledImages::load(std::size_t index, std::span<float> dst) const
{
    if (m_pixels.empty())
        return m_images.load(index, dst);
    std::copy_n(m_pixels.data() + index * dst.size(), dst.size(), dst.data());
    return {};
}

} // namespace qs::search
