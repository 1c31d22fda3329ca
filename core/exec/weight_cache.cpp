#include "core/exec/weight_cache.h"

namespace qs::exec {

namespace {

// Generations an unused entry survives: a few undo steps of the user.
constexpr uint64_t kKeep = 4;

} // namespace

std::shared_ptr<WeightCache> makeWeightCache()
{
    return std::make_shared<WeightCache>();
}

template <class T, class Make>
std::shared_ptr<const T> WeightCache::find(Slots<T>& slots, const Tensor& source, const MatrixLayout& layout,
                                           const Make& make)
{
    const std::lock_guard lock(m_mutex);
    Slot<T>& slot = slots[{source.storageKey(), layout}];
    slot.generation = m_generation;
    if (!slot.entry) {
        auto entry = std::make_shared<T>();
        entry->source = source;
        make(*entry);
        slot.entry = std::move(entry);
    }
    return slot.entry;
}

std::shared_ptr<const WeightCache::Entry> WeightCache::packed(const Tensor& source, const MatrixLayout& layout)
{
    return find(m_floats, source, layout, [&](Entry& entry) {
        entry.packed = kernels::packMatrix(source.floats().data() + layout.offset, layout.k, layout.n,
                                           layout.rowStride, layout.columnStride);
        entry.sizeBytes = kernels::packedSize(layout.k, layout.n) * sizeof(float);
    });
}

std::shared_ptr<const WeightCodes> WeightCache::codes(const Tensor& values)
{
    const auto entry = find(m_codes, values, {}, [&](CodesEntry& made) { made.codes = codesOf(values); });
    return entry->codes ? std::shared_ptr<const WeightCodes>(entry, &*entry->codes) : nullptr;
}

std::shared_ptr<const WeightCache::IntegerEntry> WeightCache::packedCodes(const Tensor& source,
                                                                          const MatrixLayout& layout)
{
    return find(m_integers, source, layout, [&](IntegerEntry& entry) {
        entry.packed = kernels::packIntegerMatrix(source.data<int8_t>().data() + layout.offset, layout.k, layout.n,
                                                  layout.rowStride, layout.columnStride);
        entry.sizeBytes = kernels::packedIntegerSize(layout.k, layout.n);
    });
}

void WeightCache::nextGeneration()
{
    const std::lock_guard lock(m_mutex);
    ++m_generation;
    const auto isForgotten = [&](const auto& slot) {
        return slot.second.entry.use_count() == 1 && slot.second.generation + kKeep < m_generation;
    };
    std::erase_if(m_floats, isForgotten);
    std::erase_if(m_integers, isForgotten);
    std::erase_if(m_codes, isForgotten);
}

} // namespace qs::exec
