#include "core/onnx/prepare/inline.h"

#include "core/onnx/convert_opset.h"
#include "core/onnx/file_graph.h"
#include "core/onnx/tensor_reader.h"

#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

using Nodes = google::protobuf::RepeatedPtrField<pb::NodeProto>;

bool isStandard(const std::string& domain)
{
    return domain.empty() || domain == "ai.onnx";
}

int64_t opsetOf(const google::protobuf::RepeatedPtrField<pb::OperatorSetIdProto>& sets)
{
    for (const pb::OperatorSetIdProto& set : sets)
        if (isStandard(set.domain()))
            return set.version();
    return 0;
}

std::string identity(const std::string& domain, const std::string& name, const std::string& overload)
{
    return domain + '\n' + name + '\n' + overload;
}

/// A function may be written in another opset than the model, as long as its operators mean the same in both.
Result<void> checkOpset(const pb::FunctionProto& function, int64_t opset, const std::string& where)
{
    const int64_t own = opsetOf(function.opset_import());
    if (own == 0 || own == opset)
        return {};
    for (const pb::NodeProto& node : function.node())
        if (isStandard(node.domain()) && !meansTheSame(node.op_type(), own, opset))
            return fail(ErrorCode::Unsupported,
                        "the function is written in opset " + std::to_string(own) + ", the model in " +
                            std::to_string(opset) + ", and " + printable(node.op_type()) +
                            " may mean something else there",
                        where);
    return {};
}

Result<void> appendAll(Nodes& to, std::vector<pb::NodeProto> nodes)
{
    if (to.size() + static_cast<int>(nodes.size()) > kMaxPreparedNodes)
        return fail(ErrorCode::TooLarge, "its functions and branches make more than 65536 nodes");
    for (pb::NodeProto& node : nodes)
        *to.Add() = std::move(node);
    return {};
}

pb::NodeProto identityNode(const std::string& from, const std::string& to)
{
    pb::NodeProto node;
    node.set_op_type("Identity");
    node.set_name(to + "/Identity");
    node.add_input(from);
    node.add_output(to);
    return node;
}

/// The body of a function in place of a call.
Result<std::vector<pb::NodeProto>> bodyOf(const pb::FunctionProto& function, const pb::NodeProto& call,
                                          TakenNames& names, std::size_t& copied)
{
    if (call.input_size() > function.input_size() || call.output_size() > function.output_size())
        return fail(ErrorCode::Malformed, "gives function '" + printable(function.name()) + "' more than it takes");
    std::map<std::string, pb::AttributeProto> attributes;
    for (const pb::AttributeProto& standard : function.attribute_proto())
        attributes[standard.name()] = standard;
    for (const pb::AttributeProto& given : call.attribute())
        attributes[given.name()] = given;
    std::map<std::string, std::string> renamed;
    for (int i = 0; i < function.input_size(); ++i)
        renamed[function.input(i)] = i < call.input_size() ? call.input(i) : std::string();
    std::vector<pb::NodeProto> through; // an output that is an input, or given twice
    for (int i = 0; i < call.output_size(); ++i) {
        if (call.output(i).empty())
            continue;
        if (const auto it = renamed.find(function.output(i)); it != renamed.end())
            through.push_back(identityNode(it->second, call.output(i)));
        else
            renamed[function.output(i)] = call.output(i);
    }
    const std::string prefix = (call.name().empty() ? call.output(0) : call.name()) + "/";
    QS_ASSIGN(auto nodes, renamedCopy(function.node(), prefix, std::move(renamed), attributes, names, copied));
    nodes.insert(nodes.end(), through.begin(), through.end());
    return nodes;
}

} // namespace

std::string firstOutput(const pb::NodeProto& node)
{
    for (const std::string& output : node.output())
        if (!output.empty())
            return output;
    return {};
}

Result<bool> inlineFunctions(pb::ModelProto& model, TakenNames& names, std::size_t& copied)
{
    std::map<std::string, const pb::FunctionProto*> functions;
    for (const pb::FunctionProto& function : model.functions())
        functions[identity(function.domain(), function.name(), function.overload())] = &function;
    bool changed = false;
    Nodes prepared;
    for (int n = 0; n < model.graph().node_size(); ++n) {
        pb::NodeProto& node = *model.mutable_graph()->mutable_node(n);
        const auto it = functions.find(identity(node.domain(), node.op_type(), node.overload()));
        if (it == functions.end()) {
            *prepared.Add() = std::move(node);
            continue;
        }
        QS_CHECK(checkOpset(*it->second, opsetOf(model.opset_import()), nodeLabel(node, n)));
        auto body = bodyOf(*it->second, node, names, copied);
        if (!body) {
            body.error().where = nodeLabel(node, n);
            return tl::unexpected<Error>(std::move(body.error()));
        }
        QS_CHECK(appendAll(prepared, std::move(*body)));
        changed = true;
    }
    model.mutable_graph()->mutable_node()->Swap(&prepared);
    return changed;
}

Result<bool> inlineBranches(pb::ModelProto& model, const std::map<std::string, bool>& branches, TakenNames& names,
                            std::size_t& copied)
{
    bool changed = false;
    Nodes prepared;
    pb::GraphProto& graph = *model.mutable_graph();
    for (pb::NodeProto& node : *graph.mutable_node()) {
        const auto decided =
            node.op_type() == "If" && isStandard(node.domain()) ? branches.find(firstOutput(node)) : branches.end();
        const pb::GraphProto* branch = nullptr;
        if (decided != branches.end())
            for (const pb::AttributeProto& attribute : node.attribute())
                if (attribute.has_g() && attribute.name() == (decided->second ? "then_branch" : "else_branch"))
                    branch = &attribute.g();
        if (!branch || branch->output_size() < node.output_size()) {
            *prepared.Add() = std::move(node);
            continue;
        }
        const std::string prefix = (node.name().empty() ? firstOutput(node) : node.name()) + "/";
        std::map<std::string, std::string> renamed;
        std::vector<pb::TensorProto> constants;
        copied += branch->ByteSizeLong();
        for (const pb::TensorProto& tensor : branch->initializer()) {
            renamed[tensor.name()] = names.unique(prefix + tensor.name());
            constants.push_back(tensor);
            constants.back().set_name(renamed[tensor.name()]);
        }
        std::set<std::string> made;
        for (const pb::NodeProto& inner : branch->node())
            made.insert(inner.output().begin(), inner.output().end());
        std::vector<pb::NodeProto> through; // an output that comes from outside, from a constant, or twice
        for (int i = 0; i < node.output_size(); ++i) {
            const std::string& inner = branch->output(i).name();
            if (node.output(i).empty())
                continue;
            if (made.erase(inner) > 0)
                renamed[inner] = node.output(i);
            else
                through.push_back(identityNode(renamed.contains(inner) ? renamed[inner] : inner, node.output(i)));
        }
        QS_ASSIGN(auto body, renamedCopy(branch->node(), prefix, std::move(renamed), {}, names, copied));
        QS_CHECK(appendAll(prepared, std::move(body)));
        QS_CHECK(appendAll(prepared, std::move(through)));
        for (pb::TensorProto& tensor : constants)
            *graph.add_initializer() = std::move(tensor);
        changed = true;
    }
    graph.mutable_node()->Swap(&prepared);
    return changed;
}

} // namespace qs::onnx
