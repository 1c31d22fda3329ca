#include "widgets/panels/distribution/distribution_panel.h"

#include "core/quant/preview.h"
#include "core/quant/quantizers.h"
#include "widgets/model/follow.h"
#include "widgets/model/text.h"
#include "widgets/model/weight_statistics.h"
#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/panels/distribution/quantizer_table.h"
#include "widgets/panels/distribution/ribbon_plot.h"

#include <algorithm>

namespace qs::ui {

DistributionPanel::DistributionPanel(const Document& document, Selection& selection, Edits& edits, Plans& plans,
                                     JobRunner& runner, QWidget* parent)
    : DistributionView(parent), m_document(document), m_selection(selection), m_edits(edits), m_plans(plans),
      m_count(runner, Lane::Interactive), m_smooth(runner, Lane::Interactive), m_compare(runner, Lane::Interactive)
{
    m_refresher.on(document, &Document::modelChanged)
        .on(plans, &Plans::calibrationChanged)
        .on(document, &Document::recipeChanged)
        .on(plans, &Plans::planChanged)
        .on(selection, &Selection::changed);
    m_refresher.on(plans, &Plans::sitesChanged);
    m_refresher.on(plans, &Plans::weightsCounted);
    connect(&selection, &Selection::viewChanged, this, [this] {
        setLogAxis(m_selection.logAxis());
        setBefore(m_selection.showBefore());
    });
    connect(this, &DistributionView::logAxisWished, &selection, &Selection::setLogAxis);
    connect(this, &DistributionView::beforeWished, &selection, &Selection::setShowBefore);
    connect(this, &DistributionView::rangeWished, this, &DistributionPanel::setRange);
    connect(this, &DistributionView::quantizerWished, this, [this](SiteId site, const quant::QuantizerTrial& trial) {
        m_edits.editSites(sitesFor(site, trial), trial.patch());
    });
    m_refresher.on(*this, &DistributionView::comparisonWished);
    connect(this, &DistributionView::helpWished, this, &DistributionPanel::help);
    setLogAxis(selection.logAxis());
    setBefore(selection.showBefore());
    refresh();
}

void DistributionPanel::refresh()
{
    if (!m_document.model())
        return showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    const SiteId id = m_selection.current();
    if (!id.valid() && m_plans.calibration().running)
        return showReason(tr("Calibrating… the distributions come in a moment."));
    if (!id.valid())
        return m_plans.calibration() || !m_document.calibrationImages()
                   ? showReason(tr("Select a site in Layers to see its values."))
                   : showReason(tr("Calibrate to see distributions."), tr("Calibrate"));
    const graph::Site& site = m_document.sites()[id];
    SitePicture picture;
    picture.id = id;
    picture.title = siteTitle(site);
    picture.kind = site.kind;
    picture.channel = channelTitle(site);
    picture.settings = m_document.settings(id);
    picture.statistics = m_plans.statisticsOf(id);
    picture.plan = m_plans.sitePlan(id);
    picture.planCurrent = m_plans.sitePlanCurrent(id);
    picture.locked = m_document.locked(id);
    picture.takesNoise = quant::mayBeSmoothed(m_document.model()->graph, site);
    picture.images = m_plans.calibration() ? m_plans.calibration()->images : 0;
    if (!picture.statistics || picture.statistics->histogram.empty()) {
        if (site.kind == graph::SiteKind::Weight)
            return showReason(tr("Counting the weights…"));
        if (m_plans.calibration().running)
            return showReason(tr("Calibrating… the values of %1 come in a moment.").arg(picture.title));
        return m_document.calibrationImages()
                   ? showReason(tr("Calibrate to see distributions."), tr("Calibrate"))
                   : showReason(tr("Distributions come from calibration images.\n"
                                   "Open a folder of them from the File menu, or drop one on the window."));
    }
    applySmoothing(picture);
    if (picture.quantizedSite() && !picture.oneGrid() && site.kind == graph::SiteKind::Weight) {
        countQuantized(picture.plan);
        if (m_counted == picture.plan)
            picture.quantized = m_quantized;
    }
    setPicture(picture);
    compare();
}

std::shared_ptr<const quant::ChannelTransform> DistributionPanel::transformOf(SiteId id) const
{
    const auto site = m_plans.sitePlan(id);
    if (site && site->smoothing)
        return {site->smoothing, &site->smoothing->transform};
    const Figure<quant::Plan>& plan = m_plans.plan();
    const bool dropped = plan && (*plan)[id].smoothing; // by a preview that comes before the plan
    const quant::ChannelTransform* lanes = plan && !dropped ? plan->laneTransform(id) : nullptr;
    return lanes ? std::shared_ptr<const quant::ChannelTransform>(plan.value, lanes) : nullptr;
}

/// The values that the levels are for: a smoothed site's, or those of a weight whose input is smoothed. Until they
/// are counted the last ones of the site stay on show, with their levels.
void DistributionPanel::applySmoothing(SitePicture& picture)
{
    Smoothed wanted;
    wanted.original = picture.statistics;
    wanted.plan = picture.plan;
    const graph::Site& site = m_document.sites()[picture.id];
    if (site.kind == graph::SiteKind::Activation) {
        wanted.transform = transformOf(picture.id);
    } else if (const Figure<quant::Plan>& plan = m_plans.plan(); plan && !site.uses.empty()) {
        const auto found = plan->smoothed.constants.find(site.uses.front());
        if (found != plan->smoothed.constants.end())
            wanted.weight = found->second;
    }
    if (!wanted.transform && wanted.weight.empty())
        return;
    if (!m_smoothed.sameValues(wanted)) {
        countSmoothed(wanted, picture.id);
        if (m_smoothed.original != wanted.original) { // nothing of this site yet
            picture.plan.reset();
            return;
        }
        picture.plan = m_smoothed.plan;
        picture.planCurrent = false;
    } else {
        m_smoothed.plan = picture.plan;
    }
    picture.original = m_smoothed.original;
    picture.statistics = m_smoothed.values;
}

void DistributionPanel::countSmoothed(const Smoothed& wanted, SiteId id)
{
    if (m_smooth.running() && m_smoothing.sameValues(wanted)) {
        m_smoothing.plan = wanted.plan;
        return;
    }
    m_smoothing = wanted;
    m_smooth.start(
        [model = m_document.model(), id, wanted](const Context&) -> Result<Smoothed> {
            Smoothed result = wanted;
            stats::SiteStatistics values =
                wanted.transform ? quant::transformed(*wanted.original, *wanted.transform)
                                 : WeightStatistics::count(model->sites[id].layout, wanted.weight.floats());
            result.values = std::make_shared<const stats::SiteStatistics>(std::move(values));
            return result;
        },
        [this](Result<Smoothed> result) {
            if (!result)
                return;
            m_smoothed = *result;
            m_smoothed.plan = m_smoothing.plan;
            m_refresher.later();
        },
        Job<Smoothed>::WhenBusy::Follow);
}

bool DistributionPanel::Smoothed::sameValues(const Smoothed& other) const
{
    const auto sameTransform = [&] {
        return transform == other.transform || (transform && other.transform && *transform == *other.transform);
    };
    const auto data = [](const Tensor& t) { return t.empty() ? nullptr : t.floats().data(); };
    return original == other.original && sameTransform() && data(weight) == data(other.weight);
}

/// What the comparison depends on: all settings but the quantizer, and the smoothing.
void DistributionPanel::compare()
{
    const SiteId id = m_selection.current();
    if (!comparing() || !isVisible() || !id.valid() || !m_plans.calibration())
        return;
    const quant::SiteSettings settings = m_document.settings(id);
    if (m_document.sites()[id].kind == graph::SiteKind::Weight || settings.isFloat()) {
        m_compare.cancel();
        m_compared = {};
        return table().showReason(settings.isFloat()
                                      ? tr("This site stays in float; choose its bits to compare quantizers.")
                                      : tr("Weights have uniform levels: integer kernels know no others."));
    }
    Comparison wanted;
    wanted.site = id;
    wanted.calibration = m_plans.calibration().value;
    wanted.settings = settings;
    wanted.settings.quantizer.clear();
    wanted.settings.scheme = quant::Scheme::Symmetric;
    wanted.settings.granularity = quant::Granularity::Tensor;
    if (const auto transform = transformOf(id))
        wanted.transform = *transform;
    const bool same = m_compared.sameAs(wanted);
    if (same || m_compared.site == id)
        table().setTrials(m_compared.trials, settings, !same);
    else
        table().showReason(tr("Measuring …"));
    // Smoothing of this site comes with the plan.
    if (same || !m_plans.plan().current || (m_compare.running() && m_comparing.sameAs(wanted)))
        return;
    m_comparing = wanted;
    m_compare.start(
        [model = m_document.model(), plan = m_plans.plan().value, settings,
         wanted](const Context& context) -> Result<Comparison> {
            Comparison result = wanted;
            QS_ASSIGN(result.trials,
                      quant::tryQuantizers(*model, *wanted.calibration, wanted.site, settings, plan.get(), context));
            return result;
        },
        [this](Result<Comparison> result) {
            if (!result)
                return;
            m_compared = *result;
            m_refresher.later();
        });
}

bool DistributionPanel::Comparison::sameAs(const Comparison& other) const
{
    return site == other.site && calibration == other.calibration && settings == other.settings &&
           transform == other.transform;
}

void DistributionPanel::countQuantized(const std::shared_ptr<const quant::SitePlan>& plan)
{
    if (m_counted == plan)
        return;
    m_counted = plan;
    m_quantized.reset();
    m_count.start(
        [plan](const Context&) -> Result<Quantized> {
            auto histogram = std::make_shared<stats::Histogram>();
            histogram->add(plan->dequantized.floats());
            return Quantized(std::move(histogram));
        },
        [this](Result<Quantized> result) {
            if (!result)
                return;
            m_quantized = *result;
            m_refresher.later();
        });
}

void DistributionPanel::setRange(SiteId site, quant::Range range)
{
    quant::SitePatch patch;
    patch.estimator = quant::Estimator{};
    patch.estimator->kind = quant::EstimatorKind::Manual;
    patch.estimator->low = range.low;
    patch.estimator->high = range.high;
    const std::vector<SiteId> sites{site};
    m_edits.editSites(sites, patch);
}

std::vector<SiteId> DistributionPanel::sitesFor(SiteId site, const quant::QuantizerTrial& trial) const
{
    const auto all = quant::quantizers();
    const auto number = std::ranges::find(all, trial.quantizer, &quant::QuantizerDef::name) - all.begin();
    std::vector<SiteId> sites{site};
    for (const SiteId id : m_selection.sites()) {
        const graph::Site& other = m_document.sites()[id];
        if (id == site || other.kind != graph::SiteKind::Activation || m_document.settings(id).isFloat())
            continue;
        const auto suitable = quant::suitableQuantizers(other, m_plans.statistics(id), m_plans.sitePlan(id).get());
        if (suitable[static_cast<std::size_t>(number)])
            sites.push_back(id);
    }
    return sites;
}

void DistributionPanel::help()
{
    if (m_document.calibrationImages())
        m_plans.calibrate();
}

QStringList DistributionPanel::plotNames() const
{
    return {tr("Histogram"), tr("Range per channel")};
}

QString DistributionPanel::savePlot(const QString& name, const QString& path)
{
    refresh(); // the panel may never have been shown
    if (!reason().isEmpty())
        return reason();
    return name == plotNames().front() ? histogram().save(path) : ribbon().save(path);
}

} // namespace qs::ui
