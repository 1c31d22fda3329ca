#include "core/quant/layer_plan.h"

#include "core/kernels/quantize.h"
#include "core/kernels/statistics.h"
#include "core/quant/layer_search.h"
#include "core/quant/quantizers.h"
#include "core/quant/search_grid.h"
#include "core/quant/site_resolver.h"
#include "core/stats/importance.h"

#include <algorithm>
#include <limits>
#include <list>
#include <set>

namespace qs::quant {

namespace {

bool searches(const LayerInputs& inputs, SiteId id)
{
    if (!id.valid())
        return false;
    const SiteSettings& settings = inputs.settings[id.index()];
    if (settings.isFloat() || settings.estimator.kind != EstimatorKind::Search ||
        settings.objective == Objective::InputError)
        return false;
    if (inputs.sites[id].kind == graph::SiteKind::Weight)
        return true;
    const QuantizerDef* quantizer = findQuantizer(settings.quantizer);
    return settings.granularity != Granularity::Channel && quantizer != nullptr && quantizer->candidates != nullptr;
}

/// Linear layers that read the site and nothing else does; empty if there are others, or no sample rows.
std::vector<NodeId> linearReaders(const LayerInputs& inputs, const graph::Site& site)
{
    const stats::SiteStatistics* statistics = inputs.statistics(site.id);
    std::vector<NodeId> readers;
    if (statistics == nullptr || statistics->sample.empty())
        return readers;
    for (const graph::Use& use : site.uses) {
        const graph::Node& node = inputs.constants.graph().node(use.node);
        const Tensor& weight = inputs.constants.of({use.node, 1});
        if (use.input != 0 || node.op != "Linear" || weight.empty() || weight.shape().rank() != 2 ||
            weight.shape()[0] != statistics->sample.shape()[1])
            return {};
        readers.push_back(use.node);
    }
    return readers;
}

/// What the candidates of a weight are made of.
struct WeightCandidates {
    std::vector<UniformGrid> grids;         ///< by candidate, for int8 codes, a scale a group
    std::vector<std::vector<Range>> ranges; ///< [groups][candidates]
};

WeightCandidates weightCandidates(const graph::Site& site, const SiteSettings& settings,
                                  std::span<const float> weight, std::size_t groups)
{
    const auto channels = static_cast<std::size_t>(site.layout.channels);
    std::vector<Range> seen(groups,
                            {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()});
    for (std::size_t i = 0; i < weight.size(); ++i) {
        Range& range = seen[i % channels * groups / channels];
        range.low = std::min<double>(range.low, weight[i]);
        range.high = std::max<double>(range.high, weight[i]);
    }
    WeightCandidates candidates;
    for (const Range& range : seen)
        candidates.ranges.push_back(searchRanges(settings.estimator.search, range, settings.bits, settings.scheme));
    for (std::size_t c = 0; c < candidates.ranges[0].size(); ++c) {
        UniformGrid& grid = candidates.grids.emplace_back();
        for (std::size_t g = 0; g < groups; ++g)
            addWeightScale(grid, candidates.ranges[g][c], settings);
        spreadScales(grid, site);
    }
    return candidates;
}

void fakeQuantize(std::span<const float> weight, std::size_t channels, const UniformGrid& grid, std::span<float> dst)
{
    const bool single = grid.scale.size() == 1;
    const kernels::ChannelLayout layout{single ? 1 : weight.size() / channels, single ? 1 : channels,
                                        single ? weight.size() : 1};
    kernels::fakeQuantizeChannels(layout, weight.data(), {grid.scale, grid.zeroPoint, grid.qmin, grid.qmax},
                                  dst.data());
}

class LayerResolver {
public:
    LayerResolver(const LayerInputs& inputs, const SearchedLayer& layer,
                  std::span<const std::shared_ptr<const SitePlan>> plans)
        : m_inputs(inputs), m_layer(layer), m_plans(plans)
    {
    }

    Result<std::vector<std::pair<SiteId, SitePlan>>> run(const Context& context)
    {
        QS_CHECK(m_layer.product ? addProduct() : addLinear());
        int rounds = 1;
        for (const SiteId id : m_layer.searched)
            rounds = std::max(rounds, m_inputs.settings[id.index()].estimator.search.rounds);
        QS_ASSIGN(const SearchResult found, searchLayer(m_search, rounds, context));
        std::vector<std::pair<SiteId, SitePlan>> result;
        for (const std::size_t operand : m_search.order)
            result.emplace_back(m_sites[operand], planOf(operand, found.chosen[operand]));
        return result;
    }

private:
    const SiteSettings& settingsOf(SiteId id) const { return m_inputs.settings[id.index()]; }

