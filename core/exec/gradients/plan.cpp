#include "core/exec/gradients/plan.h"

#include <algorithm>
#include <string>

namespace qs::exec {

namespace {

using graph::Graph;
using graph::Node;
using graph::Use;

class Planner {
public:
    Planner(const graph::Network& network, const Simulation& simulation, std::vector<TensorId> wanted)
        : m_network(network), m_simulation(simulation)
    {
        m_plan.wanted = std::move(wanted);
    }

    Result<GradientPlan> plan()
    {
        QS_CHECK(checkWanted());
        mapSites();
        const std::vector<bool> needed = neededNodes();
        for (std::size_t i = 0; i < m_network.graph.nodes().size(); ++i)
            if (needed[i])
                QS_CHECK(add(NodeId(i)));
        release();
        return std::move(m_plan);
    }

private:
    Result<void> checkWanted() const
    {
        for (const TensorId id : m_plan.wanted) {
            if (!id.valid() || id.index() >= m_network.graph.values().size())
                return fail(ErrorCode::InvalidArgument, "a wanted value is not in the graph");
            const graph::Value& value = m_network.graph.value(id);
            if (value.isConstant() || value.dtype != DType::Float32)
                return fail(ErrorCode::InvalidArgument, "there is no gradient of a constant or an integer",
                            value.name);
        }
        return {};
    }

    const ElementMap* mapOf(SiteId site) const
    {
        return site.valid() && site.index() < m_plan.maps.size() ? m_plan.maps[site.index()].get() : nullptr;
    }

    void mapSites()
    {
        const std::size_t values = m_network.graph.values().size();
        m_plan.slots = values;
        m_plan.mapped.resize(values);
        m_plan.input = m_network.graph.input();
        m_plan.layout = graph::outputLayout(m_network.graph);
        for (const TensorId output : m_network.graph.outputs())
            m_plan.results.push_back({output, static_cast<int>(output.index()), {}});
        for (const graph::Value& value : m_network.graph.values())
            m_plan.shapes.push_back(value.shape);
        m_plan.maps.resize(m_network.sites.size());
        for (const graph::Site& site : m_network.sites.all()) {
            m_plan.layouts.push_back(site.layout);
            if (site.kind != graph::SiteKind::Activation || site.id.index() >= m_simulation.activations.size() ||
                !m_simulation.activations[site.id.index()])
                continue;
            const auto& map = m_simulation.activations[site.id.index()];
            m_plan.maps[site.id.index()] = map;
            const auto slot = static_cast<int>(m_plan.slots++);
            m_slotOfSite.emplace_back(site.id, slot);
            m_plan.mapped[site.tensor.index()].push_back({slot, map, site.layout});
            for (ResultSlot& result : m_plan.results)
                if (site.tensor == result.value && site.uses.empty()) { // logits: a site without readers
                    result.slot = slot;
                    result.site = site.id;
                }
        }
        m_active.assign(values, false);
        for (const TensorId id : m_plan.wanted)
            m_active[id.index()] = true;
    }

    std::vector<bool> neededNodes() const
    {
        std::vector<bool> needed(m_network.graph.nodes().size(), false);
        std::vector<bool> value(m_network.graph.values().size(), false);
        for (const TensorId output : m_network.graph.outputs())
            value[output.index()] = true;
        for (std::size_t i = needed.size(); i-- > 0;) {
            const Node& node = m_network.graph.nodes()[i];
            needed[i] = std::ranges::any_of(node.outputs, [&](TensorId t) { return t.valid() && value[t.index()]; });
            for (const TensorId t : node.inputs)
                if (needed[i] && t.valid())
                    value[t.index()] = true;
        }
        return needed;
    }

    Source sourceOf(Use use) const
    {
        Source source;
        if (const auto it = m_simulation.constants.find(use); it != m_simulation.constants.end()) {
            source.constant = it->second;
            return source;
        }
        const Node& node = m_network.graph.node(use.node);
        const auto input = static_cast<std::size_t>(use.input);
        if (input >= node.inputs.size() || !node.inputs[input].valid())
            return source;
        const graph::Value& value = m_network.graph.value(node.inputs[input]);
        if (value.isConstant()) {
            source.constant = value.constant;
            return source;
        }
        source.value = node.inputs[input];
        source.slot = static_cast<int>(source.value.index());
        if (const SiteId site = m_network.sites.at(use); mapOf(site)) {
            source.site = site;
            source.slot = std::ranges::find(m_slotOfSite, site, &std::pair<SiteId, int>::first)->second;
        }
        return source;
    }

    Result<void> add(NodeId id)
    {
        auto added = addNode(id);
        if (!added)
            added.error().where = m_network.graph.node(id).name;
        return added;
    }

