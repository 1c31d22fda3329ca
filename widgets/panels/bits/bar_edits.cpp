#include "widgets/panels/bits/bar_edits.h"

#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/selection.h"
#include "widgets/panels/bits/bars_plot.h"

namespace qs::ui {

BarEdits::BarEdits(BarsPlot& plot, const Document& document, Selection& selection, Edits& edits)
    : QObject(&plot), m_document(document), m_selection(selection), m_edits(edits)
{
    connect(&plot, &BarsPlot::selectWished, this, [this](SiteId site, bool toggle) {
        m_selection.select(site, toggle ? SelectMode::Toggle : SelectMode::Replace);
    });
    connect(&plot, &BarsPlot::dragBegan, this, [this] { m_gesture = m_edits.newGesture(); });
    connect(&plot, &BarsPlot::bitsWished, this, &BarEdits::setBits);
    connect(&plot, &BarsPlot::lockWished, this,
            [this](const std::vector<SiteId>& sites, bool lock) { m_edits.setLocked(sites, lock); });
}

/// What is selected together is edited together, weights and activations apart.
void BarEdits::setBits(SiteId site, int bits)
{
    quant::SitePatch patch;
    patch.bits = bits;
    std::vector<SiteId> sites{site};
    if (m_selection.contains(site)) {
        sites = m_selection.sites();
        const graph::SiteKind kind = m_document.sites()[site].kind;
        std::erase_if(sites, [this, kind](SiteId id) { return m_document.sites()[id].kind != kind; });
    }
    m_edits.editSites(sites, patch, m_gesture);
}

} // namespace qs::ui
