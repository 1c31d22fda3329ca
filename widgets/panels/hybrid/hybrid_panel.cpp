#include "widgets/panels/hybrid/hybrid_panel.h"

#include "widgets/frame/help.h"
#include "widgets/frame/job_strip.h"
#include "widgets/panels/hybrid/candidates_plot.h"
#include "widgets/panels/hybrid/choices_model.h"
#include "widgets/panels/hybrid/hybrid_form.h"
#include "widgets/theme/format.h"

#include <algorithm>

namespace qs::ui {

namespace {
constexpr int kTickMs = 200;
}

HybridPanel::HybridPanel(const Document& document, Selection& selection, Plans& plans, Searches& searches,
                         QWidget* parent)
    : HybridView(parent), m_document(document), m_selection(selection), m_plans(plans), m_searches(searches)
{
    m_tick.setInterval(kTickMs);
    connect(&m_tick, &QTimer::timeout, this, &HybridPanel::refreshProgress);
    m_refresher.on(document, &Document::modelChanged)
        .on(document, &Document::imagesChanged)
        .on(plans, &Plans::calibrationChanged)
        .on(document, &Document::recipeChanged);
    connect(&searches, &Searches::hybridChanged, this, [this] {
        form().setRunning(m_searches.hybrid().running);
        m_refresher.later();
    });
    connect(&selection, &Selection::changed, this, [this] {
        if (isVisible())
            setCurrent(m_selection.current());
    });
    connect(&form(), &HybridForm::startWished, &searches, &Searches::startHybrid);
    connect(&form(), &HybridForm::applyWished, &searches, &Searches::applyHybrid);
    connect(&form(), &HybridForm::cancelWished, &searches, &Searches::cancelHybrid);
    connect(&form(), &HybridForm::helpWished, this, [this] { showMethodsHelp(window(), QStringLiteral("qhyvit")); });
    connect(this, &HybridView::siteWished, this, [this](SiteId site) { m_selection.select(site); });
    connect(this, &HybridView::helpWished, &plans, &Plans::calibrate);
    refresh();
}

void HybridPanel::refresh()
{
    if (!m_document.model())
        return showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    if (!m_plans.calibration() && !m_plans.calibration().running) {
        if (m_document.calibrationImages())
            return showReason(tr("Calibrate to search the grid of every site."), tr("Calibrate"));
        return showReason(tr("A search needs calibration images:\n"
                             "open a folder of them from the File menu, or drop one on the window."));
    }
    showAll();
    const HybridRun& run = m_searches.hybrid();
    form().setImages(m_document.calibrationImages() ? m_document.calibrationImages()->size() : 0,
                     m_document.testImages() ? m_document.testImages()->size() : 0);
    form().setBridges(m_document.sites().bridges().size());
    form().setObstacle(m_plans.calibration() ? m_searches.hybridObstacle()
                                             : tr("A search comes after the calibration; it is running."));
    form().setApplicable(run.found && m_document.recipe() != run.found->result.recipe);
    form().setRunning(run.running);
    form().setNote(summary());
    QStringList names;
    if (run.found)
        for (const search::HybridChoice& choice : run.found->result.choices)
            names << QString::fromStdString(m_document.sites()[choice.site].name);
    setFound(run.found, names,
             run.running ? tr("Searching. What is found shows here when it is done;\ncancelled, nothing is kept.")
                         : tr("No search yet. It finds step, granularity and scheme of every site,\n"
                              "from the present recipe, by the error at the output of its layer or bridge block."));
    setCurrent(m_selection.current());
    if (run.running) {
        m_tick.start();
        refreshProgress();
    }
}

QString HybridPanel::summary() const
{
    const HybridRun& run = m_searches.hybrid();
    if (run.cancelled && !run.running)
        return tr("Cancelled: nothing was kept, the recipe is as it was.");
    if (!run.found)
        return {};
    const search::HybridResult& result = run.found->result;
    const auto count = [&](auto predicate) { return std::ranges::count_if(result.choices, predicate); };
    return tr("%1 of %2 sites changed, %3 per channel, %4 asymmetric, %5 judged at bridge blocks · loss of the start "
              "%6 · %7 evaluations · %8 s (gradients %9 s, candidates %10 s)")
        .arg(count(&search::HybridChoice::changed))
        .arg(result.choices.size())
        .arg(count([](const auto& choice) { return choice.granularity == quant::Granularity::Channel; }))
        .arg(count([](const auto& choice) { return choice.scheme == quant::Scheme::Asymmetric; }))
        .arg(count([](const auto& choice) { return choice.bridge >= 0; }))
        .arg(formatNumber(result.loss))
        .arg(result.evaluations)
        .arg(result.secondsRecording + result.secondsGradients + result.secondsCandidates, 0, 'f', 1)
        .arg(result.secondsGradients, 0, 'f', 1)
        .arg(result.secondsCandidates, 0, 'f', 1);
}

void HybridPanel::refreshProgress()
{
    if (!m_searches.hybrid().running)
        return m_tick.stop();
    const JobProgress progress = m_searches.hybridProgress();
    const bool known = progress.total > 0;
    form().showProgress(known ? progressText(progress) : tr("waiting for its turn"), timeText(progress),
                        known ? progress.fraction() : -1);
}

QStringList HybridPanel::plotNames() const
{
    return {tr("Candidates")};
}

QString HybridPanel::savePlot(const QString&, const QString& path)
{
    refresh(); // the panel may never have been shown
    if (const QString why = reason().isEmpty() ? foundReason() : reason(); !why.isEmpty())
        return why;
    return plot().save(path);
}

QString HybridPanel::tableCsv() const
{
    auto* self = const_cast<HybridPanel*>(this);
    self->refresh(); // the panel may never have been shown
    return reason().isEmpty() ? self->choicesCsv() : QString();
}

} // namespace qs::ui