    Result<void> addNode(NodeId id)
    {
        NodePlan plan;
        plan.node = simulatedNode(m_network.graph, id, m_simulation);
        plan.op = findOp(plan.node.op);
        if (!plan.op)
            return unsupported("operator " + plan.node.op + " is not supported");
        for (std::size_t i = 0; i < plan.node.inputs.size(); ++i) {
            Source source = sourceOf({id, static_cast<int>(i)});
            ValueInfo info;
            if (!source.constant.empty()) {
                info = {source.constant.dtype(), source.constant.shape()};
            } else if (source.value.valid()) {
                info = {m_network.graph.value(source.value).dtype, m_network.graph.value(source.value).shape};
            }
            plan.wanted.push_back(source.value.valid() && m_active[source.value.index()] &&
                                  info.dtype == DType::Float32);
            plan.sources.push_back(std::move(source));
            plan.in.push_back(info);
        }
        QS_ASSIGN(plan.out, plan.op->infer(plan.node, plan.in));
        for (std::size_t i = 0; i < plan.node.outputs.size(); ++i)
            if (plan.node.outputs[i].valid() &&
                (i >= plan.out.size() || !(m_network.graph.value(plan.node.outputs[i]).shape == plan.out[i].shape)))
                return mismatch("the outputs of " + plan.node.op + " are not what the graph says");
        if (plan.op->scratchBytes)
            plan.scratchBytes = plan.op->scratchBytes(plan.node, plan.in, 1);
        QS_CHECK(differentiate(plan));
        m_plan.nodes.push_back(std::move(plan));
        return {};
    }

    /// Finds the derivative of a node that a wanted value flows through.
    Result<void> differentiate(NodePlan& plan)
    {
        if (std::ranges::count(plan.wanted, 1) == 0)
            return {};
        bool floats = false;
        for (std::size_t i = 0; i < plan.node.outputs.size(); ++i) {
            const TensorId out = plan.node.outputs[i];
            if (!out.valid() || plan.out[i].dtype != DType::Float32)
                continue;
            m_active[out.index()] = true;
            floats = true;
        }
        if (!floats) // comparisons, indices, shapes: nothing flows back
            return {};
        plan.backward = findBackward(plan.node.op);
        if (!plan.backward)
            return unsupported("there is no derivative of operator " + plan.node.op);
        for (std::size_t i = 0; i < plan.wanted.size(); ++i)
            if (plan.wanted[i] != 0 &&
                (i >= 32 ? plan.backward->inputs != ~uint32_t{0} : (plan.backward->inputs >> i & 1) == 0))
                return unsupported("there is no derivative of operator " + plan.node.op + " by its input " +
                                   std::to_string(i));
        if (plan.backward->check)
            QS_CHECK(plan.backward->check(plan.node, plan.in));
        return {};
    }

    /// After which node nothing needs a slot any more.
    void release()
    {
        constexpr int kNever = -1;
        std::vector<int> lastForward(m_plan.slots, kNever);
        std::vector<int> lastBackward(m_plan.slots, kNever); // the first node: the way back ends there
        for (std::size_t n = 0; n < m_plan.nodes.size(); ++n) {
            const NodePlan& node = m_plan.nodes[n];
            const auto at = static_cast<int>(n);
            const auto touch = [&](int slot, bool kept) {
                lastForward[static_cast<std::size_t>(slot)] = at;
                if (int& back = lastBackward[static_cast<std::size_t>(slot)]; kept && back == kNever)
                    back = at;
            };
            const bool back = node.backward != nullptr;
            for (const Source& source : node.sources)
                if (source.slot >= 0)
                    touch(source.slot, back && node.backward->keepsInputs());
            for (const TensorId out : node.node.outputs)
                if (out.valid()) {
                    touch(static_cast<int>(out.index()), back && node.backward->keepsOutputs());
                    for (const MappedSlot& mapped : m_plan.mapped[out.index()])
                        touch(mapped.slot, false);
                }
        }
        for (std::size_t slot = 0; slot < m_plan.slots; ++slot) {
            if (lastForward[slot] == kNever ||
                std::ranges::find(m_plan.results, static_cast<int>(slot), &ResultSlot::slot) != m_plan.results.end())
                continue;
            if (lastBackward[slot] != kNever)
                m_plan.nodes[static_cast<std::size_t>(lastBackward[slot])].releaseBackward.push_back(
                    static_cast<int>(slot));
            else
                m_plan.nodes[static_cast<std::size_t>(lastForward[slot])].releaseForward.push_back(
                    static_cast<int>(slot));
        }
    }

    const graph::Network& m_network;
    const Simulation& m_simulation;
    GradientPlan m_plan;
    std::vector<std::pair<SiteId, int>> m_slotOfSite;
    std::vector<bool> m_active; ///< by TensorId: a wanted value, or computed from one
};

} // namespace

Result<GradientPlan> planGradient(const graph::Network& network, const Simulation& simulation,
                                  std::vector<TensorId> wanted)
{
    return Planner(network, simulation, std::move(wanted)).plan();
}

} // namespace qs::exec
