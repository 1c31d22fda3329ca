#pragma once

#include "core/base/error.h"

#include "quantoscope_onnx.pb.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace qs::onnx {

/// The graph of a file, looked at by names: what produces what, and in which order nodes can be read.
/// Refers to the message, which must outlive it.
class FileGraph {
public:
    /// Errors: Malformed (no graph, no output, names given twice, a value that nobody produces, a cycle), Unsupported
    /// (the opset; operators, all in one message).
    /// `constants`: inputs that are given as constants.
    static Result<FileGraph> open(const quantoscope_onnx::ModelProto& model,
                                  const std::set<std::string>& constants = {});

    int64_t opset() const { return m_opset; }
    const quantoscope_onnx::GraphProto& proto() const { return *m_graph; }
    /// The input of images: the one that is read, and neither an initializer nor given as a constant.
    const quantoscope_onnx::ValueInfoProto& input() const { return *m_input; }
    /// Inputs that nothing reads.
    const std::vector<std::string>& unusedInputs() const { return m_unused; }
    /// Null where the name is no initializer.
    const quantoscope_onnx::TensorProto* initializer(std::string_view name) const;
    /// Positions of the nodes that reach an output, producers first.
    const std::vector<int>& order() const { return m_order; }
    /// Whether a live node or an output reads the value.
    bool isRead(std::string_view name) const { return m_read.contains(name); }

private:
    Result<void> readOpset(const quantoscope_onnx::ModelProto& model);
    Result<void> readNames();
    Result<void> findInput(const std::set<std::string>& constants);
    Result<void> sort();
    Result<void> checkOperators() const;

    const quantoscope_onnx::GraphProto* m_graph = nullptr;
    const quantoscope_onnx::ValueInfoProto* m_input = nullptr;
    int64_t m_opset = 0;
    std::vector<std::string> m_unused;
    std::unordered_set<std::string_view> m_inputs; ///< names of all that are no initializers
    std::unordered_map<std::string_view, const quantoscope_onnx::TensorProto*> m_initializers;
    std::unordered_map<std::string_view, int> m_producers;
    std::unordered_set<std::string_view> m_read;
    std::vector<int> m_order;
};

/// "node 'blocks.3/Add' (Add)", or by its position where it has no name.
std::string nodeLabel(const quantoscope_onnx::NodeProto& node, int position);

} // namespace qs::onnx
