#include "core/quant/smoothed_network.h"
#include "core/quant/smoothing.h"

#include <algorithm>
#include <utility>

namespace qs::quant {

namespace {

using graph::Use;

/// Collects what happens to the constants of each node, in double, and rounds once at the end.
class Smoothed {
public:
    explicit Smoothed(const graph::Graph& graph) : m_graph(graph) {}

    /// γ / s, (β - b) / s.
    void divideNorm(NodeId id, const ChannelTransform& transform)
    {
        auto& gain = values({id, 1}, 0);
        auto& offset = values({id, 2}, gain.size());
        for (std::size_t c = 0; c < gain.size(); ++c) {
            gain[c] /= transform.scale[c];
            offset[c] = (offset[c] - transform.shift[c]) / transform.scale[c];
        }
    }

    /// Columns of W and entries of c divided by s, b taken off before.
    void divideColumns(NodeId id, const std::vector<int64_t>& columns, const ChannelTransform& transform)
    {
        const auto outputs = outputsOf(id);
        auto& weight = values({id, 1}, 0);
        auto& bias = values({id, 2}, outputs);
        for (std::size_t c = 0; c < columns.size(); ++c) {
            const auto column = static_cast<std::size_t>(columns[c]);
            for (std::size_t i = column; i < weight.size(); i += outputs)
                weight[i] /= transform.scale[c];
            bias[column] = (bias[column] - transform.shift[c]) / transform.scale[c];
        }
    }

    /// Rows of W times s, c + W b.
    void multiplyRows(NodeId id, const ChannelTransform& transform)
    {
        const auto outputs = outputsOf(id);
        auto& weight = values({id, 1}, 0);
        const bool shifts = std::ranges::any_of(transform.shift, [](float b) { return b != 0; });
        if (shifts) {
            auto& bias = values({id, 2}, outputs);
            for (std::size_t i = 0; i < transform.shift.size(); ++i)
                for (std::size_t o = 0; o < outputs; ++o)
                    bias[o] += weight[i * outputs + o] * transform.shift[i];
        }
        for (std::size_t i = 0; i < transform.scale.size(); ++i)
            for (std::size_t o = 0; o < outputs; ++o)
                weight[i * outputs + o] *= transform.scale[i];
    }

    std::map<Use, Tensor> take() const
    {
        std::map<Use, Tensor> result;
        for (const auto& [use, numbers] : m_values) {
            const TensorId id = inputOf(use);
            const Shape shape =
                id.valid() ? m_graph.value(id).constant.shape() : Shape{static_cast<int64_t>(numbers.size())};
            Tensor tensor(DType::Float32, shape);
            std::ranges::transform(numbers, tensor.mutableData<float>().begin(),
                                   [](double x) { return static_cast<float>(x); });
            result[use] = std::move(tensor);
        }
        return result;
    }

private:
    TensorId inputOf(Use use) const
    {
        const auto& inputs = m_graph.node(use.node).inputs;
        return static_cast<std::size_t>(use.input) < inputs.size() ? inputs[static_cast<std::size_t>(use.input)]
                                                                   : TensorId();
    }

    std::size_t outputsOf(NodeId id) const
    {
        return static_cast<std::size_t>(m_graph.value(m_graph.node(id).inputs[1]).shape[1]);
    }

    /// The constant that the use reads, or so many zeros where it reads none.
    std::vector<double>& values(Use use, std::size_t absent)
    {
        const auto [entry, fresh] = m_values.try_emplace(use);
        if (fresh) {
            const TensorId id = inputOf(use);
            if (id.valid()) {
                const auto constant = m_graph.value(id).constant.floats();
                entry->second.assign(constant.begin(), constant.end());
            } else {
                entry->second.assign(absent, 0.0);
            }
        }
        return entry->second;
    }

