#include "core/exec/integer_steps.h"

#include "core/exec/batched_step.h"
#include "core/exec/dense_steps.h"
#include "core/exec/ops/strided.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace qs::exec {

namespace {

std::size_t u(int64_t v)
{
    return static_cast<std::size_t>(v);
}

/// Numbers that make two steps different.
Tensor numbersOf(const kernels::QuantGrid& grid)
{
    const std::array numbers{grid.scale, static_cast<float>(grid.zeroPoint), static_cast<float>(grid.qmin),
                             static_cast<float>(grid.qmax)};
    return Tensor::fromFloats(Shape{4}, numbers);
}

class QuantizeStep : public Step {
public:
    QuantizeStep(std::string name, const kernels::QuantGrid& grid, Operand src, Operand dst)
        : m_name(std::move(name)), m_grid(grid), m_loop(src.shape, {src.strides, dst.strides})
    {
        m_constants = {numbersOf(grid)};
        // Dimensions in the order of dst's strides: the innermost one is dense in both.
        std::vector<std::size_t> order(src.shape.rank());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order,
                                 [&](std::size_t a, std::size_t b) { return dst.strides[a] > dst.strides[b]; });
        Shape shape = src.shape, from = src.shape, to = src.shape;
        for (std::size_t i = 0; i < order.size(); ++i) {
            shape[i] = src.shape[order[i]];
            from[i] = src.strides[order[i]];
            to[i] = dst.strides[order[i]];
        }
        m_loop = StridedLoop<2>(shape, {from, to});
        reads.push_back(std::move(src));
        writes.push_back(std::move(dst));
    }
    void run(const RunState& state) const override
    {
        const float* src = state.read<float>(reads[0]);
        auto* dst = state.write<uint8_t>(writes[0]);
        const int64_t inner = m_loop.inner();
        if (m_loop.rows() == 1) {
            parallelChunks(state.pool, inner, 8192, [&](int64_t first, int64_t last) {
                kernels::quantize({src + first, u(last - first)}, m_grid, std::span(dst + first, u(last - first)));
            });
            return;
        }
        const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, inner));
        parallelChunks(state.pool, m_loop.rows(), grain, [&](int64_t first, int64_t last) {
            m_loop.forRows(first, last, [&](const std::array<int64_t, 2>& at) {
                kernels::quantize({src + at[0], u(inner)}, m_grid, std::span(dst + at[1], u(inner)));
            });
        });
    }
    std::string text() const override { return "Quantize " + m_name; }

private:
    std::string m_name;
    kernels::QuantGrid m_grid;
    StridedLoop<2> m_loop;
};

class IntegerLinearStep : public Step {
public:
    IntegerLinearStep(Operand src, PackedCodes weight, IntegerTail tail, Operand dst)
        : m_weight(std::move(weight)), m_tail(std::move(tail))
    {
        m_constants = {m_weight->source, m_tail.offset, m_tail.scale, m_tail.bias};
        if (m_tail.codes)
            m_constants.push_back(numbersOf(*m_tail.codes));
        reads.push_back(std::move(src));
        if (m_tail.residual.present()) {
            reads.push_back(m_tail.residual);
            readsBeforeWriting(1);
        }
        writes.push_back(std::move(dst));
    }
    double work() const override
    {
        // A product of codes takes about a quarter of one of floats.
        return Step::work() +
               static_cast<double>(reads[0].shape.elements()) * static_cast<double>(m_weight->packed.view().n) / 4;
    }
    void run(const RunState& state) const override
    {
        const Operand& src = reads[0];
        kernels::IntegerEpilogue epilogue;
        epilogue.columnOffset = m_tail.offset.data<int32_t>().data();
        epilogue.scale = m_tail.scale.floats().data();
        epilogue.bias = m_tail.bias.empty() ? nullptr : m_tail.bias.floats().data();
        epilogue.activation = m_tail.activation;
        if (reads.size() > 1) {
            epilogue.residual = state.read<float>(reads[1]);
            epilogue.residualStride = u(reads[1].strides[0]);
        }
        kernels::IntegerResult result;
        result.stride = m_weight->packed.view().n;
        if (m_tail.codes) {
            result.codes = state.write<uint8_t>(writes[0]);
            result.grid = *m_tail.codes;
        } else {
            result.values = state.write<float>(writes[0]);
        }
        kernels::integerGemmParallel(state.pool, {state.read<uint8_t>(src), u(src.strides[0]), false},
                                     u(src.shape[0]), m_weight->packed.view(), epilogue, result);
    }
    std::string text() const override { return "Integer Linear" + m_tail.text(); }

private:
    PackedCodes m_weight;
    IntegerTail m_tail;
};

/// A packed right operand, and what its columns and the rows of the left one add to the sums.
struct PackedBatch {
    kernels::IntegerView view;
    const int32_t* columnOffset = nullptr;
};

