#include "core/graph/sites.h"

#include <algorithm>
#include <map>
#include <set>

namespace qs::graph {

SiteTable::SiteTable(std::vector<Site> sites, std::vector<BridgeBlock> bridges)
{
    std::map<NodeId, int> bridgeOf;
    for (std::size_t b = 0; b < bridges.size(); ++b)
        for (const NodeId node : bridges[b].nodes)
            bridgeOf.emplace(node, static_cast<int>(b));
    auto data = std::make_shared<Data>(Data{std::move(sites), std::move(bridges), {}});
    for (std::size_t i = 0; i < data->sites.size(); ++i) {
        Site& site = data->sites[i];
        site.id = SiteId(i);
        for (const Use& use : site.uses) {
            data->uses.emplace_back(use, site.id);
            if (const auto it = bridgeOf.find(use.node); it != bridgeOf.end() && site.bridge < 0)
                site.bridge = it->second;
        }
    }
    std::sort(data->uses.begin(), data->uses.end());
    m_data = std::move(data);
}

int SiteTable::blocks() const
{
    int blocks = 0;
    for (const Site& site : m_data->sites)
        blocks = std::max(blocks, site.block + 1);
    return blocks;
}

std::vector<SiteId> SiteTable::ofBridge(int bridge) const
{
    std::vector<SiteId> ids;
    for (const Site& site : m_data->sites)
        if (site.bridge == bridge)
            ids.push_back(site.id);
    return ids;
}

SiteId SiteTable::find(std::string_view name) const
{
    const auto it =
        std::find_if(m_data->sites.begin(), m_data->sites.end(), [&](const Site& site) { return site.name == name; });
    return it == m_data->sites.end() ? SiteId() : it->id;
}

SiteId SiteTable::at(Use use) const
{
    const auto it = std::lower_bound(m_data->uses.begin(), m_data->uses.end(), use,
                                     [](const auto& entry, const Use& wanted) { return entry.first < wanted; });
    return it != m_data->uses.end() && it->first == use ? it->second : SiteId();
}

std::vector<SiteId> SiteTable::ofLayer(std::string_view layer) const
{
    // The weight says which nodes the layer is; its input may be named after an earlier layer that shares it.
    std::set<NodeId> nodes;
    std::vector<SiteId> ids;
    for (const Site& site : m_data->sites)
        if (site.layer == layer && site.kind == SiteKind::Weight)
            for (const Use& use : site.uses)
                nodes.insert(use.node);
    for (const Site& site : m_data->sites) {
        const bool reads =
            site.coverage == Coverage::MatMul &&
            std::any_of(site.uses.begin(), site.uses.end(), [&](const Use& use) { return nodes.contains(use.node); });
        if (site.layer == layer || reads)
            ids.push_back(site.id);
    }
    std::stable_sort(ids.begin(), ids.end(), [&](SiteId a, SiteId b) {
        return m_data->sites[a.index()].kind == SiteKind::Activation &&
               m_data->sites[b.index()].kind == SiteKind::Weight;
    });
    return ids;
}

} // namespace qs::graph
