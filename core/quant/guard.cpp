#include "core/quant/guard.h"

#include "core/base/number_text.h"

#include "core/quant/choices.h"
#include "core/quant/for_each.h"
#include "core/quant/resolve.h"
#include "core/quant/site_error.h"
#include "core/quant/site_resolver.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace qs::quant {

namespace {

bool changesValues(const SiteSettings& settings)
{
    return settings.smoothing.kind != SmoothingKind::None || settings.noise.on;
}

class Guard {
public:
    Guard(const graph::Network& network, const stats::Calibration& calibration, const Recipe& recipe,
          std::vector<SiteSettings> wanted, const GuardReport* previous)
        : m_network(network), m_calibration(calibration), m_previous(previous),
          m_report(std::make_shared<GuardReport>())
    {
        m_report->wanted = std::move(wanted);
        for (const graph::Site& site : network.sites)
            m_report->instead.push_back(minMaxInstead(recipe, site));
        if (m_previous && (!sameTransforms() || hasNoise()))
            m_previous = nullptr;
        group();
    }

    /// The recipe's choice, but what was decided before.
    std::vector<SiteSettings> first() const
    {
        std::vector<SiteSettings> settings = m_report->wanted;
        for (std::size_t g = 0; g < m_report->groups.size(); ++g)
            if (m_known[g])
                replace(m_report->groups[g], settings);
        return settings;
    }

    /// Compares what is new by the plan of first().
    Result<std::vector<SiteSettings>> decide(const Plan& own, const Context& context)
    {
        std::vector<SiteId> ids;
        std::vector<std::size_t> groups;
        for (std::size_t g = 0; g < m_report->groups.size(); ++g)
            if (!m_known[g]) {
                ids.push_back(m_report->groups[g].sites[0]);
                groups.push_back(g);
            }
        QS_CHECK(
            forEach(context, ids, [&](SiteId, std::size_t i) { return compare(m_report->groups[groups[i]], own); }));
        std::vector<SiteSettings> settings = m_report->wanted;
        for (const GuardedGroup& each : m_report->groups)
            replace(each, settings);
        return settings;
    }

    std::shared_ptr<const GuardReport> report() const { return m_report; }

private:
    /// Noise goes through V into another operator: no neighbourhood bounds what an edit touches.
    bool hasNoise() const
    {
        return std::ranges::any_of(m_report->wanted,
                                   [](const SiteSettings& settings) { return settings.noise != Noise{}; });
    }
    bool sameTransforms() const
    {
        return std::ranges::equal(m_previous->wanted, m_report->wanted, [](const auto& a, const auto& b) {
            return a.noise == b.noise && a.smoothing == b.smoothing;
        });
    }

    void group()
    {
        std::vector<bool> taken(m_network.sites.size(), false);
        const auto eligible = [&](SiteId id) {
            return id.valid() && m_report->instead[id.index()] && !taken[id.index()];
        };
        for (const graph::Site& site : m_network.sites) {
            if (!eligible(site.id) || (site.kind == graph::SiteKind::Weight && belongsToChanged(site)))
                continue;
            GuardedGroup next{.sites = {site.id}};
            if (site.kind == graph::SiteKind::Activation && changesValues(m_report->wanted[site.id.index()]))
                for (const graph::Use& use : site.uses)
                    if (const SiteId weight = m_network.sites.at({use.node, 1});
                        eligible(weight) && m_network.sites[weight].kind == graph::SiteKind::Weight) {
                        next.sites.push_back(weight);
                        taken[weight.index()] = true;
                    }
            add(std::move(next));
        }
    }

    /// Whether the weight is smoothed with an activation that is left alone, or compared with it.
    bool belongsToChanged(const graph::Site& weight) const
    {
        return std::ranges::any_of(weight.uses, [&](const graph::Use& use) {
            const SiteId input = m_network.sites.at({use.node, 0});
            return input.valid() && changesValues(m_report->wanted[input.index()]);
        });
    }

    void add(GuardedGroup group)
    {
        const bool differs = std::ranges::any_of(
            group.sites, [&](SiteId id) { return *m_report->instead[id.index()] != m_report->wanted[id.index()]; });
        if (!differs)
            return;
        const GuardedGroup* before = m_previous ? m_previous->of(group.sites[0]) : nullptr;
        const bool known = before && before->sites == group.sites && sameNeighbourhood(group);
        if (known)
            group = *before;
        m_known.push_back(known);
        m_report->groups.push_back(std::move(group));
    }

    /// Whether a decision of then stands: the sites that meet the group's in an operator, and those that meet these,
    /// have the settings of then. Searches of a layer go by its members, and smoothings reach as far.
    bool sameNeighbourhood(const GuardedGroup& group) const
    {
        std::set<SiteId> reached(group.sites.begin(), group.sites.end());
        for (int steps = 0; steps < 2; ++steps)
            for (const SiteId id : std::vector<SiteId>(reached.begin(), reached.end()))
                for (const graph::Use& use : m_network.sites[id].uses)
                    for (const int input : {0, 1})
                        if (const SiteId other = m_network.sites.at({use.node, input}); other.valid())
                            reached.insert(other);
        return std::ranges::all_of(reached, [&](SiteId id) {
            return m_previous->wanted[id.index()] == m_report->wanted[id.index()] &&
                   m_previous->instead[id.index()] == m_report->instead[id.index()];
        });
    }

    void replace(const GuardedGroup& group, std::vector<SiteSettings>& settings) const
    {
        if (group.replaced)
            for (const SiteId id : group.sites)
                settings[id.index()] = *m_report->instead[id.index()];
    }

