#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace qs::quant {

/// The first stage of resolve(): the smoothings of all sites, the float network with them in it, and its statistics.
class SmoothingStage {
public:
    /// All by reference, for the stage's life. `settings`: by SiteId. `previous` may be null: a plan of the same
    /// sites against the same calibration. `calibration` may be null.
    SmoothingStage(const graph::Network& network, const stats::Calibration* calibration,
                   std::span<const SiteSettings> settings, const Plan* previous)
        : m_network(network), m_calibration(calibration), m_settings(settings), m_previous(previous)
    {
    }

    /// Plans every smoothing, or takes it over from `previous`. Sites that cannot be smoothed are left as they are,
    /// with a warning. Errors: InvalidArgument (no calibration), Cancelled.
    Result<void> run(const Context& context);

    /// Null where a site is not smoothed.
    const std::shared_ptr<const SmoothingPlan>& of(SiteId id) const { return m_smoothings[id.index()]; }
    /// Weights and gains of the smoothed network: what noise, which is added later, leaves as it is. Constants of
    /// nodes that did not change keep their storage: caches of packed weights go by it.
    const std::map<graph::Use, Tensor>& weights() const { return m_weights; }
    /// From now on with the noise that these sites have; null: not resolved yet, no noise.
    void addNoise(std::span<const std::shared_ptr<const SitePlan>> sites);
    /// The float network with smoothings and noise in it.
    exec::Simulation network() const;
    const std::vector<std::string>& warnings() const { return m_warnings; }

    /// What happens to the lanes of a site; null where nothing does.
    const ChannelTransform* lanes(SiteId id) const { return m_lanes[id.index()].get(); }
    /// Whether a smoothing, noise aside, changes the site's values.
    bool smooths(SiteId id) const { return m_smooths[id.index()]; }
    /// Statistics of a site in the smoothed network, computed when asked for first; null where there are none. Of V
    /// to be asked after addNoise. Safe to call from several threads.
    const stats::SiteStatistics* statistics(SiteId id);

private:
    std::vector<SiteSettings> readersOf(const graph::Site& site) const;
    void makeWeights();

    graph::Network m_network;
    const stats::Calibration* m_calibration;
    std::span<const SiteSettings> m_settings;
    const Plan* m_previous;
    std::vector<std::shared_ptr<const SmoothingPlan>> m_smoothings; ///< by SiteId
    std::vector<std::shared_ptr<const SmoothingPlan>> m_transforms; ///< by SiteId, with noise
    std::vector<std::shared_ptr<const ChannelTransform>> m_lanes;   ///< by SiteId, with noise
    std::vector<bool> m_smooths;                                    ///< by SiteId
    std::map<graph::Use, Tensor> m_weights;
    std::vector<std::string> m_warnings;
    std::mutex m_mutex;
    std::map<SiteId, std::unique_ptr<stats::SiteStatistics>> m_statistics; ///< of smoothed sites
};

} // namespace qs::quant
