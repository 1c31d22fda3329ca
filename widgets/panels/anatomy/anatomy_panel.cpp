#include "widgets/panels/anatomy/anatomy_panel.h"

#include "widgets/model/site_notes.h"
#include "widgets/model/weight_statistics.h"

namespace qs::ui {

AnatomyPanel::AnatomyPanel(Session& session, QWidget* parent) : AnatomyView(parent), m_session(session)
{
    m_refresher.on(session.document, &Document::modelChanged)
        .on(session.plans, &Plans::calibrationChanged)
        .on(session.document, &Document::recipeChanged)
        .on(session.plans, &Plans::planChanged)
        .on(session.figures, &Figures::profileChanged);
    m_refresher.on(session.plans, &Plans::sitesChanged);
    m_refresher.on(session.weights, &WeightStatistics::changed);
    connect(&session.selection, &Selection::changed, this,
            [this] { map().setSelection(m_session.selection.sites()); });
    connect(&map(), &AnatomyMap::selectWished, this, [this](const std::vector<SiteId>& sites, bool add) {
        m_session.selection.select(sites, add ? SelectMode::Add : SelectMode::Replace);
    });
    refresh();
}

void AnatomyPanel::refresh()
{
    if (m_session.document.sites().size() == 0)
        return showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    std::vector<AnatomySite> sites;
    const graph::Coverage coverage = m_session.document.recipe().coverage;
    for (const graph::Site& site : m_session.document.sites()) {
        if (coverage == graph::Coverage::MatMul && site.coverage != graph::Coverage::MatMul)
            continue;
        AnatomySite cell;
        cell.id = site.id;
        cell.name = QString::fromStdString(site.name);
        cell.kind = site.kind;
        cell.role = site.role;
        cell.block = site.block;
        cell.bridge = site.bridge;
        cell.bridgeHelp = ui::bridgeHelp(m_session.document.sites(), site.bridge);
        cell.values.fill(AnatomySite::kNone);
        const auto set = [&cell](AnatomyColour colour, double value) {
            cell.values[static_cast<std::size_t>(colour)] = value;
        };
        set(AnatomyColour::Bits, m_session.document.settings(site.id).bits);
        if (const auto statistics = statisticsOf(m_session.plans, m_session.weights, site.id))
            set(AnatomyColour::Kurtosis, statistics->kurtosis());
        if (const auto plan = m_session.plans.sitePlan(site.id); plan && plan->quantized()) {
            set(AnatomyColour::Sqnr, plan->error.sqnrDb);
            set(AnatomyColour::OutputError, plan->error.outputError);
            cell.current = m_session.plans.sitePlanCurrent(site.id);
        }
        if (const auto* profile = Figures::find(m_session.figures.profile(), site.id))
            set(AnatomyColour::Accumulated, profile->accumulatedSqnrDb);
        sites.push_back(std::move(cell));
    }
    setSites(std::move(sites));
    map().setSelection(m_session.selection.sites());
}

} // namespace qs::ui
