#pragma once

#include "core/onnx/builder.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::onnx {

/// One node of the file on its way into the canonical form: what it says, and how to answer.
class Lowering {
public:
    struct FileNode {
        std::string op;
        std::string name;
        int position = 0;
        int64_t opset = 0;
        graph::Attributes attributes;
        std::vector<TensorId> inputs;         ///< invalid: absent
        std::vector<std::string> outputNames; ///< empty: the file has no such output
        std::vector<char> outputUsed;         ///< whether anybody reads it
    };

    Lowering(Builder& builder, FileNode node) : m_builder(builder), m_node(std::move(node)) {}

    const std::string& op() const { return m_node.op; }
    const std::string& name() const { return m_node.name; }
    int64_t opset() const { return m_node.opset; }
    const graph::Attributes& attributes() const { return m_node.attributes; }
    Builder& builder() { return m_builder; }

    std::size_t inputCount() const { return m_node.inputs.size(); }
    std::size_t outputCount() const { return m_node.outputNames.size(); }
    bool outputUsed(std::size_t i) const { return i < m_node.outputUsed.size() && m_node.outputUsed[i]; }
    TensorId input(std::size_t i) const { return i < m_node.inputs.size() ? m_node.inputs[i] : TensorId(); }
    bool has(std::size_t i) const { return input(i).valid(); }
    const Shape& shape(std::size_t i) const { return m_builder.value(input(i)).shape; }
    int64_t rank(std::size_t i) const { return static_cast<int64_t>(shape(i).rank()); }
    DType dtype(std::size_t i) const { return m_builder.value(input(i)).dtype; }
    const Tensor* constant(std::size_t i) const { return m_builder.constant(input(i)); }

    /// A constant integer parameter: input number `i`, or else the attribute, or else nothing.
    /// Errors: Unsupported (the input depends on the image), Malformed (not a list of integers, absurdly large).
    Result<std::optional<std::vector<int64_t>>> integers(std::string_view name, std::size_t i) const;
    /// The same, and Malformed where there is none.
    Result<std::vector<int64_t>> neededIntegers(std::string_view name, std::size_t i) const;
    /// As `integers`, for floats.
    Result<std::optional<std::vector<float>>> reals(std::string_view name, std::size_t i) const;
    /// An axis attribute made non-negative. Errors: Malformed where it is out of range for `rank`.
    Result<int64_t> axis(int64_t fallback, int64_t rank) const;
    /// A list of axes made non-negative and sorted. Errors: Malformed (out of range, twice).
    Result<std::vector<int64_t>> axes(std::vector<int64_t> list, int64_t rank) const;
    /// Errors: ShapeMismatch unless input `i` has between `lowest` and `highest` dimensions.
    Result<void> needRank(std::size_t i, int64_t lowest, int64_t highest) const;

    /// Adds an inner node. Returns its first output.
    Result<TensorId> step(std::string op, std::vector<TensorId> inputs, graph::Attributes attributes = {});
    /// Adds the node that produces the file node's outputs.
    Result<void> finish(std::string op, std::vector<TensorId> inputs, graph::Attributes attributes = {});
    /// Adds a node that a later one must replace: no operator of the engine. Its input is the first one.
    Result<void> finishPending(std::string op, graph::Attributes attributes, const exec::ValueInfo& output);
    /// The first output is this constant.
    Result<void> finishConstant(Tensor tensor, int32_t fileType = 0);
    /// The first output is the value `id`, unchanged.
    Result<void> finishAs(TensorId id);
    Result<TensorId> constantStep(Tensor tensor);
    /// Positions of earlier nodes of the file that the next node stands for too.
    void absorb(std::span<const int> positions) { m_absorbed.assign(positions.begin(), positions.end()); }

    /// After lowering: the file node's outputs, invalid where there is none.
    const std::vector<TensorId>& results() const { return m_results; }

private:
    graph::Node makeNode(std::string op, std::vector<TensorId> inputs, graph::Attributes attributes) const;

    Builder& m_builder;
    FileNode m_node;
    std::vector<TensorId> m_results;
    std::vector<int> m_absorbed;
};

/// How an operator of the file becomes canonical.
struct Rule {
    std::string_view op;
    std::size_t minInputs = 0; ///< the first minInputs inputs must be present
    std::size_t maxInputs = 0;
    Result<void> (*lower)(Lowering&) = nullptr;
};

std::span<const Rule> elementwiseRules();
std::span<const Rule> constantRules();
std::span<const Rule> movementRules();
std::span<const Rule> gatherRules();
std::span<const Rule> scatterRules();
std::span<const Rule> resizeRules();
std::span<const Rule> reductionRules();
std::span<const Rule> productRules();
std::span<const Rule> poolingRules();
std::span<const Rule> normalisationRules();
std::span<const Rule> quantizeRules();

/// Null where the operator is not supported.
const Rule* findRule(std::string_view op);

} // namespace qs::onnx
