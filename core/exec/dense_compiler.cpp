#include "core/exec/dense_compiler.h"

#include "core/exec/dense_steps.h"
#include "core/exec/integer_steps.h"
#include "core/exec/integer_tail.h"
#include "core/exec/ops/support.h"
#include "core/exec/ops/views.h"

#include <algorithm>

namespace qs::exec {

using graph::Node;

void DenseCompiler::emit(const Chain& chain)
{
    const std::string& op = m_graph.node(chain.root).op;
    if (const IntegerProduct* integers = m_operands.integers().find(chain.root))
        return integers->weight ? emitIntegerLinear(chain, *integers) : emitIntegerMatMul(chain, *integers);
    if (op == "Linear")
        emitLinear(chain);
    else if (op == "Conv")
        emitConv(chain);
    else if (op == "ConvTranspose")
        emitTransposed(chain);
    else
        emitMatMul(chain);
}

/// The operand as a matrix [rows, last dimension] with adjacent columns.
Operand DenseCompiler::rows(const Operand& operand)
{
    const int64_t k = operand.shape.back();
    const Shape flat{k == 0 ? 0 : operand.shape.elements() / k, k};
    const auto strides = reshapeStrides(operand.shape, operand.strides, flat);
    Operand matrix = operand;
    if (!strides || ((*strides)[1] != 1 && k != 1) || (*strides)[0] < k)
        matrix = m_operands.contiguous(operand);
    matrix.strides = strides && (matrix.sameView(operand)) ? *strides : contiguousStrides(flat);
    matrix.shape = flat;
    return matrix;
}

void DenseCompiler::emitLinear(const Chain& chain)
{
    const Tensor weight = *m_operands.constantAt({chain.root, 1});
    const auto k = static_cast<std::size_t>(weight.shape()[0]);
    const auto n = static_cast<std::size_t>(weight.shape()[1]);
    const PackedWeight packed = m_weights.packed(weight, {k, n, n, 1, 0});
    m_weightBytes += packed->sizeBytes;
    Tail tail;
    tail.bias = m_operands.read({chain.root, 2});
    tail.activation = chain.activation;
    if (chain.residual.node.valid())
        tail.residual = rows(m_operands.read(chain.residual));
    const Operand src = rows(m_operands.read({chain.root, 0}));
    const Operand out = m_operands.makeBuffer(DType::Float32, m_operands.shapeOf(chain.output));
    Operand dst = out;
    dst.shape = {src.shape[0], weight.shape()[1]};
    dst.strides = contiguousStrides(dst.shape);
    assert(dst.shape.elements() == out.shape.elements());
    m_operands.add(makeLinearStep(src, packed, tail, dst));
    m_operands.define(chain.output, out);
}

void DenseCompiler::emitConv(const Chain& chain)
{
    const Tensor weight = *m_operands.constantAt({chain.root, 1});
    const Node& node = m_graph.node(chain.root);
    const Operand src = m_operands.contiguous(m_operands.read({chain.root, 0}));
    const ConvPlan plan = *planConv(node, src.shape, weight.shape());
    const Shape& shape = m_graph.value(chain.output).shape;
    Tail tail;
    tail.bias = m_operands.read({chain.root, 2});
    tail.activation = chain.activation;
    const Operand residual = chain.residual.node.valid() ? m_operands.read(chain.residual) : Operand{};

    const int64_t plane = plan.window.outPlane();
    Shape last{plan.outputs * plane, 1};
    if (plan.window.spatial == 2)
        last.push_back(plan.window.out[1] * plan.outputs);
    last.push_back(plan.outputs);
    const auto k = static_cast<std::size_t>(plan.patchSize());
    const auto n = static_cast<std::size_t>(plan.outputs);
    const auto preferred = m_operands.preferredStrides(chain.output);
    const bool lastWanted = preferred && plan.group == 1 &&
                            reshapeStrides(shape, *preferred, shape) == reshapeStrides(shape, last, shape);
    if (lastWanted && (!residual.present() || residual.strides == last)) {
        const PackedWeight packed = m_weights.packed(weight, {k, n, 1, k, 0});
        m_weightBytes += packed->sizeBytes;
        tail.residual = residual;
        const Operand dst = m_operands.makeBuffer(DType::Float32, shape, last);
        m_operands.add(makePatchConvStep(plan, src, packed, tail, dst));
        m_operands.define(chain.output, dst);
        return;
    }
    tail.residual = m_operands.contiguous(residual);
    const Operand dst = m_operands.makeBuffer(DType::Float32, shape);
    if (plan.depthwise() && !residual.present()) {
        m_weightBytes += weight.sizeBytes();
        m_operands.add(makeDepthwiseStep(plan, src, weight, tail, dst));
    } else {
        Tensor both(DType::Float32, {plan.outputs, plan.patchSize() + 1});
        auto to = both.mutableData<float>();
        for (std::size_t o = 0; o < n; ++o) {
            std::copy_n(weight.floats().data() + o * k, k, to.data() + o * (k + 1));
            to[o * (k + 1) + k] = tail.bias.present() ? tail.bias.constant.floats()[o] : 0.0f;
        }
        m_weightBytes += both.sizeBytes();
        m_operands.add(makePlaneConvStep(plan, src, both, tail, dst));
    }
    m_operands.define(chain.output, dst);
}

void DenseCompiler::emitTransposed(const Chain& chain)
{
    const Tensor weight = *m_operands.constantAt({chain.root, 1});
    const Operand src = m_operands.contiguous(m_operands.read({chain.root, 0}));
    Tail tail;
    tail.bias = m_operands.read({chain.root, 2});
    tail.activation = chain.activation;
    m_weightBytes += weight.sizeBytes();
    const Operand dst = m_operands.makeBuffer(DType::Float32, m_graph.value(chain.output).shape);
    m_operands.add(makeTransposedConvStep(*planTransposed(m_graph.node(chain.root), src.shape, weight.shape()), src,
                                          weight, tail, dst));
    m_operands.define(chain.output, dst);
}

/// Operand `input` of a MatMul, taken from before the multiplication that has become part of alpha.
Operand DenseCompiler::scaled(NodeId scale, NodeId root, int input)
{
    if (!scale.valid())
        return m_operands.read({root, input});
    return m_operands.read({scale, scalarInput(m_graph, m_graph.node(scale), 1) ? 0 : 1});
}

namespace {

/// Columns of a matrix side by side, and no stride that goes backwards.
bool isAdjacent(const Operand& o)
{
    return o.shape.back() == 1 || o.strides.back() == 1;
}
bool isForward(const Operand& o)
{
    return std::all_of(o.strides.begin(), o.strides.end(), [](int64_t v) { return v >= 0; });
}

} // namespace

/// The residual of a MatMul in the shape of its output.
Operand DenseCompiler::residualOf(const Chain& chain)
{
    if (!chain.residual.node.valid())
        return {};
    Operand residual = m_operands.read(chain.residual);
    if (!isAdjacent(residual) || !isForward(residual))
        residual = m_operands.contiguous(residual);
    const Shape& shape = m_graph.value(chain.output).shape;
    residual.strides = broadcastStrides(residual.shape, residual.strides, shape);
    residual.shape = shape;
    return residual;
}

/// Where a MatMul writes: in the order in which a later transposition reads, where its rows stay rows.
Operand DenseCompiler::resultOf(const Chain& chain, bool matrices)
{
    const Shape& shape = m_graph.value(chain.output).shape;
    Shape strides = contiguousStrides(shape);
    if (const auto preferred = m_operands.preferredStrides(chain.output);
        preferred && matrices && preferred->back() == 1)
        strides = *preferred;
    return m_operands.makeBuffer(DType::Float32, shape, strides);
}

void DenseCompiler::emitMatMul(const Chain& chain)
{
    Operand a = scaled(chain.scaleA, chain.root, 0);
    Operand b = scaled(chain.scaleB, chain.root, 1);
    if (!isAdjacent(a) || !isForward(a))
        a = m_operands.contiguous(a);
    if (!isForward(b))
        b = m_operands.contiguous(b);
    const Operand residual = residualOf(chain);
    const Operand dst = resultOf(chain, a.shape.rank() > 1 && b.shape.rank() > 1);
    if (dst.shape.elements() > 0)
        m_operands.add(makeMatMulStep(a, b, chain.alpha, residual, dst));
    m_operands.define(chain.output, dst);
}

void DenseCompiler::emitIntegerMatMul(const Chain& chain, const IntegerProduct& product)
{
    Operand a = m_operands.readCodes({chain.root, 0});
    Operand b = m_operands.readCodes({chain.root, 1});
    if (!isAdjacent(a))
        a = m_operands.contiguous(a);
    const Operand residual = residualOf(chain);
    const Operand dst = resultOf(chain, true);
    if (dst.shape.elements() > 0)
        m_operands.add(makeIntegerMatMulStep(a, product.a, b, product.b, chain.alpha, residual, dst));
    m_operands.define(chain.output, dst);
}

void DenseCompiler::emitIntegerLinear(const Chain& chain, const IntegerProduct& product)
{
    const WeightCodes& weight = *product.weight;
    const auto k = static_cast<std::size_t>(weight.codes.shape()[0]);
    const auto n = static_cast<std::size_t>(weight.codes.shape()[1]);
    const PackedCodes packed = m_weights.packedCodes(weight.codes, {k, n, n, 1, 0});
    m_weightBytes += packed->sizeBytes;
    const auto codes = m_operands.codesAlone(chain.output);
    IntegerTail tail = tailOf(product, packed->packed.view());
    if (const Operand bias = m_operands.read({chain.root, 2}); bias.present() && !product.bias)
        tail.bias = bias.constant;
    tail.activation = chain.activation;
    if (chain.residual.node.valid())
        tail.residual = rows(m_operands.read(chain.residual));
    const Operand src = rows(m_operands.readCodes({chain.root, 0}));
    if (codes)
        requantize(tail, *codes);
    const Operand out =
        m_operands.makeBuffer(codes ? DType::UInt8 : DType::Float32, m_operands.shapeOf(chain.output));
    Operand dst = out;
    dst.shape = {src.shape[0], weight.codes.shape()[1]};
    dst.strides = contiguousStrides(dst.shape);
    assert(dst.shape.elements() == out.shape.elements());
    m_operands.add(makeIntegerLinearStep(src, packed, std::move(tail), dst));
    codes ? m_operands.defineCodes(chain.output, out) : m_operands.define(chain.output, out);
}

} // namespace qs::exec
