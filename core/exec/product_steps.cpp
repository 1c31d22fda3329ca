#include "core/exec/batched_step.h"
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

class MatMulStep : public BatchedStep<kernels::PackedView> {
public:
    MatMulStep(Operand a, Operand b, float alpha, Operand residual, Operand dst)
        : BatchedStep(std::move(a), std::move(b), std::move(residual), std::move(dst)), m_alpha(alpha)
    {
        m_slotBytes = alignUp(kernels::packedSize(u(m_plan.k), u(m_plan.n)) * sizeof(float));
    }
    std::string text() const override
    {
        return std::string("MatMul") + (m_alpha != 1 ? " scaled" : "") + (reads.size() > 2 ? " +residual" : "");
    }

private:
    kernels::PackedView pack(const RunState& state, int64_t batch, std::byte* slot) const override
    {
        return kernels::packMatrixInto(reinterpret_cast<float*>(slot),
                                       state.read<float>(reads[1]) + m_plan.offset(batch, m_plan.bBatch), u(m_plan.k),
                                       u(m_plan.n), u(m_plan.bRow), u(m_plan.bColumn));
    }
    void multiply(const RunState& state, int64_t batch, const kernels::PackedView& b, int64_t rowBegin,
                  int64_t rowEnd) const override
    {
        kernels::Epilogue epilogue;
        epilogue.alpha = m_alpha;
        epilogue.residual = residual(state, batch);
        epilogue.residualStride = u(m_residualRow);
        kernels::gemmPart(state.read<float>(reads[0]) + m_plan.offset(batch, m_plan.aBatch), u(m_plan.aRow), b,
                          result(state, batch), u(m_dstRow), epilogue, {u(rowBegin), u(rowEnd), 0, b.panels()});
    }

    float m_alpha = 1;
};

} // namespace

std::string textOf(bool bias, kernels::Activation activation, bool residual)
{
    std::string s;
    if (bias)
        s += " +bias";
    if (activation != kernels::Activation::None)
        s += " " + std::string(activationName(activation));
    if (residual)
        s += " +residual";
    return s;
}

std::string Tail::text() const
{
    return textOf(bias.present(), activation, residual.present());
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
