#include "widgets/model/session.h"
#include "widgets/model/session_jobs.h"
#include "widgets/model/site_preview.h"

#include "core/onnx/onnx_runtime.h"
#include "core/quant/evaluate.h"
#include "core/quant/harm.h"
#include "core/quant/stale_sites.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace qs::ui {

namespace {

/// A resolve that runs longer than this is not worth waiting for once the recipe has moved on.
constexpr qint64 kPatienceMs = 150;
/// Images on which an export is checked.
constexpr std::size_t kVerifyImages = 16;

/// Evaluates `count` images, with the float logits of an earlier run where there are any.
Result<Evaluated> evaluateOn(const onnx::Model& model, const quant::Plan& plan, const ImageSet& images,
                             std::size_t count, std::shared_ptr<const quant::FloatReference> reference,
                             const std::shared_ptr<exec::WeightCache>& weights, const Context& context)
{
    if (!reference) {
        QS_ASSIGN(quant::FloatReference found,
                  quant::evaluationReference(model.graph, model.sites, *images.source, count, context));
        reference = std::make_shared<const quant::FloatReference>(std::move(found));
    }
    QS_ASSIGN(quant::Evaluation evaluation, quant::evaluate(model.graph, model.sites, &plan, *images.source, count,
                                                            reference.get(), weights, context));
    return Evaluated{std::make_shared<const quant::Evaluation>(std::move(evaluation)), std::move(reference)};
}

/// With the doubt that plain min-max does better, as the command line says it.
Result<Evaluated> withHarm(Evaluated evaluated, const onnx::Model& model, const quant::Plan& plan,
                           const ImageSet& images, const Context& context)
{
    QS_ASSIGN(const auto harm,
              quant::besideMinMax(model.graph, model.sites, plan, *images.source, quant::kHarmImages, context));
    if (!harm || !harm->harms())
        return evaluated;
    auto doubted = std::make_shared<quant::Evaluation>(*evaluated.evaluation);
    doubted->doubts.push_back(harm->doubt(plan.recipe));
    evaluated.evaluation = std::move(doubted);
    return evaluated;
}

} // namespace

void Session::calibrate()
{
    if (!need(m_model != nullptr, "Open a model first.") ||
        !need(m_calibrationImages != nullptr, "Open calibration images first."))
        return;
    m_calibration.running = true;
    emit calibrationChanged();
    stats::CalibrationOptions options;
    options.images = m_calibrationCount;
    options.modelHash = m_model->info.hash;
    options.preprocess = nlohmann::json(m_preprocess).dump();
    m_jobs->calibrate.start(
        [model = m_model, images = m_calibrationImages, options](const Context& context) {
            return stats::calibrate(model->graph, model->sites, *images->source, options, context);
        },
        [this](Result<std::shared_ptr<const stats::Calibration>> result) {
            m_calibration.running = false;
            if (succeeded(result))
                setCalibration(*result);
            else
                emit calibrationChanged();
        });
}

void Session::setCalibration(std::shared_ptr<const stats::Calibration> calibration)
{
    m_calibration = {std::move(calibration), true, false};
    m_plan.running = m_calibration.value != nullptr;
    m_plan.current = false;
    m_previews.clear();
    m_stale.clear();
    if (m_plan) // of another calibration
        for (const graph::Site& site : sites())
            m_stale.insert(site.id);
    dropFigures();
    emit calibrationChanged();
    if (m_calibration)
        startResolve();
}

void Session::startPreview(const std::vector<SiteId>& changed)
{
    // The one site that single-site views show, alone: it must not wait for the others.
    if (!m_calibration || std::ranges::find(changed, m_current) == changed.end())
        return;
    const bool fits = m_plan && m_plan->calibration == m_calibration.value;
    m_jobs->preview.start(
        [model = m_model, calibration = m_calibration.value, id = m_current, settings = settings(m_current),
         plan = fits ? m_plan.value : nullptr](const Context&) -> Result<SitePreview> {
            QS_ASSIGN(const std::shared_ptr<const quant::SitePlan> found,
                      previewSite(*model, *calibration, id, settings, plan.get()));
            return SitePreview{id, found};
        },
        [this, model = m_model](Result<SitePreview> result) {
            if (!result && result.error().code == ErrorCode::NotFound)
                return; // the plan will tell
            if (!succeeded(result) || model != m_model || m_plan.current)
                return;
            m_previews[result->site] = result->plan;
            emit sitesChanged({result->site});
        },
        Job<SitePreview>::WhenBusy::Follow);
}