class IntegerMatMulStep : public BatchedStep<PackedBatch> {
public:
    IntegerMatMulStep(Operand a, const kernels::QuantGrid& aGrid, Operand b, const kernels::QuantGrid& bGrid,
                      float alpha, Operand residual, Operand dst)
        : BatchedStep(std::move(a), std::move(b), std::move(residual), std::move(dst)), m_aZero(aGrid.zeroPoint),
          m_bZero(bGrid.zeroPoint - 128), m_scale(aGrid.scale * bGrid.scale), m_alpha(alpha)
    {
        m_constants = {numbersOf(aGrid), numbersOf(bGrid), Tensor::fromFloats(Shape{1}, {&alpha, 1})};
        m_packedBytes = kernels::packedIntegerSize(u(m_plan.k), u(m_plan.n));
        m_slotBytes = m_packedBytes + alignUp(u(m_plan.n) * sizeof(int32_t));
    }
    std::string text() const override
    {
        return std::string("Integer MatMul") + (m_alpha != 1 ? " scaled" : "") +
               (reads.size() > 2 ? " +residual" : "");
    }

private:
    PackedBatch pack(const RunState& state, int64_t batch, std::byte* slot) const override
    {
        const kernels::IntegerView view =
            kernels::packIntegersInto(slot, state.read<uint8_t>(reads[1]) + m_plan.offset(batch, m_plan.bBatch),
                                      u(m_plan.k), u(m_plan.n), u(m_plan.bRow), u(m_plan.bColumn));
        auto* offsets = reinterpret_cast<int32_t*>(slot + m_packedBytes);
        const auto both = static_cast<int32_t>(m_plan.k) * m_aZero * m_bZero;
        for (std::size_t j = 0; j < view.n; ++j)
            offsets[j] = both - m_aZero * view.columnSums[j];
        return {view, offsets};
    }
    void multiply(const RunState& state, int64_t batch, const PackedBatch& b, int64_t rowBegin,
                  int64_t rowEnd) const override
    {
        const kernels::CodeMatrix a{state.read<uint8_t>(reads[0]) + m_plan.offset(batch, m_plan.aBatch),
                                    u(m_plan.aRow), false};
        kernels::IntegerEpilogue epilogue;
        std::vector<int32_t> rows;
        if (m_bZero != 0) {
            rows.resize(u(rowEnd));
            kernels::rowSums({a.data + u(rowBegin) * a.stride, a.stride, false}, u(rowEnd - rowBegin), u(m_plan.k),
                             rows.data() + rowBegin);
            for (int32_t& sum : rows)
                sum *= -m_bZero;
            epilogue.rowOffset = rows.data();
        }
        epilogue.columnOffset = b.columnOffset;
        epilogue.scale = &m_scale;
        epilogue.scaleOf = kernels::ScaleOf::All;
        epilogue.alpha = m_alpha;
        epilogue.residual = residual(state, batch);
        epilogue.residualStride = u(m_residualRow);
        kernels::integerGemmPart(a, b.view, epilogue, {nullptr, result(state, batch), nullptr, u(m_dstRow), {}},
                                 {u(rowBegin), u(rowEnd), 0, b.view.panels()});
    }

    int32_t m_aZero, m_bZero; ///< of a's codes, and of b's as they are packed
    float m_scale, m_alpha;
    std::size_t m_packedBytes = 0;
};

} // namespace

std::string IntegerTail::text() const
{
    return textOf(!bias.empty(), activation, residual.present()) + (codes ? " to codes" : "");
}

Shape denseStrides(const Shape& shape, const Shape& strides)
{
    std::vector<std::size_t> order(shape.rank());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
        return (shape[a] == 1 ? 0 : strides[a]) > (shape[b] == 1 ? 0 : strides[b]);
    });
    Shape dense = shape;
    int64_t next = 1;
    for (std::size_t i = order.size(); i-- > 0;) {
        dense[order[i]] = next;
        next *= shape[order[i]];
    }
    return dense;
}

std::unique_ptr<Step> makeQuantizeStep(std::string name, const kernels::QuantGrid& grid, Operand src, Operand dst)
{
    return std::make_unique<QuantizeStep>(std::move(name), grid, std::move(src), std::move(dst));
}

std::unique_ptr<Step> makeIntegerLinearStep(Operand src, PackedCodes weight, IntegerTail tail, Operand dst)
{
    return std::make_unique<IntegerLinearStep>(std::move(src), std::move(weight), std::move(tail), std::move(dst));
}

std::unique_ptr<Step> makeIntegerMatMulStep(Operand a, const kernels::QuantGrid& aGrid, Operand b,
                                            const kernels::QuantGrid& bGrid, float alpha, Operand residual,
                                            Operand dst)
{
    return std::make_unique<IntegerMatMulStep>(std::move(a), aGrid, std::move(b), bGrid, alpha, std::move(residual),
                                               std::move(dst));
}

} // namespace qs::exec
