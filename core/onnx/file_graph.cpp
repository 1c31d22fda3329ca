#include "core/onnx/file_graph.h"

#include "core/onnx/advice.h"
#include "core/onnx/lowering.h"
#include "core/onnx/prepare/expansion.h"
#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <map>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int64_t kFirstOpset = 9, kLastOpset = 28;

bool isStandard(const std::string& domain)
{
    return domain.empty() || domain == "ai.onnx";
}

/// What a standard operator says in opsets after 21 that it could not say before, and that is not computed.
struct NewMeaning {
    std::string_view op, attribute;
    int64_t since;
    std::string_view usual; ///< the value that means what it did
};
constexpr NewMeaning kNewMeanings[] = {
    {"Cast", "round_mode", 24, "up"},
    {"CastLike", "round_mode", 24, "up"},
    {"DequantizeLinear", "output_dtype", 23, "0"},
    {"QuantizeLinear", "precision", 23, "0"},
    {"Range", "stash_type", 27, "1"},
    {"SpaceToDepth", "mode", 28, "DCR"},
};

/// "" where the node means what it did in opset 21.
std::string newerMeaning(const pb::NodeProto& node, int64_t opset)
{
    if (opset < 22 || !isStandard(node.domain()))
        return {};
    for (const NewMeaning& m : kNewMeanings) {
        if (node.op_type() != m.op || opset < m.since)
            continue;
        for (const pb::AttributeProto& a : node.attribute())
            if (a.name() == m.attribute &&
                (a.type() == pb::AttributeProto::INT ? std::to_string(a.i()) : a.s()) != m.usual &&
                !(m.attribute == "output_dtype" && a.i() == kFloat))
                return "has '" + std::string(m.attribute) + "', which opset " + std::to_string(m.since) +
                       " brought: not supported";
    }
    return {};
}

} // namespace

std::string nodeLabel(const pb::NodeProto& node, int position)
{
    const std::string name =
        node.name().empty() ? "#" + std::to_string(position) : "'" + printable(node.name()) + "'";
    return "node " + name + " (" + printable(node.op_type()) + ")";
}

Result<FileGraph> FileGraph::open(const pb::ModelProto& model, const std::set<std::string>& constants)
{
    if (!model.has_graph())
        return fail(ErrorCode::Malformed, "is not an ONNX model: it has no graph");
    FileGraph graph;
    graph.m_graph = &model.graph();
    QS_CHECK(graph.readOpset(model));
    if (model.graph().sparse_initializer_size() > 0)
        return fail(ErrorCode::Unsupported, "has sparse initializers");
    QS_CHECK(graph.readNames());
    QS_CHECK(graph.sort());
    QS_CHECK(graph.findInput(constants));
    QS_CHECK(graph.checkOperators());
    return graph;
}

const pb::TensorProto* FileGraph::initializer(std::string_view name) const
{
    const auto it = m_initializers.find(name);
    return it == m_initializers.end() ? nullptr : it->second;
}

Result<void> FileGraph::readOpset(const pb::ModelProto& model)
{
    for (const pb::OperatorSetIdProto& set : model.opset_import())
        if (isStandard(set.domain()))
            m_opset = set.version();
    if (m_opset == 0)
        return fail(ErrorCode::Malformed, "does not say which opset it uses");
    if (m_opset < kFirstOpset || m_opset > kLastOpset)
        return fail(ErrorCode::Unsupported, "uses opset " + std::to_string(m_opset) + " (9 to 28 are supported)");
    return {};
}

Result<void> FileGraph::readNames()
{
    if (m_graph->output_size() == 0)
        return fail(ErrorCode::Malformed, "has no output");
    for (const pb::TensorProto& tensor : m_graph->initializer())
        if (!m_initializers.emplace(tensor.name(), &tensor).second)
            return fail(ErrorCode::Malformed, "two initializers have this name",
                        "tensor '" + printable(tensor.name()) + "'");
    for (const pb::ValueInfoProto& input : m_graph->input())
        if (!m_initializers.contains(input.name()))
            m_inputs.insert(input.name());
    if (m_inputs.empty())
        return fail(ErrorCode::Malformed, "has no input");
    for (int n = 0; n < m_graph->node_size(); ++n) {
        for (const std::string& name : m_graph->node(n).output()) {
            if (name.empty())
                continue;
            if (m_inputs.contains(name))
                return fail(ErrorCode::Malformed, "the input '" + printable(name) + "' is also the output of a node");
            if (!m_producers.emplace(name, n).second || m_initializers.contains(name))
                return fail(ErrorCode::Malformed, "value '" + printable(name) + "' is produced twice",
                            nodeLabel(m_graph->node(n), n));
        }
    }
    return {};
}

