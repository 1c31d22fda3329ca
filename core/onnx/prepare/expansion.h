#pragma once

#include "core/exec/op.h"
#include "core/onnx/prepare/inline.h"
#include "core/onnx/prepare/prepare.h"

#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::onnx {

/// One node on its way into several: what it says, what is known of its inputs, and the nodes that take its place.
class Expansion {
public:
    /// read: names of all values of the file that nodes or outputs read.
    Expansion(const quantoscope_onnx::NodeProto& node, quantoscope_onnx::GraphProto& graph, int64_t opset,
              const PreparationFacts& facts, const std::set<std::string>& read, TakenNames& names)
        : m_node(node), m_graph(graph), m_opset(opset), m_facts(facts), m_read(read), m_names(names)
    {
    }

    using Values = std::vector<std::string>;

    const std::string& op() const { return m_node.op_type(); }
    int inputCount() const { return m_node.input_size(); }
    bool has(int i) const { return i < m_node.input_size() && !m_node.input(i).empty(); }
    std::string input(int i) const { return has(i) ? m_node.input(i) : std::string(); }
    /// Whether anybody reads an output.
    bool wants(int output) const { return output < m_node.output_size() && m_read.contains(m_node.output(output)); }
    int64_t integer(std::string_view name, int64_t fallback) const;
    float real(std::string_view name, float fallback) const;
    std::string text(std::string_view name, std::string_view fallback) const;
    bool hasAttribute(std::string_view name) const { return attribute(name) != nullptr; }
    std::vector<int64_t> integers(std::string_view name) const;
    std::vector<float> reals(std::string_view name) const;
    int64_t opset() const { return m_opset; }

    /// Sizes of a weight of the file; nothing where the input is computed.
    std::optional<std::vector<int64_t>> sizesOfWeight(int i) const;
    /// The numbers of a weight that is stored in the file itself; nothing else.
    std::optional<Tensor> weight(int i) const;
    /// Type and shape of an input, where an earlier reading found it.
    const exec::ValueInfo* fact(int i) const;

    /// Adds nodes; each returns the name of its (first) output.
    std::string add(std::string_view op, const Values& inputs);
    std::string add(std::string_view op, const Values& inputs, std::string_view attribute, int64_t value);
    std::string add(std::string_view op, const Values& inputs, std::string_view attribute,
                    std::vector<int64_t> value);
    std::string scalar(float value);
    std::string list(std::span<const int64_t> values);
    std::string list(std::initializer_list<int64_t> values) { return list(std::span(values.begin(), values.size())); }
    std::string floats(const std::vector<int64_t>& sizes, std::span<const float> values);

    // Forms that differ between opsets.
    std::string reduceMean(const std::string& x, const std::vector<int64_t>& axes);
    std::string unsqueeze(const std::string& x, int64_t axis);
    std::string reshape(const std::string& x, std::initializer_list<int64_t> sizes)
    {
        return add("Reshape", {x, list(sizes)});
    }
    std::string transpose(const std::string& x, std::vector<int64_t> perm)
    {
        return add("Transpose", {x}, "perm", std::move(perm));
    }
    std::string slice(const std::string& x, int64_t axis, int64_t begin, int64_t end, int64_t step = 1);

    /// The last node added gives the node's output number `output` its name; or `value` does.
    void finish(const std::string& value, int output = 0);

    /// An attribute of the last node added.
    void setLast(const std::string& name, float value);
    void setLast(const std::string& name, std::span<const int64_t> values);
    /// Copies all attributes of the node to the last one added.
    void keepAttributes(std::initializer_list<std::string_view> but = {});
    std::vector<quantoscope_onnx::NodeProto> take() { return std::move(m_nodes); }

private:
    const quantoscope_onnx::AttributeProto* attribute(std::string_view name) const;

    const quantoscope_onnx::NodeProto& m_node;
    quantoscope_onnx::GraphProto& m_graph;
    int64_t m_opset;
    const PreparationFacts& m_facts;
    const std::set<std::string>& m_read;
    TakenNames& m_names;
    std::vector<quantoscope_onnx::NodeProto> m_nodes;
};

using Infos = std::span<const exec::ValueInfo>;

/// How an operator is expanded. Newcomers: a function in one file of this folder and one line in expansions.cpp.
struct ExpansionRule {
    std::string_view domain; ///< "": the standard one
    std::string_view op;
    Result<void> (*expand)(Expansion&);
    /// Where it wants facts of its inputs, what the first output will be, so that reading goes on and finds all such
    /// nodes at once. Null: it needs none.
    std::optional<exec::ValueInfo> (*guess)(Infos inputs) = nullptr;
};
/// Null where there is none.
const ExpansionRule* findExpansion(std::string_view domain, std::string_view op);

// One list a file.
std::span<const ExpansionRule> activationExpansions();
std::span<const ExpansionRule> elementaryExpansions();
std::span<const ExpansionRule> normalisationExpansions();
std::span<const ExpansionRule> attentionExpansions();
std::span<const ExpansionRule> rotaryExpansions();
std::span<const ExpansionRule> productExpansions();
std::span<const ExpansionRule> variadicExpansions();

} // namespace qs::onnx
