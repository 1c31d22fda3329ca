#pragma once

#include "core/base/error.h"
#include "core/exec/op.h"
#include "core/graph/graph.h"
#include "core/graph/rewrites/rewrites.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qs::onnx {

/// Grows a graph node by node, in topological order: infers types and shapes, computes at once what depends on
/// constants only, and keeps within limits that no honest model reaches.
class Builder {
public:
    static constexpr int64_t kMaxElements = int64_t{1} << 31; ///< of one value
    static constexpr std::size_t kMaxFoldedBytes = std::size_t{256}
                                                   << 20;       ///< of computed constants, beside 8 × the file
    static constexpr int64_t kMaxFoldedWork = int64_t{1} << 30; ///< multiply-accumulates of one folded product

    /// With external data. An honest model computes constants from its own (transposed, or from 4 bits to 32).
    void setFileBytes(std::size_t bytes) { m_maxFoldedBytes = kMaxFoldedBytes + 8 * bytes; }

    TensorId addInput(std::string name, const Shape& shape);
    /// A constant of the file.
    TensorId addConstant(std::string name, Tensor tensor);
    /// A constant that was computed. Errors: TooLarge where all of them together exceed their limit.
    Result<TensorId> addFolded(std::string name, Tensor tensor);

    /// Appends a node, or computes it where all its inputs are constants. Outputs without elements become constants:
    /// a prefix of no tokens is one. outputNames: empty for inner values, which get a name of their own. Returns the
    /// ids of its outputs. Errors: what inference and evaluation report; TooLarge; Unsupported where some outputs
    /// have elements and others none.
    Result<std::vector<TensorId>> emit(graph::Node node, const std::vector<std::string>& outputNames);
    /// Appends a node whose outputs are known; for forms that are gone before execution.
    std::vector<TensorId> emitAs(graph::Node node, const std::vector<std::string>& outputNames,
                                 std::span<const exec::ValueInfo> outputs);
    /// Says that the file's node at `position` passes the value on unchanged.
    void bypass(TensorId id, int position) { m_bypassed[id].push_back(position); }

    const graph::Value& value(TensorId id) const { return m_data.values[id.index()]; }
    const Tensor* constant(TensorId id) const;
    /// The file's element type of a constant, where it was noted (it tells 4-bit integers apart); otherwise 0.
    int32_t fileType(TensorId id) const;
    void noteFileType(TensorId id, int32_t fileType) { m_fileTypes[id] = fileType; }
    /// A new name for a value that the file does not have.
    std::string innerName(const std::string& nodeName);
    /// The node that produces the value (null: none does), if it is one of `op`.
    const graph::Node* producer(TensorId id) const;
    const graph::Node* producer(TensorId id, std::string_view op) const;

    graph::GraphData& data() { return m_data; }
    graph::Bypassed& bypassed() { return m_bypassed; }

private:
    Result<std::vector<TensorId>> nothing(const graph::Node& node, const std::vector<std::string>& outputNames,
                                          std::span<const exec::ValueInfo> outputs);
    Result<std::vector<TensorId>> fold(const graph::Node& node, const std::vector<std::string>& outputNames,
                                       std::span<const exec::ValueInfo> outputs);

    graph::GraphData m_data;
    graph::Bypassed m_bypassed;
    std::map<TensorId, std::size_t> m_producers;
    std::map<TensorId, int32_t> m_fileTypes;
    std::size_t m_maxFoldedBytes = kMaxFoldedBytes;
    std::size_t m_foldedBytes = 0;
    std::size_t m_innerValues = 0;
};

} // namespace qs::onnx