void Session::startResolve()
{
    if (!m_calibration)
        return;
    using WhenBusy = Job<std::shared_ptr<const quant::Plan>>::WhenBusy;
    const bool slow = m_jobs->resolve.running() && m_jobs->resolve.progress().elapsedMs > kPatienceMs;
    m_plan.running = true;
    m_jobs->probeDelay.stop();
    m_jobs->probe.cancel();
    if (std::exchange(m_probe.running, false)) // it had not begun
        emit probeChanged();
    m_jobs->profile.cancel();
    m_jobs->resolve.start(
        [model = m_model, calibration = m_calibration.value, recipe = m_recipe,
         previous = m_plan.value](const Context& context) {
            return quant::resolve(model->graph, model->sites, calibration, recipe, previous.get(), context);
        },
        [this, model = m_model,
         calibration = m_calibration.value](Result<std::shared_ptr<const quant::Plan>> result) {
            if (model != m_model || calibration != m_calibration.value)
                return;
            if (succeeded(result)) {
                setPlan(*result);
            } else {
                m_plan.running = false;
                emit planChanged();
            }
        },
        slow ? WhenBusy::Supersede : WhenBusy::Follow);
}

void Session::setPlan(std::shared_ptr<const quant::Plan> plan)
{
    m_plan.value = std::move(plan);
    m_plan.current = History::keyOf(m_plan->recipe) == m_key; // a lock changes no number
    m_plan.running = !m_plan.current;
    m_stale = m_plan.current ? std::set<SiteId>() : quant::staleSites(m_model->graph, sites(), *m_plan, m_recipe);
    if (m_plan.current)
        m_previews.clear();
    if (!m_current.valid() && m_plan.current) { // show something worth looking at: the worst activation
        SiteId worst;
        for (const graph::Site& site : sites())
            if (site.kind == graph::SiteKind::Activation && (*m_plan)[site.id].quantized() &&
                (!worst.valid() || (*m_plan)[site.id].error.sqnrDb < (*m_plan)[worst].error.sqnrDb))
                worst = site.id;
        if (worst.valid())
            select(worst);
    }
    emit planChanged();
    for (const QString& line : m_jobs->warnings.fresh(m_plan->warnings))
        emit noticed(line);
    if (m_plan.current && !(m_probe.current && !m_probe->results.empty()) && probeImages()) {
        m_probe.running = true;
        emit probeChanged();
        m_jobs->probeDelay.start();
    } else if (m_plan.current && !m_profile.current) {
        startProfile();
    }
}

void Session::startProbe()
{
    const std::shared_ptr<const ImageSet>& images = probeImages();
    if (!m_plan.current || !images)
        return;
    const std::size_t count = std::min(kProbeImages, images->size());
    m_probe.running = true;
    m_jobs->probe.start(
        [model = m_model, plan = m_plan.value, images, count, reference = m_jobs->probeReference,
         weights = m_jobs->weights](const Context& context) {
            return evaluateOn(*model, *plan, *images, count, reference, weights, context);
        },
        [this, plan = m_plan.value, images](Result<Evaluated> result) {
            m_probe.running = false;
            if (succeeded(result) && images == probeImages() && plan == m_plan.value) {
                m_probe = {result->evaluation, m_plan.current, false};
                m_jobs->probeReference = result->reference;
                recordFigures(plan->recipe, {result->evaluation, nullptr, nullptr});
                if (!m_profile.current)
                    startProfile();
            }
            emit probeChanged();
        });
    emit probeChanged();
}

void Session::startProfile()
{
    const std::shared_ptr<const ImageSet>& images = probeImages();
    if (!m_plan.current || !images)
        return;
    m_profile.running = true;
    m_jobs->profile.start(
        [model = m_model, plan = m_plan.value, images,
         weights = m_jobs->weights](const Context& context) -> Result<Profiles> {
            QS_ASSIGN(std::vector<quant::SiteProfile> found,
                      quant::accumulatedErrors(model->graph, model->sites, *plan, *images->source,
                                               std::min(kProfileImages, images->size()), weights, context));
            return std::make_shared<const std::vector<quant::SiteProfile>>(std::move(found));
        },
        [this, plan = m_plan.value](Result<Profiles> result) {
            m_profile.running = false;
            if (succeeded(result) && plan == m_plan.value) {
                m_profile = {*result, m_plan.current, false};
                recordFigures(plan->recipe, {nullptr, nullptr, *result});
            }
            emit profileChanged();
        });
    emit profileChanged();
}