    /// The operand of an activation's values [layout].
    Result<void> addActivation(SiteId id, std::span<const float> values, const graph::ChannelLayout& layout)
    {
        SearchOperand& operand = add(id, values);
        if (!searches(m_inputs, id)) {
            if (const auto& map = m_plans[id.index()]->map)
                map->apply(values.data(), operand.quantized.data(), layout);
            return {};
        }
        const stats::SiteStatistics* statistics = m_inputs.statistics(id);
        const SiteSettings& settings = settingsOf(id);
        auto candidates = findQuantizer(settings.quantizer)->candidates({*statistics, settings, nullptr});
        if (!candidates) {
            candidates.error().where = m_inputs.sites[id].name;
            return tl::unexpected<Error>(std::move(candidates.error()));
        }
        auto numbers = std::make_shared<std::vector<ActivationNumbers>>(std::move(candidates->numbers));
        m_numbers.back() = numbers;
        operand.partnersFloat = candidates->partnersFloat;
        operand.candidates = numbers->size();
        operand.objective = settings.objective;
        // The operand itself may move when more are added; the values that it owns do not.
        const float* from = operand.values.data();
        operand.quantize = [numbers, from, layout](std::size_t candidate, std::span<float> dst) {
            (*numbers)[candidate].map->apply(from, dst.data(), layout);
        };
        m_search.order.push_back(m_search.operands.size() - 1);
        return {};
    }

    /// Weights of the outputs' errors, where a search of the layer asks for them.
    Result<std::span<const float>> importance(NodeId node, std::size_t parts) const
    {
        const auto asks = std::ranges::find_if(
            m_layer.searched, [&](SiteId id) { return settingsOf(id).objective == Objective::Hessian; });
        if (asks == m_layer.searched.end())
            return std::span<const float>();
        const auto values = stats::importanceOf(m_inputs.calibration, node);
        const std::string& where = m_inputs.sites[*asks].name;
        if (values.empty())
            return fail(ErrorCode::InvalidArgument,
                        "the objective \"hessian\" needs a calibration with importances of outputs", where);
        if (values.size() != parts)
            return fail(ErrorCode::InvalidArgument, "the calibration's importances do not fit", where);
        return values;
    }

    /// One a number of the output.
    std::span<const float> spread(std::vector<float> importance)
    {
        return m_importances.emplace_back(std::move(importance));
    }

    SearchOperand& add(SiteId id, std::span<const float> values)
    {
        SearchOperand& operand = m_search.operands.emplace_back();
        operand.values.assign(values.begin(), values.end());
        operand.quantized = operand.values;
        m_sites.push_back(id);
        m_numbers.emplace_back();
        m_weights.emplace_back();
        return operand;
    }

    void addWeight(SiteId id, const Tensor& weight)
    {
        SearchOperand& operand = add(id, weight.floats());
        if (id.valid() && m_plans[id.index()]->quantized() && !searches(m_inputs, id)) {
            const auto values = m_plans[id.index()]->dequantized.floats();
            operand.quantized.assign(values.begin(), values.end());
        }
        if (!searches(m_inputs, id))
            return;
        const graph::Site& site = m_inputs.sites[id];
        operand.groups = static_cast<std::size_t>(scalesOfWeight(site, settingsOf(id)));
        operand.columns = static_cast<std::size_t>(site.layout.channels);
        operand.objective = settingsOf(id).objective;
        auto candidates = std::make_shared<WeightCandidates>(
            weightCandidates(site, settingsOf(id), operand.values, operand.groups));
        m_weights.back() = candidates;
        operand.candidates = candidates->grids.size();
        operand.quantize = [candidates, values = weight.floats(), columns = operand.columns](std::size_t candidate,
                                                                                             std::span<float> dst) {
            fakeQuantize(values, columns, candidates->grids[candidate], dst);
        };
        m_search.order.push_back(m_search.operands.size() - 1);
    }

    Result<void> addLinear()
    {
        const Tensor& rows = m_inputs.statistics(m_layer.left)->sample;
        const auto m = static_cast<std::size_t>(rows.shape()[0]);
        const auto k = static_cast<std::size_t>(rows.shape()[1]);
        for (const NodeId reader : m_layer.readers) {
            const Tensor& weight = m_inputs.constants.of({reader, 1});
            const Tensor& bias = m_inputs.constants.of({reader, 2});
            const auto n = static_cast<std::size_t>(weight.shape()[1]);
            addWeight(m_inputs.sites.at({reader, 1}), weight);
            SearchTerm term;
            term.right = m_search.operands.size() - 1;
            term.m = m;
            term.k = k;
            term.n = n;
            if (!bias.empty())
                term.bias = bias.floats();
            QS_ASSIGN(const std::span<const float> weights, importance(reader, n));
            if (!weights.empty()) {
                std::vector<float> all;
                for (std::size_t row = 0; row < m; ++row)
                    all.insert(all.end(), weights.begin(), weights.end());
                term.importance = spread(std::move(all));
            }
            m_search.terms.push_back(term);
        }
        for (SearchTerm& term : m_search.terms)
            term.left = m_search.operands.size();
        return addActivation(m_layer.left, rows.floats(), {rows.shape()[0], rows.shape()[1], 1});
    }

