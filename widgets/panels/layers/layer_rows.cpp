#include "widgets/panels/layers/layer_rows.h"

#include "core/quant/covered_range.h"
#include "core/quant/zero_point.h"
#include "widgets/model/document.h"
#include "widgets/model/figures.h"
#include "widgets/model/plans.h"
#include "widgets/model/site_notes.h"
#include "widgets/model/text.h"
#include "widgets/plots/histogram_columns.h"

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kMiniColumns = 40;

} // namespace

LayerRows::LayerRows(const Document& document, const Plans& plans, const Figures& figures, QObject* parent)
    : QObject(parent), m_document(document), m_plans(plans), m_figures(figures)
{
    connect(&document, &Document::modelChanged, this, [this] { m_derived.clear(); });
    connect(&document, &Document::recipeChanged, this, &LayerRows::changed);
    connect(&plans, &Plans::calibrationChanged, this, &LayerRows::changed);
    connect(&plans, &Plans::planChanged, this, &LayerRows::changed);
    connect(&plans, &Plans::sitesChanged, this, &LayerRows::changed);
    connect(&plans, &Plans::weightsCounted, this, &LayerRows::changed);
    connect(&figures, &Figures::profileChanged, this, &LayerRows::changed);
    connect(&figures, &Figures::sensitivityChanged, this, &LayerRows::changed);
}

std::vector<SiteRow> LayerRows::make()
{
    std::vector<SiteRow> rows;
    rows.reserve(m_document.sites().size());
    double bitsOfWeights = 0;
    for (const graph::Site& site : m_document.sites()) {
        SiteRow row;
        row.id = site.id;
        addSettings(row, site);
        addNotes(row);
        addStatistics(row);
        addPlan(row);
        addProfiles(row);
        if (site.kind == graph::SiteKind::Weight) {
            row.sizeShare = static_cast<double>(site.elements()) * row.bits;
            bitsOfWeights += row.sizeShare;
        }
        rows.push_back(std::move(row));
    }
    for (SiteRow& row : rows)
        row.sizeShare /= std::max(bitsOfWeights, 1.0);
    return rows;
}

void LayerRows::addSettings(SiteRow& row, const graph::Site& site) const
{
    const quant::SiteSettings settings = m_document.settings(site.id);
    row.name = QString::fromStdString(site.name);
    row.kind = site.kind;
    row.role = site.role;
    row.block = site.block;
    row.shape = QString::fromStdString(site.shape.text());
    row.covered = m_document.recipe().coverage == graph::Coverage::Full || site.coverage == graph::Coverage::MatMul;
    row.bits = settings.bits;
    row.locked = m_document.locked(site.id);
    if (!settings.isFloat()) {
        row.scheme = schemeTitle(settings.scheme);
        row.granularity = granularityTitle(settings.granularity);
        row.estimator = estimatorTitle(settings.estimator.kind);
        row.quantizer = quantizerTitle(settings.quantizer);
    }
    row.bridge = site.bridge;
    row.bridgeHelp = ui::bridgeHelp(m_document.sites(), site.bridge);
}

void LayerRows::addPlan(SiteRow& row) const
{
    const auto plan = m_plans.sitePlan(row.id);
    if (plan)
        row.transforms = smoothingText(*plan);
    row.current = true;
    if (!plan || !plan->quantized())
        return;
    row.current = m_plans.sitePlanCurrent(row.id);
    const quant::Range covered = quant::coveredRange(*plan);
    row.low = covered.low;
    row.high = covered.high;
    row.clippedShare = plan->error.clippedShare;
    row.sqnrDb = plan->error.sqnrDb;
    row.outputError = plan->error.outputError;
}

void LayerRows::addProfiles(SiteRow& row) const
{
    if (const auto* profile = Figures::find(m_figures.profile(), row.id)) {
        row.accumulatedSqnrDb = profile->accumulatedSqnrDb;
        row.accumulatedCurrent = m_figures.profile().current;
    }
    if (const auto* profile = Figures::find(m_figures.sensitivity(), row.id)) {
        row.sensitivityKl = profile->sensitivityKl;
        row.sensitivityCurrent = m_figures.sensitivity().current;
    }
}

void LayerRows::addNotes(SiteRow& row) const
{
    const std::vector<NoteText> notes = siteNotes(m_document, m_plans, row.id);
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

void LayerRows::addStatistics(SiteRow& row)
{
    const auto statistics = m_plans.statisticsOf(row.id);
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

} // namespace qs::ui
