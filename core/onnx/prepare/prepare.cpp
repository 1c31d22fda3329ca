#include "core/onnx/prepare/prepare.h"

#include "core/onnx/file_graph.h"
#include "core/onnx/prepare/check_nodes.h"
#include "core/onnx/prepare/expansion.h"
#include "core/onnx/prepare/floats.h"
#include "core/onnx/prepare/inline.h"
#include "core/onnx/prepare/left_products.h"

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int kMaxRounds = 32; ///< of functions that call functions, and branches inside branches

int64_t opsetOf(const pb::ModelProto& model)
{
    for (const pb::OperatorSetIdProto& set : model.opset_import())
        if (set.domain().empty() || set.domain() == "ai.onnx")
            return set.version();
    return 0;
}

/// Names of the values that nodes, branches inside of them, or outputs read.
std::set<std::string> namesRead(const pb::GraphProto& graph)
{
    std::set<std::string> read;
    for (const pb::ValueInfoProto& output : graph.output())
        read.insert(output.name());
    for (const pb::NodeProto& node : graph.node()) {
        read.insert(node.input().begin(), node.input().end());
        for (const pb::AttributeProto& a : node.attribute())
            if (a.has_g())
                read.merge(namesRead(a.g()));
    }
    read.erase("");
    return read;
}

Result<void> expandNodes(pb::ModelProto& model, const PreparationFacts& facts, TakenNames& names,
                         std::map<std::string, int>& expanded)
{
    pb::GraphProto& graph = *model.mutable_graph();
    google::protobuf::RepeatedPtrField<pb::NodeProto> prepared;
    const std::set<std::string> read = namesRead(graph);
    for (int n = 0; n < graph.node_size(); ++n) {
        pb::NodeProto& node = *graph.mutable_node(n);
        const ExpansionRule* rule = findExpansion(node.domain(), node.op_type());
        const auto left = facts.leftProducts.find(firstOutput(node));
        std::vector<pb::NodeProto> nodes;
        if (left != facts.leftProducts.end()) {
            Expansion expansion(node, graph, opsetOf(model), facts, read, names);
            expandLeftProduct(expansion, left->second);
            nodes = expansion.take();
        } else if (rule) {
            Expansion expansion(node, graph, opsetOf(model), facts, read, names);
            if (auto done = rule->expand(expansion); !done) {
                done.error().where = nodeLabel(node, n);
                return done;
            }
            nodes = expansion.take();
        }
        if (nodes.empty()) { // an operator without a rule, or one that waits for facts
            *prepared.Add() = std::move(node);
            continue;
        }
        if (prepared.size() + static_cast<int>(nodes.size()) > kMaxPreparedNodes)
            return fail(ErrorCode::TooLarge, "its fused operators make more than 65536 nodes");
        if (rule)
            ++expanded[(node.domain().empty() ? "" : node.domain() + ":") + node.op_type()];
        for (pb::NodeProto& made : nodes)
            *prepared.Add() = std::move(made);
    }
    graph.mutable_node()->Swap(&prepared);
    return {};
}

} // namespace

Result<void> prepare(pb::ModelProto& model, const PreparationFacts& facts, TensorReader& reader,
                     PreparationReport* report)
{
    if (!model.has_graph())
        return {}; // whoever reads the graph says so
    QS_CHECK(checkFileNodes(model));
    PreparationReport found;
    TakenNames names(model.graph());
    if (model.functions_size() > 0 || !facts.branches.empty()) {
        bool changed = true;
        std::size_t copied = 0;
        for (int round = 0; changed; ++round) {
            if (round == kMaxRounds)
                return fail(ErrorCode::Malformed,
                            "has functions that call themselves, or over 32 of them one inside another");
            QS_ASSIGN(const bool functions, inlineFunctions(model, names, copied));
            QS_ASSIGN(const bool branches, inlineBranches(model, facts.branches, names, copied));
            changed = functions || branches;
        }
        model.clear_functions();
    }
    found.narrow = narrowValues(model.graph());
    found.floats = computeInFloat(model, names);
    CodesPass codes(model, names, reader);
    QS_CHECK(codes.run());
    found.replaced = codes.replaced();
    if (codes.isQuantized()) {
        QS_ASSIGN(found.quantizers, readQuantizers(model, names, reader, codes.packed(), facts.floatNetwork));
    }
    QS_CHECK(expandNodes(model, facts, names, found.expanded));
    if (report)
        *report = std::move(found);
    return {};
}

} // namespace qs::onnx