    const graph::Graph& m_graph;
    std::map<Use, std::vector<double>> m_values;
};

class SmoothingMap final : public exec::ElementMap {
public:
    SmoothingMap(ChannelTransform transform, std::shared_ptr<const exec::ElementMap> inner)
        : m_transform(std::move(transform)), m_inner(std::move(inner))
    {
    }

    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        const std::size_t channels = m_transform.scale.size();
        const auto rows = static_cast<std::size_t>(layout.elements()) / channels;
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < channels; ++c)
                dst[r * channels + c] = (src[r * channels + c] - m_transform.shift[c]) / m_transform.scale[c];
        if (m_inner)
            m_inner->apply(dst, dst, layout);
    }
    void straightThrough(float* gradient, const graph::ChannelLayout& layout) const override
    {
        if (m_inner)
            m_inner->straightThrough(gradient, layout);
        const std::size_t channels = m_transform.scale.size();
        for (std::size_t i = 0; i < static_cast<std::size_t>(layout.elements()); ++i)
            gradient[i] /= m_transform.scale[i % channels];
    }

private:
    ChannelTransform m_transform;
    std::shared_ptr<const exec::ElementMap> m_inner;
};

} // namespace

std::vector<std::shared_ptr<const ChannelTransform>>
lanesOf(std::span<const std::shared_ptr<const SmoothingPlan>> smoothings,
        std::span<const std::shared_ptr<const SmoothingPlan>> transforms)
{
    std::vector<std::shared_ptr<const ChannelTransform>> lanes(smoothings.size());
    for (std::size_t i = 0; i < smoothings.size(); ++i)
        if (smoothings[i])
            lanes[i] = {smoothings[i], &smoothings[i]->transform};
    for (const auto& transform : transforms) {
        if (!transform || transform->target.place != FoldPlace::Value || !transform->target.value.valid())
            continue;
        if (auto& lane = lanes[transform->target.value.index()]; !lane)
            lane = {transform, &transform->lanes};
    }
    return lanes;
}

ChannelTransform onValueLanes(const FoldTarget& target, const ChannelTransform& transform)
{
    const auto lanes = static_cast<std::size_t>(*std::ranges::max_element(target.lanes)) + 1;
    ChannelTransform result{std::vector<float>(lanes, 0.0F), std::vector<float>(lanes, 1.0F)};
    for (std::size_t c = 0; c < transform.scale.size(); ++c) {
        const auto lane = static_cast<std::size_t>(target.lanes[c]);
        result.shift[lane] = transform.shift[c];
        result.scale[lane] = transform.scale[c];
    }
    return result;
}

std::map<NodeId, std::vector<const SmoothingPlan*>>
nodesChanged(const graph::SiteTable& sites, std::span<const std::shared_ptr<const SmoothingPlan>> smoothings)
{
    std::map<NodeId, std::vector<const SmoothingPlan*>> result;
    for (std::size_t i = 0; i < smoothings.size(); ++i) {
        if (!smoothings[i])
            continue;
        if (smoothings[i]->target.place != FoldPlace::Explicit)
            result[smoothings[i]->target.producer].push_back(smoothings[i].get());
        for (const Use& use : sites[SiteId(i)].uses)
            result[use.node].push_back(smoothings[i].get());
    }
    return result;
}

std::map<Use, Tensor> smoothedConstants(const graph::Network& network,
                                        std::span<const std::shared_ptr<const SmoothingPlan>> smoothings,
                                        const std::set<NodeId>& only)
{
    Smoothed smoothed(network.graph);
    // Columns before rows: the shift of the rows goes through the weights of the changed columns.
    for (const auto& smoothing : smoothings)
        if (smoothing && smoothing->target.place == FoldPlace::Value && only.contains(smoothing->target.producer))
            smoothed.divideColumns(smoothing->target.producer, smoothing->target.columns, smoothing->transform);
    for (std::size_t i = 0; i < smoothings.size(); ++i) {
        if (!smoothings[i])
            continue;
        const FoldTarget& target = smoothings[i]->target;
        if (target.place == FoldPlace::LayerNorm && only.contains(target.producer))
            smoothed.divideNorm(target.producer, smoothings[i]->transform);
        for (const Use& use : network.sites[SiteId(i)].uses)
            if (only.contains(use.node))
                smoothed.multiplyRows(use.node, smoothings[i]->transform);
    }
    return smoothed.take();
}

std::shared_ptr<const exec::ElementMap> makeSmoothingMap(const ChannelTransform& transform,
                                                         std::shared_ptr<const exec::ElementMap> inner)
{
    return std::make_shared<SmoothingMap>(transform, std::move(inner));
}

} // namespace qs::quant
