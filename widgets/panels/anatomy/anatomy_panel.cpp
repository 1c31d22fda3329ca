#include "widgets/panels/anatomy/anatomy_panel.h"

#include "widgets/panels/shared/weight_statistics.h"
#include "widgets/model/site_notes.h"

namespace qs::ui {

AnatomyPanel::AnatomyPanel(Session& session, QWidget* parent) : AnatomyView(parent), m_session(session)
{
    m_later.setSingleShot(true);
    m_later.setInterval(0);
    connect(&m_later, &QTimer::timeout, this, &AnatomyPanel::refresh);
    const auto later = [this] {
        if (isVisible())
            m_later.start();
    };
    for (auto signal : {&Session::modelChanged, &Session::calibrationChanged, &Session::recipeChanged,
                        &Session::planChanged, &Session::profileChanged})
        connect(&session, signal, this, later);
    connect(&session, &Session::sitesChanged, this, later);
    connect(&WeightStatistics::of(session), &WeightStatistics::changed, this, later);
    connect(&session, &Session::selectionChanged, this, [this] { map().setSelection(m_session.selection()); });
    connect(&map(), &AnatomyMap::selectWished, this, [this](const std::vector<SiteId>& sites, bool add) {
        m_session.select(sites, add ? SelectMode::Add : SelectMode::Replace);
    });
    refresh();
}

void AnatomyPanel::showEvent(QShowEvent* event)
{
    AnatomyView::showEvent(event);
    refresh();
}

void AnatomyPanel::refresh()
{
    m_later.stop();
    if (m_session.sites().size() == 0)
        return showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    std::vector<AnatomySite> sites;
    const graph::Coverage coverage = m_session.recipe().coverage;
    for (const graph::Site& site : m_session.sites()) {
        if (coverage == graph::Coverage::MatMul && site.coverage != graph::Coverage::MatMul)
            continue;
        AnatomySite cell;
        cell.id = site.id;
        cell.name = QString::fromStdString(site.name);
        cell.kind = site.kind;
        cell.role = site.role;
        cell.block = site.block;
        cell.bridge = site.bridge;
        cell.bridgeHelp = ui::bridgeHelp(m_session.sites(), site.bridge);
        cell.values.fill(AnatomySite::kNone);
        const auto set = [&cell](AnatomyColour colour, double value) {
            cell.values[static_cast<std::size_t>(colour)] = value;
        };
        set(AnatomyColour::Bits, m_session.settings(site.id).bits);
        if (const auto statistics = statisticsOf(m_session, site.id))
            set(AnatomyColour::Kurtosis, statistics->kurtosis());
        if (const auto plan = m_session.sitePlan(site.id); plan && plan->quantized()) {
            set(AnatomyColour::Sqnr, plan->error.sqnrDb);
            set(AnatomyColour::OutputError, plan->error.outputError);
            cell.current = m_session.sitePlanCurrent(site.id);
        }
        if (const auto* profile = Session::find(m_session.profile(), site.id))
            set(AnatomyColour::Accumulated, profile->accumulatedSqnrDb);
        sites.push_back(std::move(cell));
    }
    setSites(std::move(sites));
    map().setSelection(m_session.selection());
}

} // namespace qs::ui