    Result<void> compare(GuardedGroup& group, const Plan& own) const
    {
        const SiteErrors errors(m_network, m_calibration);
        const FloatConstants original(m_network.graph);
        const FloatConstants smoothed(m_network.graph, &own.smoothed.constants);
        group.own = group.minMax = 0;
        for (const SiteId id : group.sites) {
            const graph::Site& site = m_network.sites[id];
            const SitePlan& now = own[id];
            const SiteSettings& plain = *m_report->instead[id.index()];
            if (!now.quantized())
                return {}; // masks: float
            if (site.kind == graph::SiteKind::Weight) {
                const SiteId input = m_network.sites.at({site.uses.front().node, 0});
                const auto* statistics = input.valid() ? &m_calibration.sites[input.index()] : nullptr;
                const auto lanes = input.valid() ? own.laneTransform(input) : nullptr;
                std::optional<stats::SiteStatistics> moved;
                if (lanes && !statistics->lanes.empty())
                    moved = transformed(*statistics, *lanes);
                QS_ASSIGN(const SitePlan other, resolveWeight(original, site, statistics, plain));
                group.own += errors.ofWeight(site, now, moved ? &*moved : statistics, smoothed);
                group.minMax += errors.ofWeight(site, other, statistics, original);
                continue;
            }
            const stats::SiteStatistics& statistics = m_calibration.sites[id.index()];
            const auto lanes = own.laneTransform(id);
            if (lanes && !now.transform())
                return {}; // the noise of another site
            QS_ASSIGN(const SitePlan other, resolveActivation(original, site, statistics, plain));
            std::optional<stats::SiteStatistics> moved;
            if (now.smoothing && !statistics.lanes.empty())
                moved = transformed(statistics, now.smoothing->transform);
            group.own += errors.ofActivation(site, now, moved ? *moved : statistics, smoothed);
            group.minMax += errors.ofActivation(site, other, statistics, original);
        }
        group.replaced = group.minMax < kGuardMargin * group.own;
        return {};
    }

    const graph::Network& m_network;
    const stats::Calibration& m_calibration;
    const GuardReport* m_previous;
    std::shared_ptr<GuardReport> m_report;
    std::vector<bool> m_known; ///< by group
};

double decibelsOf(double error)
{
    return -10 * std::log10(std::max(error, 1e-30));
}

/// One line a role: how many sites, and the middle one's errors.
std::vector<std::string> warningsOf(const GuardReport& report, const graph::SiteTable& sites)
{
    struct Count {
        std::size_t compared = 0;
        std::vector<const GuardedGroup*> replaced;
    };
    std::map<std::pair<graph::Role, graph::SiteKind>, Count> counts;
    for (const GuardedGroup& group : report.groups) {
        const graph::Site& site = sites[group.sites[0]];
        Count& count = counts[{site.role, site.kind}];
        ++count.compared;
        if (group.replaced)
            count.replaced.push_back(&group);
    }
    std::vector<std::string> warnings;
    for (auto& [what, count] : counts) {
        if (count.replaced.empty())
            continue;
        auto& list = count.replaced;
        const auto middle = list.begin() + static_cast<std::ptrdiff_t>(list.size() / 2);
        std::ranges::nth_element(list, middle, {}, [](const GuardedGroup* g) { return g->minMax / g->own; });
        warnings.push_back(
            std::string(graph::roleName(what.first)) + (what.second == graph::SiteKind::Weight ? " weights" : "") +
            ": min-max instead of the recipe's choice at " + std::to_string(list.size()) + " of " +
            std::to_string(count.compared) + " sites, for its smaller error in the output (" +
            sites[(*middle)->sites[0]].name + ": " + numberText(decibelsOf((*middle)->minMax), "%.1f") +
            " dB instead of " + numberText(decibelsOf((*middle)->own), "%.1f") + ")");
    }
    return warnings;
}

} // namespace

std::size_t GuardReport::replaced() const
{
    std::size_t count = 0;
    for (const GuardedGroup& group : groups)
        count += group.replaced ? group.sites.size() : 0;
    return count;
}

const GuardedGroup* GuardReport::of(SiteId site) const
{
    for (const GuardedGroup& group : groups)
        if (std::ranges::find(group.sites, site) != group.sites.end())
            return &group;
    return nullptr;
}

Result<std::shared_ptr<const Plan>> resolveGuarded(const graph::Network& network,
                                                   std::shared_ptr<const stats::Calibration> calibration,
                                                   const Recipe& recipe, const Plan* previous, const Context& context)
{
    Choices choices = choicesOf(recipe, network.sites, calibration.get());
    if (!calibration || calibration->sites.size() != network.sites.size())
        return resolveSettings(network, std::move(calibration), recipe, std::move(choices.settings), previous,
                               context);
    const bool usable = previous && previous->calibration == calibration && previous->guard &&
                        previous->guard->wanted.size() == network.sites.size();
    Guard guard(network, *calibration, recipe, std::move(choices.settings), usable ? previous->guard.get() : nullptr);
    const std::vector<SiteSettings> settings = guard.first();
    QS_ASSIGN(auto plan, resolveSettings(network, calibration, recipe, settings, previous, context));
    QS_ASSIGN(auto decided, guard.decide(*plan, context));
    if (decided != settings) {
        const auto own = std::move(plan);
        QS_ASSIGN(plan, resolveSettings(network, calibration, recipe, std::move(decided), own.get(), context));
    }
    plan->guard = guard.report();
    std::ranges::move(choices.warnings, std::back_inserter(plan->warnings));
    std::ranges::move(warningsOf(*plan->guard, network.sites), std::back_inserter(plan->warnings));
    return plan;
}

} // namespace qs::quant
