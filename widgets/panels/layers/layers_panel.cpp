#include "widgets/panels/layers/layers_panel.h"

#include "core/quant/covered_range.h"
#include "core/quant/zero_point.h"
#include "widgets/model/site_notes.h"
#include "widgets/model/text.h"
#include "widgets/model/weight_statistics.h"
#include "widgets/plots/histogram_columns.h"

#include <algorithm>
#include <functional>

namespace qs::ui {

namespace {

constexpr int kMiniColumns = 40;

} // namespace

LayersPanel::LayersPanel(Session& session, QWidget* parent) : LayersView(parent), m_session(session)
{
    m_refresher.on(session.plans, &Plans::calibrationChanged)
        .on(session.document, &Document::recipeChanged)
        .on(session.plans, &Plans::planChanged)
        .on(session.figures, &Figures::profileChanged)
        .on(session.figures, &Figures::sensitivityChanged);
    m_refresher.on(session.plans, &Plans::sitesChanged);
    connect(&session.document, &Document::modelChanged, this, [this] {
        m_derived.clear();
        refresh();
    });
    m_refresher.on(session.weights, &WeightStatistics::changed);
    connect(&session.selection, &Selection::changed, this, &LayersPanel::showSelection);

    connect(this, &LayersView::selectionWished, this, [this](const std::vector<SiteId>& sites, SiteId current) {
        m_session.selection.select(sites);
        if (current.valid() && std::ranges::find(sites, current) != sites.end())
            m_session.selection.select(current, SelectMode::Add); // the clicked one becomes the current one
    });
    connect(this, &LayersView::bitsWished, this, &LayersPanel::editBits);
    connect(this, &LayersView::lockWished, this, &LayersPanel::setLock);
    connect(this, &LayersView::failed, &session.messages, &Messages::failWriting);
    refresh();
}

void LayersPanel::refresh()
{
    if (m_session.document.sites().size() == 0) {
        setRows({});
        showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
        return;
    }
    setRows(makeRows());
    showSelection();
}

void LayersPanel::showSelection()
{
    setSelection(m_session.selection.sites(), m_session.selection.current());
}

std::vector<SiteRow> LayersPanel::makeRows()
{
    std::vector<SiteRow> rows;
    const graph::SiteTable& sites = m_session.document.sites();
    const graph::Coverage coverage = m_session.document.recipe().coverage;
    rows.reserve(sites.size());
    double bitsOfWeights = 0;
    for (const graph::Site& site : sites) {
        const quant::SiteSettings settings = m_session.document.settings(site.id);
        SiteRow row;
        row.id = site.id;
        row.name = QString::fromStdString(site.name);
        row.kind = site.kind;
        row.role = site.role;
        row.block = site.block;
        row.shape = QString::fromStdString(site.shape.text());
        row.covered = coverage == graph::Coverage::Full || site.coverage == graph::Coverage::MatMul;
        row.bits = settings.bits;
        row.locked = m_session.document.locked(site.id);
        if (!settings.isFloat()) {
            row.scheme = schemeTitle(settings.scheme);
            row.granularity = granularityTitle(settings.granularity);
            row.estimator = estimatorTitle(settings.estimator.kind);
            row.quantizer = quantizerTitle(settings.quantizer);
        }
        row.bridge = site.bridge;
        row.bridgeHelp = ui::bridgeHelp(sites, site.bridge);
        addNotes(row);
        if (const auto plan = m_session.plans.sitePlan(site.id))
            row.transforms = smoothingText(*plan);
        addStatistics(row);
        if (const auto plan = m_session.plans.sitePlan(site.id); plan && plan->quantized()) {
            row.current = m_session.plans.sitePlanCurrent(site.id);
            const quant::Range covered = quant::coveredRange(*plan);
            row.low = covered.low;
            row.high = covered.high;
            row.clippedShare = plan->error.clippedShare;
            row.sqnrDb = plan->error.sqnrDb;
            row.outputError = plan->error.outputError;
        } else {
            row.current = true;
        }
        if (const auto* profile = Figures::find(m_session.figures.profile(), site.id)) {
            row.accumulatedSqnrDb = profile->accumulatedSqnrDb;
            row.accumulatedCurrent = m_session.figures.profile().current;
        }
        if (const auto* profile = Figures::find(m_session.figures.sensitivity(), site.id)) {
            row.sensitivityKl = profile->sensitivityKl;
            row.sensitivityCurrent = m_session.figures.sensitivity().current;
        }
        if (site.kind == graph::SiteKind::Weight) {
            row.sizeShare = static_cast<double>(site.elements()) * settings.bits;
            bitsOfWeights += row.sizeShare;
        }
        rows.push_back(std::move(row));
    }
    for (SiteRow& row : rows)
        row.sizeShare /= std::max(bitsOfWeights, 1.0);
    return rows;
}

void LayersPanel::addNotes(SiteRow& row)
{
    const std::vector<NoteText> notes = siteNotes(m_session, row.id);
    QStringList titles, sentences;
    for (const NoteText& note : notes) {
        titles << note.title;
        sentences << QStringLiteral("%1 %2").arg(note.text, note.remedy).toHtmlEscaped();
        row.severe |= note.severe;
    }
    row.warning = titles.join(QStringLiteral(" · "));
    if (!notes.empty())
        row.warningHelp = QStringLiteral("<p>%1</p>").arg(sentences.join(QStringLiteral("</p><p>")));
}

void LayersPanel::addStatistics(SiteRow& row)
{
    const auto statistics = statisticsOf(m_session.plans, m_session.weights, row.id);
    if (!statistics || statistics->histogram.empty())
        return;
    Derived& derived = m_derived[row.id];
    if (derived.of.lock() != statistics)
        derived = {statistics, statistics->kurtosis(), statistics->tailWeight(),
                   quant::zeroPointReport(*statistics).dynamicRange,
                   std::make_shared<const std::vector<float>>(miniHistogram(statistics->histogram, kMiniColumns))};
    row.kurtosis = derived.kurtosis;
    row.tailWeight = derived.tailWeight;
    row.channelRatio = derived.channelRatio;
    row.histogram = derived.histogram;
}

std::vector<SiteId> LayersPanel::meant(SiteId site) const
{
    return m_session.selection.contains(site) ? m_session.selection.sites() : std::vector<SiteId>{site};
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
    const SiteId current = m_session.selection.current();
    m_session.selection.select(sites);
    if (std::ranges::find(sites, current) != sites.end())
        m_session.selection.select(current, SelectMode::Add); // stays the current one
    return true;
}

void LayersPanel::editBits(SiteId site, int bits)
{
    quant::SitePatch patch;
    patch.bits = bits;
    m_session.edits.editSites(meant(site), patch);
}

void LayersPanel::setLock(SiteId site, bool locked)
{
    m_session.edits.setLocked(meant(site), locked);
}

} // namespace qs::ui
