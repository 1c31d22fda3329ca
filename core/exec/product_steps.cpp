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
        reads.push_back(std::move(src));
        if (m_tail.residual.present()) {
            reads.push_back(m_tail.residual);
            inPlace.push_back(1);
        }
        writes.push_back(std::move(dst));
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
            inPlace.push_back(2);
        }
        writes.push_back(std::move(dst));
    }
    std::size_t workerScratchBytes() const override { return m_packedBytes; }
    void run(const RunState& state) const override
    {
        const float* a = state.read<float>(reads[0]);
        const float* b = state.read<float>(reads[1]);
        const float* residual = reads.size() > 2 ? state.read<float>(reads[2]) : nullptr;
        float* dst = state.write<float>(writes[0]);
        const bool byBatch = state.pool && m_plan.batches >= 2 * state.pool->size();
        const auto one = [&](int64_t i, int worker, ThreadPool* pool) {
            auto* buffer = reinterpret_cast<float*>(state.scratch + u(worker) * m_packedBytes);
            const auto packed = kernels::packMatrixInto(buffer, b + m_plan.offset(i, m_plan.bBatch), u(m_plan.k),
                                                        u(m_plan.n), u(m_plan.bRow), u(m_plan.bColumn));
            kernels::Epilogue epilogue;
            epilogue.alpha = m_alpha;
            if (residual) {
                epilogue.residual = residual + m_plan.offset(i, m_residualBatch);
                epilogue.residualStride = u(m_residualRow);
            }
            kernels::gemmParallel(pool, a + m_plan.offset(i, m_plan.aBatch), u(m_plan.aRow), u(m_plan.m), packed,
                                  dst + m_plan.offset(i, m_dstBatch), u(m_dstRow), epilogue);
        };
        if (byBatch)
            state.pool->parallelFor(
                u(m_plan.batches), [&](std::size_t i, int worker) { one(static_cast<int64_t>(i), worker, nullptr); });
        else
            for (int64_t i = 0; i < m_plan.batches; ++i)
                one(i, 0, state.pool);
    }
    std::string text() const override
    {
        return std::string("MatMul") + (m_alpha != 1 ? " scaled" : "") + (reads.size() > 2 ? " +residual" : "");
    }

private:
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
