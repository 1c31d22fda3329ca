#include "core/exec/interpreter.h"

#include "core/exec/op.h"
#include "core/exec/reference/integer_product.h"
#include "core/exec/reference/reference.h"
#include "core/graph/output_form.h"
#include "core/graph/outputs.h"

#include <algorithm>
#include <map>
#include <new>

namespace qs::exec {

namespace {

/// Plain forms compute floats; integers of shape arithmetic and masks are left to OpDef, except where bytes only
/// move.
bool isPlain(const graph::Node& node, const std::vector<Tensor>& inputs)
{
    if (!reference::find(node.op))
        return false;
    if (reference::movement(node.op))
        return true;
    const std::size_t first = node.op == "Where" ? 1 : 0;
    for (std::size_t i = first; i < inputs.size(); ++i)
        if (!inputs[i].empty() && inputs[i].dtype() != DType::Float32)
            return false;
    return true;
}

} // namespace

Interpreter::Interpreter(const graph::Network& network, const Simulation& simulation, bool integers)
    : m_network(network), m_simulation(simulation), m_integers(m_network, m_simulation, integers)
{
}

std::set<std::string_view> Interpreter::borrowed() const
{
    std::set<std::string_view> names;
    for (const graph::Node& node : m_network.graph.nodes())
        if (!reference::find(node.op))
            names.insert(node.op);
    for (const auto& [node, op] : m_simulation.operators)
        if (!reference::find(op))
            names.insert(op);
    return names;
}

Tensor Interpreter::mapped(SiteId site, const Tensor& value) const
{
    Tensor result(DType::Float32, value.shape());
    m_simulation.activations[site.index()]->apply(value.floats().data(), result.mutableData<float>().data(),
                                                  m_network.sites[site].layout);
    return result;
}

Result<std::vector<Tensor>> Interpreter::compute(const graph::Node& node, NodeId id,
                                                 const std::vector<Tensor>& inputs) const
{
    const IntegerProduct* integers = m_integers.find(id);
    if (!integers && !isPlain(node, inputs))
        return evaluate(node, inputs);
    std::vector<ValueInfo> infos;
    for (const Tensor& input : inputs)
        infos.push_back({input.dtype(), input.shape()});
    QS_ASSIGN(const auto outputs, findOp(node.op)->infer(node, infos));
    std::vector<Tensor> results;
    for (const ValueInfo& info : outputs)
        results.emplace_back(info.dtype, info.shape);
    if (integers)
        reference::integerProduct(*integers, inputs[0], inputs[1], inputs.size() > 2 ? inputs[2] : Tensor(),
                                  results[0]);
    else
        reference::find(node.op)(node, inputs, results);
    return results;
}

Result<Tensor> Interpreter::run(const Tensor& input, const std::stop_token& stop, const Sink& sink) const
{
    std::vector<Tensor> values(m_network.graph.values().size());
    std::map<std::pair<TensorId, SiteId>, Tensor> quantized;
    const auto hasMap = [&](SiteId site) {
        return site.valid() && site.index() < m_simulation.activations.size() &&
               m_simulation.activations[site.index()] != nullptr;
    };
    const auto read = [&](const graph::Node& node, graph::Use use) -> Tensor {
        if (const auto it = m_simulation.constants.find(use); it != m_simulation.constants.end())
            return it->second;
        const auto slot = static_cast<std::size_t>(use.input);
        if (slot >= node.inputs.size() || !node.inputs[slot].valid())
            return {};
        const TensorId id = node.inputs[slot];
        const Tensor& value =
            m_network.graph.value(id).isConstant() ? m_network.graph.value(id).constant : values[id.index()];
        const SiteId site = m_network.sites.at(use);
        if (!hasMap(site) || m_network.sites[site].kind != graph::SiteKind::Activation)
            return value;
        Tensor& found = quantized[{id, site}];
        if (found.empty())
            found = mapped(site, value);
        return found;
    };
    try {
        values[m_network.graph.input().index()] = input;
        if (sink)
            sink(m_network.graph.input(), values[m_network.graph.input().index()]);
        for (std::size_t n = 0; n < m_network.graph.nodes().size(); ++n) {
            if (stop.stop_requested())
                return tl::unexpected<Error>(Error{ErrorCode::Cancelled, "cancelled", {}});
            const graph::Node node = simulatedNode(m_network.graph, NodeId(n), m_simulation);
            std::vector<Tensor> inputs;
            for (std::size_t i = 0; i < node.inputs.size(); ++i)
                inputs.push_back(read(node, {NodeId(n), static_cast<int>(i)}));
            auto outputs = compute(node, NodeId(n), inputs);
            if (!outputs) {
                outputs.error().where = node.name;
                return tl::unexpected<Error>(std::move(outputs.error()));
            }
            for (std::size_t o = 0; o < node.outputs.size() && o < outputs->size(); ++o)
                if (const TensorId id = node.outputs[o]; id.valid()) {
                    values[id.index()] = std::move((*outputs)[o]);
                    if (sink)
                        sink(id, values[id.index()]);
                }
        }
        std::vector<Tensor> results;
        std::vector<const float*> outputs;
        for (const TensorId out : m_network.graph.outputs()) {
            results.push_back(m_network.graph.value(out).isConstant() ? m_network.graph.value(out).constant
                                                                      : values[out.index()]);
            for (const graph::Site& site : m_network.sites) // logits: a site without readers
                if (site.kind == graph::SiteKind::Activation && site.tensor == out && site.uses.empty() &&
                    hasMap(site.id))
                    results.back() = mapped(site.id, values[out.index()]);
            outputs.push_back(results.back().floats().data());
        }
        Tensor rows(DType::Float32, Shape{m_network.graph.batch(), graph::outputsPerImage(m_network.graph)});
        graph::toRows(graph::outputLayout(m_network.graph), m_network.graph.batch(), outputs,
                      rows.mutableData<float>().data());
        return rows;
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory for the reference execution");
    }
}

} // namespace qs::exec
