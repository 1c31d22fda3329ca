#include "core/quant/smoothing_plan.h"
#include "core/quant/fold.h"
#include "core/quant/smoothed_network.h"

#include "core/kernels/gemm.h"
#include "core/quant/output_error.h"
#include "core/quant/reparameterize.h"
#include "core/quant/site_resolver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace qs::quant {

namespace {

constexpr int kAlphaSteps = 20;

/// max over outputs and readers |W[j, o]| by input channel j.
std::vector<float> weightMaxima(const graph::Graph& graph, const graph::Site& site)
{
    std::vector<float> maxima(static_cast<std::size_t>(site.layout.channels), 0.0F);
    for (const graph::Use& use : site.uses) {
        const Tensor& weight = graph.value(graph.node(use.node).inputs[1]).constant;
        const auto values = weight.floats();
        const auto outputs = static_cast<std::size_t>(weight.shape()[1]);
        for (std::size_t i = 0; i < values.size(); ++i)
            maxima[i / outputs] = std::max(maxima[i / outputs], std::abs(values[i]));
    }
    return maxima;
}

/// Relative squared error of the readers' outputs with input and weights quantized, on the sample rows.
class Trial {
public:
    Trial(const graph::Network& network, const graph::Site& site, const stats::SiteStatistics& statistics,
          const SiteSettings& settings, std::span<const SiteSettings> readers)
        : m_network(network), m_site(site), m_statistics(statistics), m_settings(settings), m_readers(readers)
    {
    }

    Result<double> error(const ChannelTransform& transform) const
    {
        const auto changed = changedWeights(transform);
        const FloatConstants constants(m_network.graph, &changed);
        const stats::SiteStatistics statistics = transformed(m_statistics, transform);
        SiteSettings own = m_settings;
        own.objective = Objective::InputError; // the fast one: alpha is what is searched here
        QS_ASSIGN(const SitePlan input, resolveActivation(constants, m_site, statistics, own));
        const auto rows = statistics.sample.floats();
        std::vector<float> quantized(rows.begin(), rows.end());
        if (input.map)
            input.map->apply(rows.data(), quantized.data(),
                             {statistics.sample.shape()[0], statistics.sample.shape()[1], 1});
        double error = 0;
        double signal = 0;
        for (std::size_t r = 0; r < m_site.uses.size(); ++r) {
            const graph::Use use{m_site.uses[r].node, 1};
            const SiteId weight = m_network.sites.at(use);
            const Tensor& exact = constants.of(use);
            Tensor rounded = exact;
            if (weight.valid() && !m_readers[r].isFloat()) {
                QS_ASSIGN(const SitePlan plan,
                          resolveWeight(constants, m_network.sites[weight], nullptr, m_readers[r]));
                rounded = plan.dequantized;
            }
            const auto y = product(rows, exact);
            const auto yq = product(quantized, rounded);
            for (std::size_t i = 0; i < y.size(); ++i) {
                error += (static_cast<double>(y[i]) - yq[i]) * (static_cast<double>(y[i]) - yq[i]);
                signal += static_cast<double>(y[i]) * y[i];
            }
        }
        return signal > 0 ? error / signal : 0;
    }

private:
    std::map<graph::Use, Tensor> changedWeights(const ChannelTransform& transform) const
    {
        std::map<graph::Use, Tensor> changed;
        for (const graph::Use& use : m_site.uses) {
            const Tensor& weight = m_network.graph.value(m_network.graph.node(use.node).inputs[1]).constant;
            Tensor scaled(DType::Float32, weight.shape());
            const auto src = weight.floats();
            const auto dst = scaled.mutableData<float>();
            const auto outputs = static_cast<std::size_t>(weight.shape()[1]);
            for (std::size_t i = 0; i < src.size(); ++i)
                dst[i] = src[i] * transform.scale[i / outputs];
            changed[{use.node, 1}] = std::move(scaled);
        }
        return changed;
    }

    static std::vector<float> product(std::span<const float> rows, const Tensor& weight)
    {
        const auto k = static_cast<std::size_t>(weight.shape()[0]);
        const auto n = static_cast<std::size_t>(weight.shape()[1]);
        const auto packed = kernels::packMatrix(weight.floats().data(), k, n, n, 1);
        std::vector<float> result(rows.size() / k * n);
        kernels::gemm(rows.data(), k, rows.size() / k, packed.view(), result.data(), n);
        return result;
    }

    const graph::Network& m_network;
    const graph::Site& m_site;
    const stats::SiteStatistics& m_statistics;
    const SiteSettings& m_settings;
    std::span<const SiteSettings> m_readers;
};

} // namespace

Result<std::shared_ptr<const SmoothingPlan>> planSmoothing(const graph::Network& network, const graph::Site& site,
                                                           const stats::SiteStatistics& statistics,
                                                           const SiteSettings& settings,
                                                           std::span<const SiteSettings> readers)
{
    auto plan = std::make_shared<SmoothingPlan>();
    QS_ASSIGN(plan->target, findFold(network, site));
    const auto channels = static_cast<std::size_t>(site.layout.channels);
    if (statistics.lanes.lanes() != channels)
        return fail(ErrorCode::InvalidArgument, "the calibration has no histograms of the channels", site.name);
    const Smoothing& wanted = settings.smoothing;
    std::vector<float> low = statistics.minimum;
    std::vector<float> high = statistics.maximum;
    if (wanted.quantile < 1)
        for (std::size_t c = 0; c < channels; ++c) {
            low[c] = static_cast<float>(statistics.lanes.quantile(c, 1 - wanted.quantile));
            high[c] = static_cast<float>(statistics.lanes.quantile(c, wanted.quantile));
        }
    const auto maxima = weightMaxima(network.graph, site);
    const auto at = [&](double alpha) { return channelTransform(wanted.kind, alpha, low, high, maxima); };
    plan->alpha = wanted.alpha;
    const bool scales = wanted.kind == SmoothingKind::Scale || wanted.kind == SmoothingKind::ShiftScale;
    if (wanted.searchAlpha && scales && !statistics.sample.empty()) {
        const Trial trial(network, site, statistics, settings, readers);
        double best = std::numeric_limits<double>::infinity();
        for (int step = 0; step <= kAlphaSteps; ++step) {
            const double alpha = static_cast<double>(step) / kAlphaSteps;
            QS_ASSIGN(const double error, trial.error(at(alpha)));
            if (error < best) {
                best = error;
                plan->alpha = alpha;
            }
        }
    }
    if (wanted.kind == SmoothingKind::Reparameterize) {
        QS_ASSIGN(Reparameterization found, reparameterize(statistics, settings));
        plan->transform = std::move(found.transform);
        plan->grid = std::move(found.grid);
    } else {
        plan->transform = at(plan->alpha);
    }
    if (plan->target.place == FoldPlace::Value)
        plan->lanes = onValueLanes(plan->target, plan->transform);
    return std::shared_ptr<const SmoothingPlan>(std::move(plan));
}

} // namespace qs::quant