Result<void> FileGraph::findInput(const std::set<std::string>& constants)
{
    std::vector<const pb::ValueInfoProto*> read;
    for (const pb::ValueInfoProto& input : m_graph->input()) {
        if (!m_inputs.contains(input.name()))
            continue;
        if (!isRead(input.name()))
            m_unused.push_back(printable(input.name()));
        else if (!constants.contains(input.name()))
            read.push_back(&input);
    }
    for (const std::string& name : constants)
        if (!m_inputs.contains(name))
            return fail(ErrorCode::InvalidArgument, "the model has no such input", "--input " + printable(name));
    if (read.empty()) // what is wrong will be found where the image is missing
        for (const pb::ValueInfoProto& input : m_graph->input())
            if (m_inputs.contains(input.name()) && !constants.contains(input.name()))
                read.push_back(&input);
    if (read.empty())
        return fail(ErrorCode::Malformed, "has no input of images");
    const auto isImage = [](const pb::ValueInfoProto* input) {
        return input->type().tensor_type().shape().dim_size() == 4;
    };
    const auto image = std::ranges::find_if(read, isImage);
    m_input = image == read.end() ? read.front() : *image;
    std::string others;
    for (const pb::ValueInfoProto* input : read)
        if (input != m_input)
            others += (others.empty() ? "'" : ", '") + printable(input->name()) + "'";
    if (!others.empty())
        return fail(ErrorCode::Unsupported,
                    "takes more than images: " + others + " (--input NAME=FILE.npy gives an input as a constant)");
    return {};
}

/// Depth first from the outputs, without recursion: a node is appended once all its producers are.
Result<void> FileGraph::sort()
{
    enum State : char { kUnseen, kOpen, kDone };
    std::vector<char> states(static_cast<std::size_t>(m_graph->node_size()), kUnseen);
    struct Frame {
        int node;
        int nextInput;
    };
    std::vector<Frame> stack;
    // What a reader asks for: nothing to do, a node to open first, or an error.
    const auto visit = [&](const std::string& name, const std::string& reader) -> Result<void> {
        if (name.empty())
            return {};
        m_read.insert(name);
        const auto it = m_producers.find(name);
        if (it == m_producers.end()) {
            if (m_initializers.contains(name) || m_inputs.contains(name))
                return {};
            return fail(ErrorCode::Malformed, "reads '" + printable(name) + "', which is neither computed nor stored",
                        reader);
        }
        char& state = states[static_cast<std::size_t>(it->second)];
        if (state == kOpen)
            return fail(ErrorCode::Malformed, "is part of a cycle", nodeLabel(m_graph->node(it->second), it->second));
        if (state == kUnseen) {
            state = kOpen;
            stack.push_back({it->second, 0});
        }
        return {};
    };
    for (const pb::ValueInfoProto& output : m_graph->output()) {
        QS_CHECK(visit(output.name(), "output '" + printable(output.name()) + "'"));
        while (!stack.empty()) {
            Frame& frame = stack.back();
            const pb::NodeProto& node = m_graph->node(frame.node);
            if (frame.nextInput < node.input_size()) {
                const int i = frame.nextInput++;
                QS_CHECK(visit(node.input(i), nodeLabel(node, frame.node)));
                continue;
            }
            states[static_cast<std::size_t>(frame.node)] = kDone;
            m_order.push_back(frame.node);
            stack.pop_back();
        }
    }
    return {};
}

Result<void> FileGraph::checkOperators() const
{
    constexpr std::size_t kListed = 20;
    std::map<std::string, std::string> missing; // operator -> one node
    std::string advice, newer;
    for (const int n : m_order) {
        const pb::NodeProto& node = m_graph->node(n);
        if (const std::string since = newerMeaning(node, m_opset); newer.empty() && !since.empty())
            newer = nodeLabel(node, n) + " " + since;
        if (isStandard(node.domain()) && (findRule(node.op_type()) || node.op_type() == "If"))
            continue;
        if (const ExpansionRule* rule = findExpansion(node.domain(), node.op_type()); rule && rule->guess)
            continue; // it waits for facts
        const std::string op =
            (isStandard(node.domain()) ? "" : printable(node.domain()) + ":") + printable(node.op_type());
        if (const std::string text = adviceFor(node.domain(), node.op_type()); advice.empty() && !text.empty())
            advice = "; " + op + ": " + text;
        missing.emplace(op, node.name().empty() ? "#" + std::to_string(n) : "'" + printable(node.name()) + "'");
    }
    if (missing.empty() && !newer.empty())
        return fail(ErrorCode::Unsupported, newer);
    if (missing.empty())
        return {};
    std::string list;
    std::size_t count = 0;
    for (const auto& [op, node] : missing) {
        if (count++ == kListed) {
            list += " and " + std::to_string(missing.size() - kListed) + " more";
            break;
        }
        list += (list.empty() ? "" : ", ") + op + " (node " + node + ")";
    }
    return fail(ErrorCode::Unsupported, "uses operators that are not supported: " + list + advice);
}

} // namespace qs::onnx
