#pragma once

#include "core/base/tensor.h"
#include "core/exec/program.h"
#include "core/kernels/gemm.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

namespace qs::exec {

/// A matrix [k, n] inside a constant: how it lies there.
struct MatrixLayout {
    std::size_t k = 0, n = 0, rowStride = 0, columnStride = 0, offset = 0;
    auto operator<=>(const MatrixLayout&) const = default;
};

/// Packed weights by the storage they were packed from. Entries that no program uses are dropped after a few
/// compilations. Safe to use from several threads.
class WeightCache {
public:
    /// A packed matrix, and the constant it came from (which keeps the storage's address from being used again).
    struct Entry {
        Tensor source;
        kernels::PackedMatrix packed;
        std::size_t sizeBytes = 0;
    };
    std::shared_ptr<const Entry> packed(const Tensor& source, const MatrixLayout& layout);
    /// Called once a compilation: forgets what nothing has asked for lately.
    void nextGeneration();

private:
    struct Slot {
        std::shared_ptr<const Entry> entry;
        uint64_t generation = 0;
    };
    std::mutex m_mutex;
    uint64_t m_generation = 0;
    std::map<std::pair<const void*, MatrixLayout>, Slot> m_slots;
};

} // namespace qs::exec
