#include "widgets/panels/distribution/distribution_panel.h"

#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/panels/distribution/ribbon_plot.h"
#include "widgets/panels/shared/weight_statistics.h"
#include "widgets/session/text.h"

namespace qs::ui {

DistributionPanel::DistributionPanel(Session& session, QWidget* parent)
    : DistributionView(parent), m_session(session), m_count(session.runner(), Lane::Interactive)
{
    m_later.setSingleShot(true);
    m_later.setInterval(0);
    connect(&m_later, &QTimer::timeout, this, &DistributionPanel::refresh);
    for (auto signal : {&Session::modelChanged, &Session::calibrationChanged, &Session::recipeChanged,
                        &Session::planChanged, &Session::selectionChanged})
        connect(&session, signal, this, &DistributionPanel::later);
    connect(&session, &Session::sitesChanged, this, &DistributionPanel::later);
    connect(&WeightStatistics::of(session), &WeightStatistics::changed, this, &DistributionPanel::later);
    connect(&session, &Session::viewOptionsChanged, this, [this] {
        setLogAxis(m_session.logAxis());
        setBefore(m_session.showBefore());
    });
    connect(this, &DistributionView::logAxisWished, &session, &Session::setLogAxis);
    connect(this, &DistributionView::beforeWished, &session, &Session::setShowBefore);
    connect(this, &DistributionView::rangeWished, this, &DistributionPanel::setRange);
    connect(this, &DistributionView::helpWished, this, &DistributionPanel::help);
    connect(this, &DistributionView::failed, &session, [&session](const QString& text) {
        emit session.failed({ErrorCode::Io, text.toStdString(), {}});
    });
    setLogAxis(session.logAxis());
    setBefore(session.showBefore());
    refresh();
}

void DistributionPanel::later()
{
    if (isVisible())
        m_later.start();
}

void DistributionPanel::showEvent(QShowEvent* event)
{
    DistributionView::showEvent(event);
    refresh();
}

void DistributionPanel::refresh()
{
    m_later.stop();
    if (!m_session.model())
        return showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    const SiteId id = m_session.currentSite();
    if (!id.valid())
        return m_session.calibration() || !m_session.calibrationImages()
                   ? showReason(tr("Select a site in Layers to see its values."))
                   : showReason(tr("Calibrate to see distributions."), tr("Calibrate"));
    const graph::Site& site = m_session.sites()[id];
    SitePicture picture;
    picture.id = id;
    picture.title = siteTitle(site);
    picture.kind = site.kind;
    picture.settings = m_session.settings(id);
    picture.statistics = statisticsOf(m_session, id);
    picture.plan = m_session.sitePlan(id);
    picture.planCurrent = m_session.sitePlanCurrent(id);
    picture.locked = m_session.locked(id);
    picture.images = m_session.calibration() ? m_session.calibration()->images : 0;
    if (!picture.statistics || picture.statistics->histogram.empty()) {
        if (site.kind == graph::SiteKind::Weight)
            return showReason(tr("Counting the weights…"));
        if (m_session.calibration().running)
            return showReason(tr("Calibrating… the values of %1 come in a moment.").arg(picture.title));
        return m_session.calibrationImages()
                   ? showReason(tr("Calibrate to see distributions."), tr("Calibrate"))
                   : showReason(tr("Distributions come from calibration images.\n"
                                   "Open a folder of them from the File menu, or drop one on the window."));
    }
    if (picture.quantizedSite() && !picture.oneGrid() && site.kind == graph::SiteKind::Weight) {
        countQuantized(picture.plan);
        if (m_counted == picture.plan)
            picture.quantized = m_quantized;
    }
    setPicture(picture);
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
            later();
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
    m_session.editSites(sites, patch);
}

void DistributionPanel::help()
{
    if (m_session.calibrationImages())
        m_session.calibrate();
}

QStringList DistributionPanel::plotNames() const
{
    return {tr("Histogram"), tr("Range per channel")};
}

QString DistributionPanel::savePlot(const QString& name, const QString& path)
{
    return name == plotNames().front() ? histogram().save(path) : ribbon().save(path);
}

} // namespace qs::ui
