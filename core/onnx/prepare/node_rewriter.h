#pragma once

#include "core/base/tensor.h"
#include "core/onnx/prepare/inline.h"
#include "core/onnx/tensor_reader.h"

#include "quantoscope_onnx.pb.h"

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::onnx {

/// The nodes of a graph, taken out of it to be replaced one by one, with what makes, reads and stores each value.
/// The graph has the new nodes once `finish` was called.
class NodeRewriter {
public:
    NodeRewriter(quantoscope_onnx::GraphProto& graph, TakenNames& names, TensorReader& reader);

    /// The nodes of the file; they do not move.
    const std::vector<quantoscope_onnx::NodeProto>& source() const { return m_source; }
    /// An initializer, or the value of a Constant; null for values that are computed.
    const quantoscope_onnx::TensorProto* stored(const std::string& value) const;
    bool isConstant(const std::string& value) const { return stored(value) != nullptr; }
    /// Errors: Unsupported (it is computed), and those of TensorReader::read.
    Result<Tensor> constant(const std::string& value) const;
    const quantoscope_onnx::NodeProto* producer(const std::string& value) const;
    /// Of the file; a node that reads it twice is there twice.
    std::span<const quantoscope_onnx::NodeProto* const> readers(const std::string& value) const;
    bool isOutput(const std::string& value) const { return m_outputs.contains(value); }
    TensorReader& reader() const { return m_reader; }
    TakenNames& names() const { return m_names; }

    quantoscope_onnx::NodeProto& put(quantoscope_onnx::NodeProto node);
    quantoscope_onnx::NodeProto& last() { return m_nodes.back(); }
    /// A node of the standard domain, named after `base`; `output`: empty for a new name. Returns its output.
    std::string add(const std::string& base, std::string_view op, std::vector<std::string> inputs,
                    const std::string& output = {});
    /// A new initializer. Returns its name.
    std::string addFloats(const std::string& base, std::span<const int64_t> dims, std::span<const float> values);
    std::string addInts(const std::string& base, std::span<const int64_t> values);
    /// Under a name that readers know already.
    void store(const std::string& name, const Tensor& values);

    void finish();

private:
    quantoscope_onnx::GraphProto& m_graph;
    TakenNames& m_names;
    TensorReader& m_reader;
    std::vector<quantoscope_onnx::NodeProto> m_source, m_nodes;
    std::map<std::string, const quantoscope_onnx::TensorProto*> m_constants;
    std::map<std::string, const quantoscope_onnx::NodeProto*> m_producers;
    std::map<std::string, std::vector<const quantoscope_onnx::NodeProto*>> m_readers;
    std::set<std::string> m_outputs;
};

/// Its name; "" where the node has no such input.
std::string inputAt(const quantoscope_onnx::NodeProto& node, int i);

} // namespace qs::onnx
