#include "core/quant/stale_sites.h"
#include "core/quant/fold.h"

#include "core/quant/choices.h"
#include "core/quant/float_constants.h"
#include "core/quant/guard.h"
#include "core/quant/layer_plan.h"
#include "core/quant/smoothing.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace qs::quant {

namespace {

bool smooths(const SiteSettings& settings)
{
    return settings.smoothing.kind != SmoothingKind::None &&
           (settings.smoothing.kind != SmoothingKind::Reparameterize || !settings.isFloat());
}

class Finder {
public:
    Finder(const graph::Network& network, const Plan& plan, std::span<const SiteSettings> after,
           const std::function<bool(SiteId)>& smoothed, const std::set<SiteId>& open)
        : m_open(open), m_network(network), m_plan(plan), m_after(after), m_smoothed(smoothed)
    {
        for (auto* list : {&m_found.numbers, &m_found.partners, &m_found.byBias})
            list->assign(network.sites.size(), false);
    }

    StaleSites run()
    {
        for (const graph::Site& site : m_network.sites)
            m_found.numbers[site.id.index()] = before(site.id) != after(site.id) || m_open.contains(site.id);
        findNodes();
        for (const graph::Site& site : m_network.sites)
            if (std::ranges::any_of(site.uses, [this](graph::Use use) { return m_nodes.contains(use.node); }))
                mark(m_found.numbers, site.id);
        findLayers();
        do {
            m_grown = false;
            for (const graph::Site& site : m_network.sites) {
                followNoise(site);
                followScale(site);
            }
            followLayers();
        } while (m_grown);
        return std::move(m_found);
    }

private:
    const SiteSettings& before(SiteId id) const { return m_plan[id].settings; }
    const SiteSettings& after(SiteId id) const { return m_after[id.index()]; }
    bool anew(SiteId id) const { return id.valid() && (m_found.numbers[id.index()] || m_found.partners[id.index()]); }

    void mark(std::vector<bool>& list, SiteId id)
    {
        if (id.valid() && !list[id.index()]) {
            list[id.index()] = true;
            m_grown = true;
        }
    }

    /// Where a change of the site's channels goes to; nothing where it cannot be made.
    std::optional<FoldTarget> targetOf(const graph::Site& site) const
    {
        auto target = findFold(m_network, site);
        return target ? std::optional(std::move(*target)) : std::nullopt;
    }

    /// Nodes whose constants smoothings change, and V where a smoothing goes through it.
    void findNodes()
    {
        const auto reach = [this](const FoldTarget& target) {
            if (target.place != FoldPlace::Explicit)
                m_nodes.insert(target.producer);
            if (target.place == FoldPlace::Value)
                mark(m_found.numbers, target.value);
        };
        const std::vector<bool> stale = staleSmoothings(m_network.sites, m_plan, m_after);
        for (const graph::Site& site : m_network.sites) {
            const bool mayChange = m_open.contains(site.id) && site.kind == graph::SiteKind::Activation &&
                                   (smooths(before(site.id)) || smooths(after(site.id)));
            if (!stale[site.id.index()] && !mayChange)
                continue;
            mark(m_found.numbers, site.id);
            for (const graph::Use& use : site.uses)
                m_nodes.insert(use.node);
            if (const auto& old = m_plan[site.id].smoothing)
                reach(old->target);
            if (smooths(after(site.id)))
                if (const auto target = targetOf(site))
                    reach(*target);
        }
    }

    bool noisy(const SiteSettings& settings) const { return settings.noise.on && !settings.isFloat(); }

    /// Noise is measured in steps of its quantizer: another quantizer, other noise.
    void followNoise(const graph::Site& site)
    {
        if (site.kind != graph::SiteKind::Activation || !anew(site.id))
            return;
        const auto reach = [this](const FoldTarget& target) {
            if (target.place != FoldPlace::Value)
                return;
            mark(m_found.numbers, target.value);
            mark(m_found.byBias, m_network.sites.at({target.producer, 1}));
        };
        if (const auto& old = m_plan[site.id].noise; old && old->transform)
            reach(old->transform->target);
        if (noisy(after(site.id)))
            if (const auto target = targetOf(site))
                reach(*target);
    }

    /// A bias is in steps of its input times its weight, and may raise the weight's scales.
    void followScale(const graph::Site& site)
    {
        if (site.kind != graph::SiteKind::Weight)
            return;
        for (const graph::Use& use : site.uses) {
            const SiteId input = m_network.sites.at({use.node, 0});
            if (m_plan[site.id].raisedForBias && anew(input))
                mark(m_found.numbers, site.id);
            else if (anew(input))
                mark(m_found.byBias, site.id);
        }
    }

    std::vector<SearchedLayer> layers(std::span<const SiteSettings> settings,
                                      const std::function<bool(SiteId)>& smoothed) const
    {
        if (!m_plan.calibration)
            return {};
        // Smoothing leaves shapes as they are, and layers go by shapes.
        const FloatConstants constants(m_network.graph, nullptr);
        return searchedLayers({constants, m_network.sites, settings, *m_plan.calibration,
                               [this](SiteId id) { return &m_plan.calibration->sites[id.index()]; }, smoothed});
    }