    Result<void> addProduct()
    {
        const Tensor& left = m_layer.product->leftValues;
        const Tensor& right = m_layer.product->rightValues;
        const Shape& a = left.shape();
        const Shape& b = right.shape();
        QS_CHECK(addActivation(m_layer.left, left.floats(), {a[0] * a[1], a[2], 1}));
        QS_CHECK(addActivation(m_layer.right, right.floats(), {b[0], b[1], b[2]}));
        const auto m = static_cast<std::size_t>(a[1]);
        const auto k = static_cast<std::size_t>(a[2]);
        const auto n = static_cast<std::size_t>(b[2]);
        const auto slices = static_cast<std::size_t>(a[0]);
        QS_ASSIGN(const std::span<const float> weights, importance(m_layer.node, slices));
        for (std::size_t slice = 0; slice < slices; ++slice) {
            SearchTerm term{.left = 0,
                            .right = 1,
                            .leftBegin = slice * m * k,
                            .rightBegin = slice * k * n,
                            .m = m,
                            .k = k,
                            .n = n,
                            .bias = {},
                            .importance = {}};
            if (!weights.empty())
                term.importance = spread(std::vector<float>(m * n, weights[slice]));
            m_search.terms.push_back(term);
        }
        return {};
    }

    SitePlan planOf(std::size_t operand, const std::vector<std::size_t>& chosen)
    {
        const SiteId id = m_sites[operand];
        const graph::Site& site = m_inputs.sites[id];
        if (m_numbers[operand])
            return activationPlan(m_inputs.constants, site, *m_inputs.statistics(id), settingsOf(id),
                                  (*m_numbers[operand])[chosen[0]]);
        SitePlan plan;
        plan.settings = settingsOf(id);
        plan.range = {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
        for (std::size_t g = 0; g < chosen.size(); ++g) {
            const Range& range = m_weights[operand]->ranges[g][chosen[g]];
            plan.range = {std::min(plan.range.low, range.low), std::max(plan.range.high, range.high)};
            addWeightScale(plan.grid, range, plan.settings);
        }
        spreadScales(plan.grid, site);
        quantizeWeight(m_inputs.constants, site, m_inputs.statistics(m_layer.left), plan);
        return plan;
    }

    const LayerInputs& m_inputs;
    const SearchedLayer& m_layer;
    std::span<const std::shared_ptr<const SitePlan>> m_plans;
    SearchLayer m_search;
    std::list<std::vector<float>> m_importances;
    // By operand:
    std::vector<SiteId> m_sites;
    std::vector<std::shared_ptr<const std::vector<ActivationNumbers>>> m_numbers;
    std::vector<std::shared_ptr<const WeightCandidates>> m_weights;
};

} // namespace

std::vector<SearchedLayer> searchedLayers(const LayerInputs& inputs)
{
    std::vector<SearchedLayer> layers;
    std::set<SiteId> taken;
    const auto finish = [&](SearchedLayer layer) {
        for (const SiteId id : layer.members)
            if (searches(inputs, id))
                layer.searched.push_back(id);
        const bool free = std::ranges::none_of(layer.members, [&](SiteId id) { return taken.contains(id); });
        if (!free || layer.searched.empty())
            return;
        taken.insert(layer.members.begin(), layer.members.end());
        layers.push_back(std::move(layer));
    };
    for (const graph::Site& site : inputs.sites) {
        if (site.kind != graph::SiteKind::Activation)
            continue;
        SearchedLayer layer;
        layer.left = site.id;
        layer.members.push_back(site.id);
        layer.readers = linearReaders(inputs, site);
        for (const NodeId reader : layer.readers)
            if (const SiteId weight = inputs.sites.at({reader, 1}); weight.valid())
                layer.members.push_back(weight);
        if (!layer.readers.empty())
            finish(std::move(layer));
    }
    for (const stats::ProductSample& product : inputs.calibration.products) {
        if (inputs.smoothed(product.left) || inputs.smoothed(product.right))
            continue;
        SearchedLayer layer;
        layer.left = product.left;
        layer.right = product.right;
        layer.product = &product;
        for (const graph::Use& use : inputs.sites[product.left].uses)
            if (use.input == 0 && inputs.sites.at({use.node, 1}) == product.right)
                layer.node = use.node;
        layer.members = {product.left, product.right};
        finish(std::move(layer));
    }
    return layers;
}

Result<std::vector<std::pair<SiteId, SitePlan>>> resolveLayer(const LayerInputs& inputs, const SearchedLayer& layer,
                                                              std::span<const std::shared_ptr<const SitePlan>> plans,
                                                              const Context& context)
{
    return LayerResolver(inputs, layer, plans).run(context);
}

} // namespace qs::quant
