#pragma once

#include "core/exec/op.h"
#include "core/exec/ops/support.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace qs::exec {

/// One node on the way back. All tensors are contiguous.
struct BackwardCall {
    const graph::Node& node;
    std::span<const ValueInfo> in;   ///< of the inputs, as the node reads them
    std::span<const ValueInfo> out;  ///< of the outputs
    std::span<const Tensor> inputs;  ///< after quantizers; empty unless the operator keeps its inputs
    std::span<const Tensor> outputs; ///< empty unless the operator keeps its outputs
    std::span<const Tensor> seeds;   ///< dL/doutput; empty: 0. Of an operator with one output it is never empty
    std::span<const uint8_t> wanted; ///< by input: 1 where its derivative is asked for
    ThreadPool* pool = nullptr;

    const float* seed() const { return seeds[0].floats().data(); }
};

/// What an operator's derivative needs of the way forward.
enum class Keeps : uint8_t { Nothing, Inputs, Outputs, Both };

/// The derivative of one operator. One file of core/exec/gradients defines it, one line of list.h registers it.
struct BackwardDef {
    std::string_view op;
    Keeps keeps = Keeps::Nothing;
    /// Fills gradients[i] with dL/dinput i, of the input's shape, where call.wanted[i].
    void (*backward)(const BackwardCall& call, std::span<Tensor> gradients) = nullptr;
    uint32_t inputs = ~uint32_t{0}; ///< bits: the inputs that it can be differentiated by
    /// What infer accepts and backward does not. Errors: Unsupported. Null: nothing.
    Result<void> (*check)(const graph::Node& node, Infos in) = nullptr;

    bool keepsInputs() const { return keeps == Keeps::Inputs || keeps == Keeps::Both; }
    bool keepsOutputs() const { return keeps == Keeps::Outputs || keeps == Keeps::Both; }
};

/// Null where the operator has no derivative (or none is implemented).
const BackwardDef* findBackward(std::string_view op);

} // namespace qs::exec
