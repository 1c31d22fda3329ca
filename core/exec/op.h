#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/base/thread_pool.h"
#include "core/graph/graph.h"

#include <span>
#include <string_view>
#include <vector>

namespace qs::exec {

/// What is known of a value before it is computed.
struct ValueInfo {
    DType dtype = DType::Float32;
    Shape shape;
};

/// A read-only strided array in memory. Strides are in elements and may be 0 (broadcast).
struct ConstView {
    const void* data = nullptr; ///< null: the optional input is absent
    DType dtype = DType::Float32;
    Shape shape;
    Shape strides;

    bool present() const { return data != nullptr; }
    bool contiguous() const { return strides == contiguousStrides(shape); }
    template <class T>
    const T* as() const
    {
        return static_cast<const T*>(data);
    }
};

/// A writable, contiguous array in memory.
struct View {
    void* data = nullptr;
    DType dtype = DType::Float32;
    Shape shape;
    template <class T>
    T* as() const
    {
        return static_cast<T*>(data);
    }
};

/// Everything the engine knows of one operator. One file in core/exec/ops defines it, one line of
/// core/exec/ops/list.h registers it.
struct OpDef {
    std::string_view name;
    /// Types and shapes of the outputs. Errors: ShapeMismatch, Unsupported (an attribute value that is not
    /// implemented), InvalidArgument; `where` is left to the caller.
    Result<std::vector<ValueInfo>> (*infer)(const graph::Node& node, std::span<const ValueInfo> inputs) = nullptr;
    /// Computes the outputs. Inputs have the types and shapes given to infer and are contiguous unless
    /// acceptsStrides. Must not allocate more than `scratch` for large data and never fails.
    void (*compute)(const graph::Node& node, std::span<const ConstView> inputs, std::span<const View> outputs,
                    std::span<std::byte> scratch, ThreadPool* pool) = nullptr;
    /// Bytes of scratch memory compute needs; null: none.
    std::size_t (*scratchBytes)(const graph::Node& node, std::span<const ValueInfo> inputs, int threads) = nullptr;
    bool acceptsStrides = false;
    /// Bit i: input i is read before the output is written over it (Access::BeforeWrite in core/exec/step.h), where
    /// it has the first output's shape and type and is contiguous: compute must allow them to be the same memory.
    uint32_t beforeWrite = 0;
    /// The output is the input's memory under another shape or strides (Reshape, Transpose, Slice, ...).
    bool isView = false;
};

/// Null where the operator is not implemented.
const OpDef* findOp(std::string_view name);
/// All implemented operators, sorted by name.
std::span<const OpDef> allOps();

/// Computes one node on constants: constant folding on import, and the slow reference in tests.
/// Errors: Unsupported, ShapeMismatch, TooLarge (an output of more than 2^28 elements), with the node's name in
/// `where`.
Result<std::vector<Tensor>> evaluate(const graph::Node& node, std::span<const Tensor> inputs);

} // namespace qs::exec
