#include "widgets/panels/layers/layers_panel.h"

#include <algorithm>
#include <functional>

namespace qs::ui {

LayersPanel::LayersPanel(const Document& document, Selection& selection, Edits& edits,
                         std::unique_ptr<LayerRows> rows, QWidget* parent)
    : LayersView(parent), m_document(document), m_selection(selection), m_edits(edits), m_rows(std::move(rows))
{
    m_refresher.on(*m_rows, &LayerRows::changed);
    connect(&document, &Document::modelChanged, this, &LayersPanel::refresh);
    connect(&selection, &Selection::changed, this, &LayersPanel::showSelection);

    connect(this, &LayersView::selectionWished, this, [this](const std::vector<SiteId>& sites, SiteId current) {
        m_selection.select(sites);
        if (current.valid() && std::ranges::find(sites, current) != sites.end())
            m_selection.select(current, SelectMode::Add); // the clicked one becomes the current one
    });
    connect(this, &LayersView::bitsWished, this, &LayersPanel::editBits);
    connect(this, &LayersView::lockWished, this, &LayersPanel::setLock);
    refresh();
}

void LayersPanel::refresh()
{
    if (m_document.sites().size() == 0) {
        setRows({});
        showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
        return;
    }
    setRows(m_rows->make());
    showSelection();
}

void LayersPanel::showSelection()
{
    setSelection(m_selection.sites(), m_selection.current());
}

std::vector<SiteId> LayersPanel::meant(SiteId site) const
{
    return m_selection.contains(site) ? m_selection.sites() : std::vector<SiteId>{site};
}

bool LayersPanel::selectListed()
{
    std::vector<SiteId> sites = visibleSites();
    const auto& rows = model().rows();
    const auto uncovered = [&](SiteId id) {
        const int row = model().rowOf(id);
        return row < 0 || !rows[static_cast<std::size_t>(row)].covered;
    };
    if (std::ranges::any_of(sites, std::not_fn(uncovered))) // those outside of the coverage only where they are alone
        std::erase_if(sites, uncovered);
    if (sites.empty())
        return model().rowCount() > 0;
    const SiteId current = m_selection.current();
    m_selection.select(sites);
    if (std::ranges::find(sites, current) != sites.end())
        m_selection.select(current, SelectMode::Add); // stays the current one
    return true;
}

void LayersPanel::editBits(SiteId site, int bits)
{
    quant::SitePatch patch;
    patch.bits = bits;
    m_edits.editSites(meant(site), patch);
}

void LayersPanel::setLock(SiteId site, bool locked)
{
    m_edits.setLocked(meant(site), locked);
}

} // namespace qs::ui
