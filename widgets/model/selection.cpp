#include "widgets/model/selection.h"

#include "widgets/model/document.h"

#include <algorithm>
#include <utility>

namespace qs::ui {

Selection::Selection(const Document& document, QObject* parent) : QObject(parent), m_document(document)
{
    connect(&document, &Document::imagesChanged, this, [this](ImageChange change) {
        if (change == ImageChange::Test)
            setImage(-1);
    });
}

bool Selection::contains(SiteId site) const
{
    return std::ranges::binary_search(m_sites, site);
}

void Selection::select(std::vector<SiteId> which, SelectMode mode)
{
    const std::size_t sites = m_document.sites().size();
    std::erase_if(which, [sites](SiteId id) { return !id.valid() || id.index() >= sites; });
    SiteId current = which.empty() ? SiteId{} : which.back();
    std::ranges::sort(which);
    which.erase(std::unique(which.begin(), which.end()), which.end());
    std::vector<SiteId> result;
    switch (mode) {
    case SelectMode::Replace:
        result = which;
        break;
    case SelectMode::Add:
        std::ranges::set_union(m_sites, which, std::back_inserter(result));
        break;
    case SelectMode::Toggle:
        std::ranges::set_symmetric_difference(m_sites, which, std::back_inserter(result));
        break;
    }
    if (!std::ranges::binary_search(result, current))
        current = std::ranges::binary_search(result, m_current) ? m_current
                  : result.empty()                              ? SiteId{}
                                                                : result.back();
    if (result == m_sites && current == m_current)
        return;
    m_sites = std::move(result);
    m_current = current;
    emit changed();
}

void Selection::selectAll()
{
    std::vector<SiteId> all;
    for (const graph::Site& site : m_document.sites())
        if (site.coverage == graph::Coverage::MatMul || m_document.recipe().coverage == graph::Coverage::Full)
            all.push_back(site.id);
    if (all.empty())
        return;
    if (const auto current = std::ranges::find(all, m_current); current != all.end()) // stays the current one
        std::rotate(all.begin(), current + 1, all.end());
    select(std::move(all));
}

void Selection::setImage(int image)
{
    if (std::exchange(m_image, image) != image)
        emit imageChanged();
}

void Selection::setLogAxis(bool on)
{
    if (std::exchange(m_logAxis, on) != on)
        emit viewChanged();
}

void Selection::setShowBefore(bool on)
{
    if (std::exchange(m_showBefore, on) != on)
        emit viewChanged();
}

void Selection::replace(const std::vector<std::string>& sites)
{
    m_sites.clear();
    for (const std::string& name : sites)
        if (const SiteId id = m_document.sites().find(name); id.valid())
            m_sites.push_back(id);
    std::ranges::sort(m_sites);
    m_current = m_sites.empty() ? SiteId{} : m_sites.back();
    m_image = -1;
}

void Selection::announce()
{
    emit changed();
    emit imageChanged();
}

} // namespace qs::ui
