#pragma once

#include "core/base/tensor.h"
#include "core/graph/sites.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace qs::stats {

/// A hash of a key and a number, e.g. of a seed and the site.
uint64_t mixed(uint64_t key, uint64_t number);

/// Rows of a stream of unknown length, evenly picked: the `capacity` rows with the smallest hash of (seed, site,
/// image, row). Which ones that are depends on nothing else, so any thread may offer any part at any time.
class Reservoir {
public:
    Reservoir(std::size_t capacity, std::size_t channels, uint64_t seed, std::size_t site);

    /// Offers all rows of [layout], which hold the images firstImage, firstImage + 1, ... (`images` of them).
    void offer(const graph::ChannelLayout& layout, const float* src, std::size_t firstImage, std::size_t images);

    /// Rows in the order of images, [rows, channels], and the image of each.
    Tensor rows() const;
    std::vector<uint32_t> images() const;
    std::size_t bytes() const;

private:
    struct Entry {
        uint64_t hash;
        uint32_t image;
        uint32_t row; ///< in its image
        uint32_t slot;
        auto operator<=>(const Entry&) const = default;
    };
    std::vector<Entry> inOrder() const;

    std::size_t m_capacity;
    std::size_t m_channels;
    uint64_t m_key;
    std::atomic<uint64_t> m_limit{UINT64_MAX}; ///< larger hashes cannot enter any more
    mutable std::mutex m_mutex;
    std::vector<Entry> m_heap; ///< the largest first
    std::vector<float> m_values;
};

} // namespace qs::stats
