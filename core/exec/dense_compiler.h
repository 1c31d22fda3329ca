#pragma once

#include "core/exec/fuse.h"
#include "core/exec/operands.h"
#include "core/exec/weight_cache.h"

namespace qs::exec {

/// Turns chains of a dense operator (Linear, Conv, ConvTranspose, MatMul with what follows them) into steps with
/// packed weights.
class DenseCompiler {
public:
    DenseCompiler(const graph::Graph& graph, Operands& operands, WeightCache& weights)
        : m_graph(graph), m_operands(operands), m_weights(weights)
    {
    }

    void emit(const Chain& chain);
    std::size_t weightBytes() const { return m_weightBytes; } ///< of all weights so far, packed

private:
    void emitLinear(const Chain& chain);
    void emitConv(const Chain& chain);
    void emitTransposed(const Chain& chain);
    void emitMatMul(const Chain& chain);
    void emitIntegerLinear(const Chain& chain, const IntegerProduct& product);
    void emitIntegerMatMul(const Chain& chain, const IntegerProduct& product);
    Operand rows(const Operand& operand);
    Operand residualOf(const Chain& chain);
    Operand resultOf(const Chain& chain, bool matrices);
    Operand scaled(NodeId scale, NodeId root, int input);

    const graph::Graph& m_graph;
    Operands& m_operands;
    WeightCache& m_weights;
    std::size_t m_weightBytes = 0;
};

} // namespace qs::exec
