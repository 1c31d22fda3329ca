#include "core/exec/dense_steps.h"

#include <algorithm>

namespace qs::exec {

namespace {

std::size_t u(int64_t v)
{
    return static_cast<std::size_t>(v);
}

std::string_view activationName(kernels::Activation activation)
{
    using kernels::Activation;
    switch (activation) {
    case Activation::None:
        return "";
    case Activation::Relu:
        return "Relu";
    case Activation::Relu6:
        return "Relu6";
    case Activation::Gelu:
        return "Gelu";
    case Activation::GeluTanh:
        return "GeluTanh";
    case Activation::Silu:
        return "Silu";
    case Activation::Sigmoid:
        return "Sigmoid";
    case Activation::Tanh:
        return "Tanh";
    case Activation::HardSwish:
        return "HardSwish";
    }
    return "?";
}

class LinearStep : public Step {
public:
    LinearStep(Operand src, PackedWeight weight, Tail tail, Operand dst)
        : m_weight(std::move(weight)), m_tail(std::move(tail))
    {
        m_constants = {m_weight->source, m_tail.bias.constant};
        reads.push_back(std::move(src));
        if (m_tail.residual.present()) {
            reads.push_back(m_tail.residual);
            readsBeforeWriting(1);
        }
        writes.push_back(std::move(dst));
    }
    double work() const override
    {
        return Step::work() +
               static_cast<double>(reads[0].shape.elements()) * static_cast<double>(m_weight->packed.n());
    }
    void run(const RunState& state) const override
    {
        const Operand& src = reads[0];
        kernels::Epilogue epilogue;
        epilogue.activation = m_tail.activation;
        if (m_tail.bias.present())
            epilogue.bias = state.read<float>(m_tail.bias);
        if (reads.size() > 1) {
            epilogue.residual = state.read<float>(reads[1]);
            epilogue.residualStride = u(reads[1].strides[0]);
        }
        kernels::gemmParallel(state.pool, state.read<float>(src), u(src.strides[0]), u(src.shape[0]),
                              m_weight->packed.view(), state.write<float>(writes[0]), m_weight->packed.n(), epilogue);
    }
    std::string text() const override { return "Linear" + m_tail.text(); }

private:
    PackedWeight m_weight;
    Tail m_tail;
};

class MatMulStep : public Step {
public:
    MatMulStep(Operand a, Operand b, float alpha, Operand residual, Operand dst)
        : m_plan(*planMatMul(a.shape, a.strides, b.shape, b.strides)), m_alpha(alpha)
    {
        const std::size_t lead = m_plan.batch.rank();
        m_dstBatch = Shape(dst.strides.dims().first(lead));
        m_dstRow = dst.shape.rank() > lead + 1 ? dst.strides[dst.shape.rank() - 2] : m_plan.n;
        if (residual.present()) {
            m_residualBatch = Shape(residual.strides.dims().first(lead));
            m_residualRow = residual.strides[residual.shape.rank() - 2];
        }
        m_packedBytes = alignUp(kernels::packedSize(u(m_plan.k), u(m_plan.n)) * sizeof(float));
        reads = {std::move(a), std::move(b)};
        if (residual.present()) {
            reads.push_back(std::move(residual));
            readsBeforeWriting(2);
        }
        writes.push_back(std::move(dst));
    }
    double work() const override
    {
        return Step::work() + static_cast<double>(m_plan.k) * static_cast<double>(writes[0].shape.elements());
    }
    std::size_t workerScratchBytes() const override { return kSlots * m_packedBytes; }
    void run(const RunState& state) const override
    {
        const auto threads = state.pool ? static_cast<int64_t>(state.pool->size()) : 1;
        if (threads == 1) {
            for (int64_t i = 0; i < m_plan.batches; ++i)
                multiply(state, i, pack(state, i, 0), 0, m_plan.m);
            return;
        }
        if (m_plan.batches >= 4 * threads) {
            state.pool->parallelForNear(u(m_plan.batches), [&](std::size_t i, int worker) {
                const auto batch = static_cast<int64_t>(i);
                multiply(state, batch, pack(state, batch, u(worker)), 0, m_plan.m);
            });
            return;
        }
        // Few matrices: all threads pack, then all multiply, a part of the rows at a time.
        const int64_t parts = std::min(m_plan.m, (4 * threads + m_plan.batches - 1) / m_plan.batches);
        std::vector<kernels::PackedView> packed(kSlots * u(threads));
        for (int64_t first = 0; first < m_plan.batches; first += kSlots * threads) {
            const int64_t count = std::min(kSlots * threads, m_plan.batches - first);
            state.pool->parallelForNear(
                u(count), [&](std::size_t i, int) { packed[i] = pack(state, first + static_cast<int64_t>(i), i); });
            state.pool->parallelForNear(u(count * parts), [&](std::size_t i, int) {
                const int64_t batch = static_cast<int64_t>(i) / parts;
                const int64_t part = static_cast<int64_t>(i) % parts;
                multiply(state, first + batch, packed[u(batch)], m_plan.m * part / parts,
                         m_plan.m * (part + 1) / parts);
            });
        }
    }
    std::string text() const override
    {
        return std::string("MatMul") + (m_alpha != 1 ? " scaled" : "") + (reads.size() > 2 ? " +residual" : "");
    }

private:
    static constexpr int64_t kSlots = 2; ///< packed matrices a worker

    kernels::PackedView pack(const RunState& state, int64_t batch, std::size_t slot) const
    {
        auto* buffer = reinterpret_cast<float*>(state.scratch + slot * m_packedBytes);
        return kernels::packMatrixInto(buffer, state.read<float>(reads[1]) + m_plan.offset(batch, m_plan.bBatch),
                                       u(m_plan.k), u(m_plan.n), u(m_plan.bRow), u(m_plan.bColumn));
    }
    void multiply(const RunState& state, int64_t batch, const kernels::PackedView& b, int64_t rowBegin,
                  int64_t rowEnd) const
    {
        kernels::Epilogue epilogue;
        epilogue.alpha = m_alpha;
        if (reads.size() > 2) {
            epilogue.residual = state.read<float>(reads[2]) + m_plan.offset(batch, m_residualBatch);
            epilogue.residualStride = u(m_residualRow);
        }
        kernels::gemmPart(state.read<float>(reads[0]) + m_plan.offset(batch, m_plan.aBatch), u(m_plan.aRow), b,
                          state.write<float>(writes[0]) + m_plan.offset(batch, m_dstBatch), u(m_dstRow), epilogue,
                          {u(rowBegin), u(rowEnd), 0, b.panels()});
    }

    MatMulPlan m_plan;
    Shape m_dstBatch, m_residualBatch;
    int64_t m_dstRow = 0, m_residualRow = 0;
    float m_alpha = 1;
    std::size_t m_packedBytes = 0;
};

} // namespace

std::string Tail::text() const
{
    std::string s;
    if (bias.present())
        s += " +bias";
    if (activation != kernels::Activation::None)
        s += " " + std::string(activationName(activation));
    if (residual.present())
        s += " +residual";
    return s;
}

std::unique_ptr<Step> makeLinearStep(Operand src, PackedWeight weight, Tail tail, Operand dst)
{
    return std::make_unique<LinearStep>(std::move(src), std::move(weight), std::move(tail), std::move(dst));
}

std::unique_ptr<Step> makeMatMulStep(Operand a, Operand b, float alpha, Operand residual, Operand dst)
{
    return std::make_unique<MatMulStep>(std::move(a), std::move(b), alpha, std::move(residual), std::move(dst));
}

} // namespace qs::exec
