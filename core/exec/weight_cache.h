#pragma once

#include "core/base/tensor.h"
#include "core/exec/program.h"
#include "core/exec/weight_codes.h"
#include "core/kernels/gemm.h"
#include "core/kernels/integer_gemm.h"

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
    /// The codes behind values (weight_codes.h); null where they have none.
    std::shared_ptr<const WeightCodes> codes(const Tensor& values);
    /// packed() of codes (Int8).
    struct IntegerEntry {
        Tensor source;
        kernels::IntegerMatrix packed;
        std::size_t sizeBytes = 0;
    };
    std::shared_ptr<const IntegerEntry> packedCodes(const Tensor& source, const MatrixLayout& layout);
    /// Called once a compilation: forgets what nothing has asked for lately.
    void nextGeneration();

private:
    template <class T>
    struct Slot {
        std::shared_ptr<const T> entry;
        uint64_t generation = 0;
    };
    template <class T>
    using Slots = std::map<std::pair<const void*, MatrixLayout>, Slot<T>>;
    template <class T, class Make>
    std::shared_ptr<const T> find(Slots<T>& slots, const Tensor& source, const MatrixLayout& layout,
                                  const Make& make);

    struct CodesEntry {
        Tensor source;
        std::optional<WeightCodes> codes;
    };

    std::mutex m_mutex;
    uint64_t m_generation = 0;
    Slots<Entry> m_floats;
    Slots<IntegerEntry> m_integers;
    Slots<CodesEntry> m_codes;
};

} // namespace qs::exec
