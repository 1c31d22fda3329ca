#include "widgets/panels/error/error_panel.h"

#include "widgets/panels/error/depth_plot.h"
#include "widgets/panels/error/split_plot.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace qs::ui {

namespace {

/// Error over signal of a site that is quantized alone; 0 where it is exact.
double noise(const quant::SiteError& error)
{
    return std::isfinite(error.sqnrDb) ? std::pow(10, -error.sqnrDb / 10) : 0;
}

} // namespace

ErrorPanel::ErrorPanel(const Document& document, Selection& selection, Plans& plans, Figures& figures,
                       QWidget* parent)
    : ErrorView(parent), m_document(document), m_selection(selection), m_plans(plans), m_figures(figures)
{
    m_refresher.on(document, &Document::modelChanged)
        .on(document, &Document::imagesChanged)
        .on(plans, &Plans::calibrationChanged)
        .on(document, &Document::recipeChanged)
        .on(plans, &Plans::planChanged)
        .on(figures, &Figures::profileChanged)
        .on(figures, &Figures::sensitivityChanged);
    m_refresher.on(plans, &Plans::sitesChanged);
    connect(&selection, &Selection::changed, this, [this] { setSelection(m_selection.sites()); });
    connect(this, &ErrorView::selectWished, this, [this](SiteId site, bool toggle) {
        m_selection.select(site, toggle ? SelectMode::Toggle : SelectMode::Replace);
    });
    connect(this, &ErrorView::sensitivityWished, &figures, &Figures::measureSensitivity);
    connect(this, &ErrorView::helpWished, &plans, &Plans::calibrate);
    refresh();
}

void ErrorPanel::refresh()
{
    if (!m_document.model())
        return showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    if (!m_plans.plan()) {
        if (m_plans.calibration().running || m_plans.plan().running)
            return showReason(tr("Errors come after the calibration; it is running."));
        return m_document.calibrationImages()
                   ? showReason(tr("Calibrate to see where the error is made."), tr("Calibrate"))
                   : showReason(tr("Errors come from calibration images.\n"
                                   "Open a folder of them from the File menu, or drop one on the window."));
    }
    setPicture(makePicture());
    setSelection(m_selection.sites());
}

ErrorPicture ErrorPanel::makePicture() const
{
    ErrorPicture picture;
    picture.isolatedCurrent = m_plans.plan().current;
    picture.accumulatedCurrent = m_figures.profile().current;
    picture.accumulatedRunning = m_figures.profile().running;
    picture.sensitivityCurrent = m_figures.sensitivity().current;
    picture.sensitivityRunning = m_figures.sensitivity().running;
    if (const auto& images = m_document.probeImages())
        picture.images = std::min(Figures::kProfileImages, images->size());
    for (const graph::Site& site : m_document.sites()) {
        if (const auto* found = Figures::find(m_figures.sensitivity(), site.id))
            picture.sensitivities.push_back(
                {site.id, QString::fromStdString(site.name), site.kind, found->sensitivityKl});
        const auto plan = m_plans.sitePlan(site.id);
        if (site.kind != graph::SiteKind::Activation || !plan)
            continue;
        const auto* profile = Figures::find(m_figures.profile(), site.id);
        if (m_document.recipe().coverage == graph::Coverage::MatMul && site.coverage != graph::Coverage::MatMul)
            continue; // stays in float
        ErrorPoint point;
        point.id = site.id;
        point.name = QString::fromStdString(site.name);
        point.role = site.role;
        point.block = site.block;
        if (plan->quantized())
            point.isolatedSqnrDb = plan->error.sqnrDb;
        if (profile)
            point.accumulatedSqnrDb = profile->accumulatedSqnrDb;
        picture.points.push_back(point);
    }
    picture.splits = makeSplits();
    return picture;
}

std::vector<ErrorSplit> ErrorPanel::makeSplits() const
{
    std::vector<ErrorSplit> splits;
    std::map<std::string, std::size_t> places;
    for (const graph::Site& site : m_document.sites()) {
        const auto plan = m_plans.sitePlan(site.id);
        if (!plan || !plan->quantized())
            continue;
        const auto [place, isNew] = places.try_emplace(site.layer, splits.size());
        if (isNew)
            splits.push_back({QString::fromStdString(site.layer), {}, site.block, 0, 0, 0});
        ErrorSplit& split = splits[place->second];
        split.sites.push_back(site.id);
        const double all = noise(plan->error);
        const double rounding = all * plan->error.roundingShare;
        (site.kind == graph::SiteKind::Weight ? split.weightRounding : split.activationRounding) += rounding;
        split.clipping += all - rounding;
    }
    return splits;
}

QStringList ErrorPanel::plotNames() const
{
    return {tr("Error along depth"), tr("Error split")};
}

QString ErrorPanel::savePlot(const QString& name, const QString& path)
{
    refresh(); // the panel may never have been shown
    if (!reason().isEmpty())
        return reason();
    return name == plotNames().front() ? depth().save(path) : split().save(path);
}

QString ErrorPanel::tableCsv() const
{
    auto* self = const_cast<ErrorPanel*>(this);
    self->refresh(); // the panel may never have been shown
    return reason().isEmpty() ? self->depth().csv() : QString();
}

} // namespace qs::ui