    /// A range that was found with a layer is no longer that of the site where there is no such layer any more.
    void findLayers()
    {
        std::vector<SiteSettings> old;
        for (const graph::Site& site : m_network.sites)
            old.push_back(before(site.id));
        m_layers = layers(m_after, m_smoothed);
        std::vector<bool> was(m_network.sites.size(), false);
        std::vector<bool> is(m_network.sites.size(), false);
        for (const SearchedLayer& layer : layers(old, [this](SiteId id) { return m_plan.isSmoothed(id); }))
            for (const SiteId id : layer.searched)
                was[id.index()] = true;
        for (const SearchedLayer& layer : m_layers)
            for (const SiteId id : layer.searched)
                is[id.index()] = true;
        for (std::size_t i = 0; i < was.size(); ++i)
            if (was[i] != is[i])
                mark(m_found.numbers, SiteId(i));
    }

    void followLayers()
    {
        for (const SearchedLayer& layer : m_layers)
            if (std::ranges::any_of(layer.members, [this](SiteId id) { return anew(id); }))
                for (const SiteId id : layer.searched)
                    mark(m_found.partners, id);
    }

    const std::set<SiteId>& m_open; ///< sites whose settings are not known yet: `after` is one of them
    const graph::Network& m_network;
    const Plan& m_plan;
    std::span<const SiteSettings> m_after;
    const std::function<bool(SiteId)>& m_smoothed;
    std::set<NodeId> m_nodes; ///< whose constants become others
    std::vector<SearchedLayer> m_layers;
    StaleSites m_found;
    bool m_grown = false;
};

/// Which sites a smoothing will change, V behind it too, where nothing has been planned yet.
std::vector<bool> willBeSmoothed(const graph::Network& network, const Plan& plan,
                                 std::span<const SiteSettings> settings)
{
    std::vector<bool> smoothed(network.sites.size(), false);
    for (const graph::Site& site : network.sites) {
        const SiteSettings& wanted = settings[site.id.index()];
        if (site.kind != graph::SiteKind::Activation || !smooths(wanted))
            continue;
        FoldTarget target;
        if (const auto& planned = plan[site.id].smoothing)
            target = planned->target; // by structure alone: the same for every smoothing
        else if (auto found = findFold(network, site))
            target = std::move(*found);
        else
            continue;
        smoothed[site.id.index()] = true;
        if (target.place == FoldPlace::Value && target.value.valid())
            smoothed[target.value.index()] = true;
    }
    return smoothed;
}

} // namespace

std::vector<bool> staleSmoothings(const graph::SiteTable& sites, const Plan& plan,
                                  std::span<const SiteSettings> after)
{
    const auto changed = [&](SiteId id) { return id.valid() && plan[id].settings != after[id.index()]; };
    std::vector<bool> stale(sites.size(), false);
    for (const graph::Site& site : sites) {
        const SiteSettings& was = plan[site.id].settings;
        const SiteSettings& is = after[site.id.index()];
        if (site.kind != graph::SiteKind::Activation || (!smooths(was) && !smooths(is)))
            continue;
        const bool searched =
            is.smoothing.searchAlpha && (was != is || std::ranges::any_of(site.uses, [&](const graph::Use& use) {
                                             return changed(sites.at({use.node, 1}));
                                         }));
        stale[site.id.index()] = searched || !sameSmoothing(was, is);
    }
    return stale;
}

StaleSites findStale(const graph::Network& network, const Plan& plan, std::span<const SiteSettings> after,
                     const std::function<bool(SiteId)>& smoothed)
{
    return Finder(network, plan, after, smoothed, {}).run();
}

std::set<SiteId> staleSites(const graph::Network& network, const Plan& plan, const Recipe& recipe)
{
    if (plan.sites.size() != network.sites.size())
        return {};
    std::vector<SiteSettings> after = choicesOf(recipe, network.sites, plan.calibration.get()).settings;
    std::set<SiteId> open; // what the guard will choose is not known
    const GuardReport* guard = recipe.guard ? plan.guard.get() : nullptr;
    for (const graph::Site& site : network.sites) {
        const std::size_t i = site.id.index();
        if (!recipe.guard)
            continue;
        const bool asBefore =
            guard && guard->wanted[i] == after[i] && guard->instead[i] == minMaxInstead(recipe, site);
        if (asBefore)
            after[i] = plan[site.id].settings;
        else
            open.insert(site.id);
    }
    for (;;) {
        const std::vector<bool> smoothed = willBeSmoothed(network, plan, after);
        const auto isSmoothed = [&smoothed](SiteId id) { return smoothed[id.index()]; };
        const StaleSites found = Finder(network, plan, after, isSmoothed, open).run();
        const std::size_t known = open.size();
        if (guard)
            for (const GuardedGroup& group : guard->groups)
                if (std::ranges::any_of(group.sites, [&](SiteId id) { return found[id]; }))
                    open.insert(group.sites.begin(), group.sites.end());
        if (open.size() > known)
            continue;
        std::set<SiteId> stale;
        for (const graph::Site& site : network.sites)
            if (found[site.id])
                stale.insert(site.id);
        return stale;
    }
}

} // namespace qs::quant
