#include "core/stats/reservoir.h"

#include <algorithm>

namespace qs::stats {

namespace {

/// SplitMix64's finaliser: every input bit reaches every output bit.
uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9U;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15U;

} // namespace

uint64_t mixed(uint64_t key, uint64_t number)
{
    return mix(mix(key + kGolden) + (number + 1) * kGolden);
}

Reservoir::Reservoir(std::size_t capacity, std::size_t channels, uint64_t seed, std::size_t site)
    : m_capacity(capacity), m_channels(channels), m_key(mixed(seed, site))
{
}

void Reservoir::offer(const graph::ChannelLayout& layout, const float* src, std::size_t firstImage,
                      std::size_t images)
{
    if (m_capacity == 0)
        return;
    const auto inner = static_cast<std::size_t>(layout.inner);
    const std::size_t outerPerImage = std::max<std::size_t>(1, static_cast<std::size_t>(layout.outer) / images);
    for (std::size_t o = 0; o < static_cast<std::size_t>(layout.outer); ++o) {
        const auto image = static_cast<uint32_t>(firstImage + o / outerPerImage);
        const uint64_t key = mix(m_key + (image + uint64_t{1}) * kGolden);
        for (std::size_t i = 0; i < inner; ++i) {
            const auto row = static_cast<uint32_t>(o % outerPerImage * inner + i);
            const uint64_t hash = mix(key + (row + uint64_t{1}) * kGolden);
            if (hash > m_limit.load(std::memory_order_relaxed))
                continue;
            const std::lock_guard lock(m_mutex);
            Entry entry{hash, image, row, static_cast<uint32_t>(m_heap.size())};
            if (m_heap.size() < m_capacity) {
                m_values.resize((m_heap.size() + 1) * m_channels);
            } else {
                if (entry > m_heap.front())
                    continue;
                std::ranges::pop_heap(m_heap);
                entry.slot = m_heap.back().slot;
                m_heap.pop_back();
            }
            const float* from = src + o * m_channels * inner + i;
            for (std::size_t c = 0; c < m_channels; ++c)
                m_values[entry.slot * m_channels + c] = from[c * inner];
            m_heap.push_back(entry);
            std::ranges::push_heap(m_heap);
            if (m_heap.size() == m_capacity)
                m_limit.store(m_heap.front().hash, std::memory_order_relaxed);
        }
    }
}

std::vector<Reservoir::Entry> Reservoir::inOrder() const
{
    std::vector<Entry> entries = m_heap;
    std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
        return a.image != b.image ? a.image < b.image : a.row < b.row;
    });
    return entries;
}

Tensor Reservoir::rows() const
{
    if (m_heap.empty())
        return {};
    Tensor result(DType::Float32, {static_cast<int64_t>(m_heap.size()), static_cast<int64_t>(m_channels)});
    float* dst = result.mutableData<float>().data();
    for (const Entry& entry : inOrder())
        dst = std::copy_n(m_values.data() + entry.slot * m_channels, m_channels, dst);
    return result;
}

std::vector<uint32_t> Reservoir::images() const
{
    std::vector<uint32_t> result;
    for (const Entry& entry : inOrder())
        result.push_back(entry.image);
    return result;
}

std::size_t Reservoir::bytes() const
{
    return m_values.capacity() * sizeof(float) + m_heap.capacity() * sizeof(Entry);
}

} // namespace qs::stats
