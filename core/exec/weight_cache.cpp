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

std::shared_ptr<const WeightCache::Entry> WeightCache::packed(const Tensor& source, const MatrixLayout& layout)
{
    const std::lock_guard lock(m_mutex);
    Slot& slot = m_slots[{source.storageKey(), layout}];
    slot.generation = m_generation;
    if (!slot.entry) {
        auto entry = std::make_shared<Entry>();
        entry->source = source;
        entry->packed = kernels::packMatrix(source.floats().data() + layout.offset, layout.k, layout.n,
                                            layout.rowStride, layout.columnStride);
        entry->sizeBytes = kernels::packedSize(layout.k, layout.n) * sizeof(float);
        slot.entry = std::move(entry);
    }
    return slot.entry;
}

void WeightCache::nextGeneration()
{
    const std::lock_guard lock(m_mutex);
    ++m_generation;
    std::erase_if(m_slots, [&](const auto& slot) {
        return slot.second.entry.use_count() == 1 && slot.second.generation + kKeep < m_generation;
    });
}

} // namespace qs::exec
