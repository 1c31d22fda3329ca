#pragma once

#include "core/exec/ops/product.h"
#include "core/exec/step.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace qs::exec {

/// A product of batches of matrices, b packed for each batch into scratch memory: reads a, b and perhaps a residual.
/// a, the residual and dst have adjacent columns.
template <class Packed>
class BatchedStep : public Step {
public:
    double work() const override
    {
        return Step::work() + static_cast<double>(m_plan.k) * static_cast<double>(writes[0].shape.elements());
    }
    std::size_t workerScratchBytes() const override { return kSlots * m_slotBytes; }
    void run(const RunState& state) const override
    {
        const auto threads = state.pool ? static_cast<int64_t>(state.pool->size()) : 1;
        if (threads == 1) {
            for (int64_t i = 0; i < m_plan.batches; ++i)
                multiply(state, i, pack(state, i, slot(state, 0)), 0, m_plan.m);
            return;
        }
        if (m_plan.batches >= 4 * threads) {
            state.pool->parallelForNear(count(m_plan.batches), [&](std::size_t i, int worker) {
                const auto batch = static_cast<int64_t>(i);
                multiply(state, batch, pack(state, batch, slot(state, static_cast<std::size_t>(worker))), 0,
                         m_plan.m);
            });
            return;
        }
        // Few matrices: all threads pack, then all multiply, a part of the rows at a time.
        const int64_t parts = std::min(m_plan.m, (4 * threads + m_plan.batches - 1) / m_plan.batches);
        std::vector<Packed> packed(kSlots * count(threads));
        for (int64_t first = 0; first < m_plan.batches; first += kSlots * threads) {
            const int64_t some = std::min(kSlots * threads, m_plan.batches - first);
            state.pool->parallelForNear(count(some), [&](std::size_t i, int) {
                packed[i] = pack(state, first + static_cast<int64_t>(i), slot(state, i));
            });
            state.pool->parallelForNear(count(some * parts), [&](std::size_t i, int) {
                const int64_t batch = static_cast<int64_t>(i) / parts;
                const int64_t part = static_cast<int64_t>(i) % parts;
                multiply(state, first + batch, packed[count(batch)], m_plan.m * part / parts,
                         m_plan.m * (part + 1) / parts);
            });
        }
    }

protected:
    /// Operands in, with what follows from their strides.
    BatchedStep(Operand a, Operand b, Operand residual, Operand dst)
        : m_plan(*planMatMul(a.shape, a.strides, b.shape, b.strides))
    {
        const std::size_t lead = m_plan.batch.rank();
        m_dstBatch = Shape(dst.strides.dims().first(lead));
        m_dstRow = dst.shape.rank() > lead + 1 ? dst.strides[dst.shape.rank() - 2] : m_plan.n;
        if (residual.present()) {
            m_residualBatch = Shape(residual.strides.dims().first(lead));
            m_residualRow = residual.strides[residual.shape.rank() - 2];
        }
        reads = {std::move(a), std::move(b)};
        if (residual.present()) {
            reads.push_back(std::move(residual));
            readsBeforeWriting(2);
        }
        writes.push_back(std::move(dst));
    }
    virtual Packed pack(const RunState& state, int64_t batch, std::byte* slot) const = 0;
    virtual void multiply(const RunState& state, int64_t batch, const Packed& b, int64_t rowBegin,
                          int64_t rowEnd) const = 0;

    static std::size_t count(int64_t v) { return static_cast<std::size_t>(v); }
    const float* residual(const RunState& state, int64_t batch) const
    {
        return reads.size() > 2 ? state.read<float>(reads[2]) + m_plan.offset(batch, m_residualBatch) : nullptr;
    }
    float* result(const RunState& state, int64_t batch) const
    {
        return state.write<float>(writes[0]) + m_plan.offset(batch, m_dstBatch);
    }

    MatMulPlan m_plan;
    int64_t m_dstRow = 0, m_residualRow = 0;
    std::size_t m_slotBytes = 0; ///< of one packed matrix and what belongs to it; a multiple of 64

private:
    static constexpr int64_t kSlots = 2; ///< packed matrices a worker

    std::byte* slot(const RunState& state, std::size_t number) const { return state.scratch + number * m_slotBytes; }

    Shape m_dstBatch, m_residualBatch;
};

} // namespace qs::exec
