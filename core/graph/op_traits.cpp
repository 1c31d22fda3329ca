#include "core/graph/op_traits.h"

#include <algorithm>
#include <array>

namespace qs::graph {

namespace {

using enum OpTrait;

constexpr OpTraits row(std::string_view op, std::initializer_list<OpTrait> traits = {})
{
    OpTraits result{op};
    for (const OpTrait trait : traits)
        result.bits |= static_cast<uint32_t>(trait);
    return result;
}

constexpr std::array kTable = {
    row("Abs", {Elementwise}),
    row("Acos", {Elementwise}),
    row("Acosh", {Elementwise}),
    row("Add", {Elementwise, Arithmetic}),
    row("And", {Elementwise}),
    row("ArgMax", {Chooses}),
    row("ArgMin", {Chooses}),
    row("Asin", {Elementwise}),
    row("Asinh", {Elementwise}),
    row("Atan", {Elementwise}),
    row("Atanh", {Elementwise}),
    row("AveragePool", {Carries}),
    row("BatchNormalization", {Normalises}),
    row("Cast", {Elementwise, Represents}),
    row("Ceil", {Elementwise}),
    row("Clip", {Elementwise, Activation}),
    row("Concat", {Moves, Joins, Carries}),
    row("ConstantOfShape", {FileOnly}),
    row("Conv", {Product, Weighted}),
    row("ConvTranspose", {Product, Weighted}),
    row("Cos", {Elementwise}),
    row("Cosh", {Elementwise}),
    row("CumSum"),
    row("DepthToSpace", {Moves, Carries}),
    row("DequantizeLinear", {FileOnly}),
    row("Div", {Elementwise, Arithmetic}),
    row("Dropout", {Moves, KeepsOrder, Carries, Elementwise, FileOnly}),
    row("Einsum", {Product}),
    row("Elu", {Elementwise, Activation}),
    row("Equal", {Elementwise}),
    row("Erf", {Elementwise}),
    row("Exp", {Elementwise}),
    row("Expand", {Moves, Carries}),
    row("FakeQuantize", {Represents}),
    row("Flatten", {Moves, KeepsOrder, Carries, FileOnly}),
    row("Floor", {Elementwise}),
    row("Gather", {Moves, Carries}),
    row("GatherElements", {Moves, Carries}),
    row("GatherND", {Moves, Carries}),
    row("Gelu", {Elementwise, Activation, Dips}),
    row("GlobalAveragePool", {Carries, FileOnly}),
    row("GlobalMaxPool", {Chooses, FileOnly}),
    row("Greater", {Elementwise}),
    row("GreaterOrEqual", {Elementwise}),
    row("GridSample"),
    row("GroupNormalization", {Normalises, FileOnly}),
    row("HardSigmoid", {Elementwise, Activation}),
    row("HardSwish", {Elementwise, Activation, Dips}),
    row("Identity", {Moves, KeepsOrder, Carries, Elementwise, FileOnly}),
    row("InstanceNormalization", {Normalises}),
    row("IntegerLayerNormalization"), // of simulations alone, in place of LayerNormalization
    row("IsNaN", {Elementwise}),
    row("LayerNormalization", {Normalises}),
    row("LeakyRelu", {Elementwise, Activation}),
    row("Less", {Elementwise}),
    row("LessOrEqual", {Elementwise}),
    row("Linear", {Product, Weighted}),
    row("Log", {Elementwise}),
    row("LogSoftmax"),
    row("MatMul", {Product}),
    row("Max", {Chooses, Elementwise}),
    row("MaxPool", {Chooses}),
    row("Min", {Chooses, Elementwise}),
    row("Mish", {Elementwise, Activation, Dips}),
    row("Mod", {Elementwise}),
    row("Mul", {Elementwise, Arithmetic}),
    row("Neg", {Elementwise}),
    row("Not", {Elementwise}),
    row("Or", {Elementwise}),
    row("PRelu", {Elementwise, Activation}),
    row("Pad", {Moves, Fills}),
    row("Pow", {Elementwise}),
    row("QuantizeLinear", {FileOnly}),
    row("Range", {FileOnly}),
    row("Reciprocal", {Elementwise}),
    row("ReduceL1"),
    row("ReduceL2"),
    row("ReduceMax", {Chooses}),
    row("ReduceMean", {Carries}),
    row("ReduceMin", {Chooses}),
    row("ReduceProd"),
    row("ReduceSum"),
    row("ReduceSumSquare"),
    row("Relu", {Elementwise, Activation}),
    row("Reshape", {Moves, KeepsOrder, Carries}),
    row("Resize", {Carries, Represents}),
    row("Round", {Elementwise}),
    row("ScatterND", {Moves, Joins, Carries}),
    row("Shape", {FileOnly}),
    row("Sigmoid", {Elementwise, Activation}),
    row("Sign", {Elementwise}),
    row("Silu", {Elementwise, Activation, Dips}),
    row("Sin", {Elementwise}),
    row("Sinh", {Elementwise}),
    row("Size", {FileOnly}),
    row("Slice", {Moves, Carries}),
    row("Softmax"),
    row("Softplus", {Elementwise, Activation}),
    row("SpaceToDepth", {Moves, Carries}),
    row("Split", {Moves, Carries}),
    row("Sqrt", {Elementwise}),
    row("Squeeze", {Moves, KeepsOrder, Carries, FileOnly}),
    row("Sub", {Elementwise, Arithmetic}),
    row("Sum", {Elementwise, FileOnly}),
    row("Tan", {Elementwise}),
    row("Tanh", {Elementwise, Activation}),
    row("Tile", {Moves, Carries}),
    row("TopK", {Chooses}),
    row("Transpose", {Moves, Carries}),
    row("Trilu", {Moves, Fills}),
    row("Unsqueeze", {Moves, KeepsOrder, Carries, FileOnly}),
    row("Where", {Chooses, Carries, Elementwise}),
    row("Xor", {Elementwise}),
};
static_assert(std::ranges::is_sorted(kTable, {}, &OpTraits::op));

} // namespace

std::span<const OpTraits> allOpTraits()
{
    return kTable;
}

const OpTraits* findOpTraits(std::string_view op)
{
    const auto it = std::ranges::lower_bound(kTable, op, {}, &OpTraits::op);
    return it != kTable.end() && it->op == op ? &*it : nullptr;
}

bool has(std::string_view op, OpTrait trait)
{
    const OpTraits* traits = findOpTraits(op);
    return traits != nullptr && traits->has(trait);
}

} // namespace qs::graph
