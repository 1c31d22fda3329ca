#include "widgets/panels/anatomy/anatomy_panel.h"

#include "widgets/model/site_notes.h"

namespace qs::ui {

AnatomyPanel::AnatomyPanel(const Document& document, Selection& selection, const Plans& plans, const Figures& figures,
                           QWidget* parent)
    : AnatomyView(parent), m_document(document), m_selection(selection), m_plans(plans), m_figures(figures)
{
    m_refresher.on(document, &Document::modelChanged)
        .on(plans, &Plans::calibrationChanged)
        .on(document, &Document::recipeChanged)
        .on(plans, &Plans::planChanged)
        .on(figures, &Figures::profileChanged);
    m_refresher.on(plans, &Plans::sitesChanged);
    m_refresher.on(plans, &Plans::weightsCounted);
    connect(&selection, &Selection::changed, this, [this] { map().setSelection(m_selection.sites()); });
    connect(&map(), &AnatomyMap::selectWished, this, [this](const std::vector<SiteId>& sites, bool add) {
        m_selection.select(sites, add ? SelectMode::Add : SelectMode::Replace);
    });
    refresh();
}

void AnatomyPanel::refresh()
{
    if (m_document.sites().size() == 0)
        return showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    std::vector<AnatomySite> sites;
    const graph::Coverage coverage = m_document.recipe().coverage;
    for (const graph::Site& site : m_document.sites()) {
        if (coverage == graph::Coverage::MatMul && site.coverage != graph::Coverage::MatMul)
            continue;
        AnatomySite cell;
        cell.id = site.id;
        cell.name = QString::fromStdString(site.name);
        cell.kind = site.kind;
        cell.role = site.role;
        cell.block = site.block;
        cell.bridge = site.bridge;
        cell.bridgeHelp = ui::bridgeHelp(m_document.sites(), site.bridge);
        cell.values.fill(AnatomySite::kNone);
        const auto set = [&cell](AnatomyColour colour, double value) {
            cell.values[static_cast<std::size_t>(colour)] = value;
        };
        set(AnatomyColour::Bits, m_document.settings(site.id).bits);
        if (const auto statistics = m_plans.statisticsOf(site.id))
            set(AnatomyColour::Kurtosis, statistics->kurtosis());
        if (const auto plan = m_plans.sitePlan(site.id); plan && plan->quantized()) {
            set(AnatomyColour::Sqnr, plan->error.sqnrDb);
            set(AnatomyColour::OutputError, plan->error.outputError);
            cell.current = m_plans.sitePlanCurrent(site.id);
        }
        if (const auto* profile = Figures::find(m_figures.profile(), site.id))
            set(AnatomyColour::Accumulated, profile->accumulatedSqnrDb);
        sites.push_back(std::move(cell));
    }
    setSites(std::move(sites));
    map().setSelection(m_selection.sites());
}

} // namespace qs::ui
