#pragma once

#include "core/graph/graph.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace qs::graph {

/// What code that walks over a graph asks of an operator, whatever its attributes. a, b: numbers; f: the operator as
/// a function of its data inputs (all but indices and conditions). tests/exec/op_traits_test.cpp derives the traits
/// of every operator by running it.
enum class OpTrait : uint32_t {
    /// Every output element is, bit for bit, an element of a data input, at a place that no value decides.
    Moves = 1U << 0,
    /// With Moves: output elements may also be a number of the node (Pad, Trilu).
    Fills = 1U << 1,
    /// With Moves: the elements in the same order; only the shape changes.
    KeepsOrder = 1U << 2,
    /// With Moves: elements of several inputs meet in the output (Concat, ScatterND).
    Joins = 1U << 3,
    /// No arithmetic, but values decide: every output element is an element of a data input or its place (Where,
    /// TopK,
    /// Max, MaxPool, ArgMax, ...).
    Chooses = 1U << 4,
    /// f(a x + b) = a f(x) + b: moves, or means whose weights sum to 1. Where attributes let the operator put values
    /// of its own in (an average that counts padding), for all others.
    Carries = 1U << 5,
    /// An output element depends on the elements at its own place alone, inputs broadcast as in NumPy.
    Elementwise = 1U << 6,
    /// Elementwise: what networks put between layers to be no line (Relu, Gelu, Sigmoid, ...).
    Activation = 1U << 7,
    /// An activation that falls before it rises (Gelu, Silu, HardSwish, Mish); full coverage quantizes its input.
    Dips = 1U << 8,
    /// Elementwise: Add, Sub, Mul, Div of two operands.
    Arithmetic = 1U << 9,
    /// The values up to rounding or interpolation: Cast, FakeQuantize, Resize.
    Represents = 1U << 10,
    /// Subtracts a mean, divides by a deviation, then x·gain + bias by channel: gain 0 leaves the bias.
    Normalises = 1U << 11,
    /// Sums of products: linear in each of its first two inputs, and no Elementwise.
    Product = 1U << 12,
    /// A Product whose input 1 is the weight and whose input 2, where present, is added by output channel.
    Weighted = 1U << 13,
    /// Of files only: the importer writes it in other operators or computes it (core/onnx/normalise.h).
    FileOnly = 1U << 14,
};

/// One operator and its traits.
struct OpTraits {
    std::string_view op;
    uint32_t bits = 0;

    constexpr bool has(OpTrait trait) const { return (bits & static_cast<uint32_t>(trait)) != 0; }
};

/// Every operator that core/exec computes, sorted by name.
std::span<const OpTraits> allOpTraits();
/// Null where the table has no such operator.
const OpTraits* findOpTraits(std::string_view op);

/// Whether the operator has the trait; false for an operator that the table does not know.
bool has(std::string_view op, OpTrait trait);
inline bool has(const Node& node, OpTrait trait)
{
    return has(std::string_view(node.op), trait);
}

} // namespace qs::graph