void Session::evaluate()
{
    if (!need(m_model != nullptr, "Open a model first.") ||
        !need(m_testImages != nullptr, "Open test images first.") ||
        !need(m_plan && m_calibration, "Calibrate first: there are no ranges to quantize with."))
        return;
    // The plan of the present recipe may still be on its way: the job resolves for itself then.
    m_evaluation.running = true;
    emit evaluationChanged();
    m_jobs->evaluate.start(
        [model = m_model, calibration = m_calibration.value, recipe = m_recipe, plan = m_plan.value,
         images = m_testImages, reference = m_jobs->testReference,
         weights = m_jobs->weights](const Context& context) -> Result<Evaluated> {
            std::shared_ptr<const quant::Plan> present = plan;
            if (plan->recipe != recipe) {
                QS_ASSIGN(present,
                          quant::resolve(model->graph, model->sites, calibration, recipe, plan.get(), context));
            }
            QS_ASSIGN(Evaluated evaluated,
                      evaluateOn(*model, *present, *images, images->size(), reference, weights, context));
            return withHarm(std::move(evaluated), *model, *present, *images, context);
        },
        [this, recipe = m_recipe, calibration = m_calibration.value,
         images = m_testImages](Result<Evaluated> result) {
            m_evaluation.running = false;
            if (succeeded(result) && images == m_testImages && calibration == m_calibration.value) {
                m_jobs->testReference = result->reference;
                const std::string key = History::keyOf(recipe);
                m_evaluation = {result->evaluation, key == m_key, false};
                recordFigures(recipe, {nullptr, result->evaluation, nullptr});
                setModified(true);
                recallFigures(); // the present recipe may have an evaluation of its own
            }
            emit evaluationChanged();
        });
}

void Session::measureSensitivity()
{
    if (!need(m_plan.current, "Calibrate first: there are no ranges to quantize with.") ||
        !need(probeImages() != nullptr, "Open test images first."))
        return;
    m_sensitivity.running = true;
    emit sensitivityChanged();
    m_jobs->sensitivity.start(
        [model = m_model, plan = m_plan.value, images = probeImages(),
         weights = m_jobs->weights](const Context& context) -> Result<Profiles> {
            QS_ASSIGN(std::vector<quant::SiteProfile> found,
                      quant::sensitivities(model->graph, model->sites, *plan, *images->source,
                                           std::min(kProfileImages, images->size()), weights, context));
            return std::make_shared<const std::vector<quant::SiteProfile>>(std::move(found));
        },
        [this, plan = m_plan.value](Result<Profiles> result) {
            m_sensitivity.running = false;
            if (succeeded(result))
                m_sensitivity = {*result, plan == m_plan.value && m_plan.current, false};
            emit sensitivityChanged();
        });
}

void Session::exportModel(const QString& path, const onnx::ExportOptions& options, bool withOnnxRuntime)
{
    if (!need(m_plan.current, "Nothing to export yet: open a model and calibrate first."))
        return;
    m_jobs->exportModel.start(
        [model = m_model, calibration = m_calibration.value, recipe = m_recipe, plan = m_plan.value,
         images = probeImages(), options, withOnnxRuntime,
         file = std::filesystem::path(path.toStdString())](const Context& context) -> Result<ExportOutcome> {
            if (withOnnxRuntime)
                QS_CHECK(onnx::onnxRuntimeVersion(onnx::judgePython(), context.stop));
            context.progress("writing the file", 0, 1);
            // The same numbers, but the file's metadata holds the recipe with its locks.
            QS_ASSIGN(const std::shared_ptr<const quant::Plan> present,
                      quant::resolve(model->graph, model->sites, calibration, recipe, plan.get(), context));
            ExportOutcome outcome;
            QS_ASSIGN(outcome.report, onnx::exportModel(*model, *present, file, options));
            if (!images)
                return outcome;
            onnx::VerifyOptions verifying{.images = kVerifyImages};
            if (withOnnxRuntime)
                verifying.python = onnx::judgePython();
            auto verified = onnx::verifyExport(*model, *present, file, *images->source, verifying, context);
            if (verified)
                outcome.verification = *verified;
            else
                outcome.verificationError = verified.error();
            return outcome;
        },
        [this](Result<ExportOutcome> result) {
            if (succeeded(result))
                emit exported(*result);
        });
}

// --- figures -------------------------------------------------------------------------------------------------------

void Session::recordFigures(const quant::Recipe& recipe, const StateFigures& figures)
{
    const std::string key = History::keyOf(recipe);
    StateFigures known = m_history->figures(key);
    if (figures.probe)
        known.probe = figures.probe;
    if (figures.evaluation)
        known.evaluation = figures.evaluation;
    if (figures.profile)
        known.profile = figures.profile;
    m_history->setFigures(key, known);
}

void Session::recallFigures()
{
    const StateFigures known = m_history->figures(m_key);
    const auto recall = [](auto& figure, const auto& value) {
        figure.current = value != nullptr;
        if (value)
            figure.value = value;
    };
    recall(m_probe, known.probe);
    recall(m_evaluation, known.evaluation);
    recall(m_profile, known.profile);
    m_sensitivity.current = false;
}

void Session::dropFigures()
{
    m_jobs->evaluate.cancel();
    m_jobs->sensitivity.cancel();
    m_jobs->probe.cancel();
    m_jobs->profile.cancel();
    m_probe = {};
    m_evaluation = {};
    m_profile = {};
    m_sensitivity = {};
    m_history->dropFigures();
    dropSearch();
    dropHybrid();
    emitFigures();
}

void Session::emitFigures()
{
    emit probeChanged();
    emit evaluationChanged();
    emit profileChanged();
    emit sensitivityChanged();
}

} // namespace qs::ui
