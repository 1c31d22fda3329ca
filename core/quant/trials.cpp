#include "core/quant/trials.h"
#include "core/quant/site_resolver.h"

#include "core/quant/smoothing.h"

#include <algorithm>
#include <utility>

namespace qs::quant {

namespace {

/// What QuantizerDef::suits looks at, without the cost of the histograms where the lanes are the channels.
stats::SiteStatistics transformedExtremes(const stats::SiteStatistics& statistics, const ChannelTransform* transform)
{
    const std::size_t channels = statistics.minimum.size();
    if (transform && transform->scale.size() != channels)
        return transformed(statistics, *transform);
    stats::SiteStatistics extremes;
    extremes.minimum = statistics.minimum;
    extremes.maximum = statistics.maximum;
    if (transform)
        for (std::size_t c = 0; c < channels; ++c) {
            extremes.minimum[c] = transform->apply(extremes.minimum[c], c);
            extremes.maximum[c] = transform->apply(extremes.maximum[c], c);
        }
    return extremes;
}

std::vector<bool> suitable(const graph::Site& site, const stats::SiteStatistics* statistics,
                           const ChannelTransform* transform)
{
    const auto all = quantizers();
    std::vector<bool> suits(all.size(), true);
    for (std::size_t q = 0; q < all.size(); ++q)
        suits[q] = all[q].suitsRole(site.role);
    if (!statistics)
        return suits;
    const stats::SiteStatistics extremes = transformedExtremes(*statistics, transform);
    for (std::size_t q = 0; q < all.size(); ++q)
        suits[q] = suits[q] && all[q].suits(extremes);
    return suits;
}

} // namespace

bool QuantizerTrial::chosenIn(const SiteSettings& settings) const
{
    return settings.quantizer == quantizer && settings.granularity == Granularity::Tensor &&
           (quantizer != kUniform || settings.scheme == scheme);
}

SitePatch QuantizerTrial::patch() const
{
    SitePatch patch;
    patch.quantizer = quantizer;
    if (quantizer == kUniform)
        patch.scheme = scheme;
    patch.granularity = Granularity::Tensor;
    return patch;
}

Result<std::vector<QuantizerTrial>> tryQuantizers(const graph::Network& network,
                                                  const stats::Calibration& calibration, SiteId id,
                                                  const SiteSettings& settings, const Plan* plan,
                                                  const Context& context)
{
    const graph::Site& site = network.sites[id];
    if (site.kind != graph::SiteKind::Activation || settings.isFloat() || id.index() >= calibration.sites.size() ||
        calibration.sites[id.index()].values == 0)
        return fail(ErrorCode::InvalidArgument, "only quantized activations are compared", site.name);
    const std::vector<bool> suits =
        suitable(site, &calibration.sites[id.index()], plan ? plan->laneTransform(id) : nullptr);
    std::vector<QuantizerTrial> trials;
    const auto all = quantizers();
    for (std::size_t q = 0; q < all.size(); ++q) {
        if (!suits[q])
            continue;
        QuantizerTrial trial;
        trial.quantizer = all[q].name;
        for (const Scheme scheme : {Scheme::Symmetric, Scheme::Asymmetric}) {
            trial.scheme = all[q].name == kUniform ? scheme : settings.scheme;
            if (all[q].name == kUniform || scheme == Scheme::Symmetric)
                trials.push_back(trial);
        }
    }
    for (QuantizerTrial& trial : trials) {
        if (context.stopRequested())
            return cancelled();
        SiteSettings changed = settings;
        trial.patch().applyTo(changed);
        auto found = resolveSite(network.graph, site, calibration, changed, plan);
        if (!found) {
            trial.problem = found.error().message;
            continue;
        }
        trial.error = found->error;
        trial.plan = std::make_shared<const SitePlan>(std::move(*found));
    }
    return trials;
}

std::vector<bool> suitableQuantizers(const graph::Site& site, const stats::SiteStatistics* statistics,
                                     const SitePlan* plan)
{
    return suitable(site, statistics, plan && plan->smoothing ? &plan->smoothing->transform : nullptr);
}

} // namespace qs::quant
