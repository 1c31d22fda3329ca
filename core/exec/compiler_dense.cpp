#include "core/exec/compiler.h"

#include "core/exec/dense_steps.h"
#include "core/exec/ops/support.h"
#include "core/exec/ops/views.h"

#include <algorithm>

namespace qs::exec {

using graph::Node;
using graph::Use;

void Compiler::emitChain(const Chain& chain)
{
    const std::string& op = m_graph.node(chain.root).op;
    if (op == "Linear")
        emitLinear(chain);
    else if (op == "Conv")
        emitConv(chain);
    else if (op == "ConvTranspose")
        emitTransposed(chain);
    else
        emitMatMul(chain);
}

Operand Compiler::biasOf(NodeId root)
{
    return read({root, 2});
}

/// The operand as a matrix [rows, last dimension] with adjacent columns.
Operand Compiler::rows(const Operand& operand)
{
    const int64_t k = operand.shape.back();
    const Shape flat{k == 0 ? 0 : operand.shape.elements() / k, k};
    const auto strides = reshapeStrides(operand.shape, operand.strides, flat);
    Operand matrix = operand;
    if (!strides || ((*strides)[1] != 1 && k != 1) || (*strides)[0] < k)
        matrix = contiguous(operand);
    matrix.strides = strides && (matrix.sameView(operand)) ? *strides : contiguousStrides(flat);
    matrix.shape = flat;
    return matrix;
}

void Compiler::emitLinear(const Chain& chain)
{
    const Tensor weight = *constantAt({chain.root, 1});
    const auto k = static_cast<std::size_t>(weight.shape()[0]);
    const auto n = static_cast<std::size_t>(weight.shape()[1]);
    const PackedWeight packed = m_weights.packed(weight, {k, n, n, 1, 0});
    weightBytes += packed->sizeBytes;
    Tail tail;
    tail.bias = biasOf(chain.root);
    tail.activation = chain.activation;
    if (chain.residual.node.valid())
        tail.residual = rows(read(chain.residual));
    const Operand src = rows(read({chain.root, 0}));
    const Operand out = makeBuffer(DType::Float32, shapeOf(chain.output));
    Operand dst = out;
    dst.shape = {src.shape[0], weight.shape()[1]};
    dst.strides = contiguousStrides(dst.shape);
    assert(dst.shape.elements() == out.shape.elements());
    steps.push_back(makeLinearStep(src, packed, tail, dst));
    define(chain.output, out);
}

void Compiler::emitConv(const Chain& chain)
{
    const Tensor weight = *constantAt({chain.root, 1});
    const Node& node = m_graph.node(chain.root);
    const Operand src = contiguous(read({chain.root, 0}));
    const ConvPlan plan = *planConv(node, src.shape, weight.shape());
    const Shape& shape = m_graph.value(chain.output).shape;
    Tail tail;
    tail.bias = biasOf(chain.root);
    tail.activation = chain.activation;
    const Operand residual = chain.residual.node.valid() ? read(chain.residual) : Operand{};

    const int64_t plane = plan.window.outPlane();
    Shape last{plan.outputs * plane, 1};
    if (plan.window.spatial == 2)
        last.push_back(plan.window.out[1] * plan.outputs);
    last.push_back(plan.outputs);
    const auto k = static_cast<std::size_t>(plan.patchSize());
    const auto n = static_cast<std::size_t>(plan.outputs);
    const auto preferred = preferredStrides(chain.output);
    const bool lastWanted = preferred && plan.group == 1 &&
                            reshapeStrides(shape, *preferred, shape) == reshapeStrides(shape, last, shape);
    if (lastWanted && (!residual.present() || residual.strides == last)) {
        const PackedWeight packed = m_weights.packed(weight, {k, n, 1, k, 0});
        weightBytes += packed->sizeBytes;
        tail.residual = residual;
        const Operand dst = makeBuffer(DType::Float32, shape, last);
        steps.push_back(makePatchConvStep(plan, src, packed, tail, dst));
        define(chain.output, dst);
        return;
    }
    tail.residual = contiguous(residual);
    const Operand dst = makeBuffer(DType::Float32, shape);
    if (plan.depthwise() && !residual.present()) {
        weightBytes += weight.sizeBytes();
        steps.push_back(makeDepthwiseStep(plan, src, weight, tail, dst));
    } else {
        Tensor both(DType::Float32, {plan.outputs, plan.patchSize() + 1});
        auto to = both.mutableData<float>();
        for (std::size_t o = 0; o < n; ++o) {
            std::copy_n(weight.floats().data() + o * k, k, to.data() + o * (k + 1));
            to[o * (k + 1) + k] = tail.bias.present() ? tail.bias.constant.floats()[o] : 0.0f;
        }
        weightBytes += both.sizeBytes();
        steps.push_back(makePlaneConvStep(plan, src, both, tail, dst));
    }
    define(chain.output, dst);
}

void Compiler::emitTransposed(const Chain& chain)
{
    const Tensor weight = *constantAt({chain.root, 1});
    const Operand src = contiguous(read({chain.root, 0}));
    Tail tail;
    tail.bias = biasOf(chain.root);
    tail.activation = chain.activation;
    weightBytes += weight.sizeBytes();
    const Operand dst = makeBuffer(DType::Float32, m_graph.value(chain.output).shape);
    steps.push_back(makeTransposedConvStep(*planTransposed(m_graph.node(chain.root), src.shape, weight.shape()), src,
                                           weight, tail, dst));
    define(chain.output, dst);
}

/// Operand `input` of a MatMul, taken from before the multiplication that has become part of alpha.
Operand Compiler::scaled(NodeId scale, NodeId root, int input)
{
    if (!scale.valid())
        return read({root, input});
    return read({scale, scalarInput(m_graph, m_graph.node(scale), 1) ? 0 : 1});
}

void Compiler::emitMatMul(const Chain& chain)
{
    Operand a = scaled(chain.scaleA, chain.root, 0);
    Operand b = scaled(chain.scaleB, chain.root, 1);
    const auto adjacent = [](const Operand& o) {
        const Shape& s = o.shape;
        return s.back() == 1 || o.strides.back() == 1;
    };
    const auto positive = [](const Operand& o) {
        return std::all_of(o.strides.begin(), o.strides.end(), [](int64_t v) { return v >= 0; });
    };
    if (!adjacent(a) || !positive(a))
        a = contiguous(a);
    if (!positive(b))
        b = contiguous(b);
    const Shape& shape = m_graph.value(chain.output).shape;
    Operand residual;
    if (chain.residual.node.valid()) {
        residual = read(chain.residual);
        if (!adjacent(residual) || !positive(residual))
            residual = contiguous(residual);
        residual.strides = broadcastStrides(residual.shape, residual.strides, shape);
        residual.shape = shape;
    }
    Shape strides = contiguousStrides(shape);
    const bool matrices = a.shape.rank() > 1 && b.shape.rank() > 1;
    if (const auto preferred = preferredStrides(chain.output); preferred && matrices && preferred->back() == 1)
        strides = *preferred;
    const Operand dst = makeBuffer(DType::Float32, shape, strides);
    if (shape.elements() > 0)
        steps.push_back(makeMatMulStep(a, b, chain.alpha, residual, dst));
    define(chain.output, dst);
}

} // namespace qs::exec
