#include "widgets/model/figures.h"
#include "core/quant/profiles.h"
#include "core/quant/resolve.h"

#include "widgets/model/document.h"
#include "widgets/model/jobs.h"
#include "widgets/model/messages.h"
#include "widgets/model/plans.h"

#include <algorithm>
#include <utility>

namespace qs::ui {

Figures::Figures(Document& document, const Plans& plans, Jobs& jobs, Messages& messages, QObject* parent)
    : QObject(parent), m_document(document), m_plans(plans), m_messages(messages),
      m_evaluate(jobs.runner(), Lane::User), m_runProbe(jobs.runner(), Lane::Background),
      m_measure(jobs.runner(), Lane::User), m_runProfile(jobs.runner(), Lane::Background)
{
    jobs.show(m_evaluate, JobKind::Evaluate, QT_TR_NOOP("Evaluating the test images"));
    jobs.show(m_measure, JobKind::Sensitivity, QT_TR_NOOP("Measuring sensitivity, one site at a time"));
    jobs.show(m_runProbe, JobKind::Probe, QT_TR_NOOP("Probe"));
    jobs.show(m_runProfile, JobKind::Profile, QT_TR_NOOP("Accumulated error"));
    m_probeDelay.setSingleShot(true);
    m_probeDelay.setInterval(120);
    connect(&m_probeDelay, &QTimer::timeout, this, &Figures::startProbe);
    connect(&jobs, &Jobs::backgroundCancelled, this, [this] {
        m_probeDelay.stop();
        emit probeChanged();
    });
    connect(&document, &Document::imagesChanged, this, &Figures::originsChanged);
    connect(&document, &Document::calibrationReplaced, this, &Figures::originsChanged);
    connect(&document, &Document::recipeChanged, this, &Figures::recipeChanged);
    connect(&plans, &Plans::planChanged, this, &Figures::planChanged);
}

Figures::~Figures() = default;

// --- values --------------------------------------------------------------------------------------------------------

project::Origin Figures::now(const project::Origin& origin) const
{
    project::Origin present = origin;
    present.recipe = m_document.recipeKey();
    return present;
}

Figure<quant::Evaluation> Figures::evaluation() const
{
    return seen(m_evaluation, now(m_evaluationOrigin), m_evaluate.running());
}

Figure<quant::Evaluation> Figures::probe() const
{
    return seen(m_probe, now(m_probeOrigin), m_runProbe.running() || m_probeDelay.isActive());
}

Figure<quant::Evaluation> Figures::best() const
{
    const auto full = evaluation();
    const auto quick = probe();
    return full.current || (full && !quick.current) ? full : quick;
}

Figure<Figures::Profiles> Figures::profile() const
{
    return seen(m_profile, now(m_profileOrigin), m_runProfile.running());
}

Figure<Figures::Profiles> Figures::sensitivity() const
{
    return seen(m_sensitivity, now(m_profileOrigin), m_measure.running());
}

const quant::SiteProfile* Figures::find(const Figure<Profiles>& table, SiteId site)
{
    if (!table)
        return nullptr;
    const auto found = std::ranges::find(*table.value, site, &quant::SiteProfile::site);
    return found == table.value->end() ? nullptr : &*found;
}

Figures::OfState Figures::ofState(const std::string& recipeKey) const
{
    const StateFigures& known = m_document.history().figures(recipeKey);
    const auto of = [&recipeKey](project::Origin origin) {
        origin.recipe = recipeKey;
        return origin;
    };
    if (known.evaluation.current(of(m_evaluationOrigin)))
        return {known.evaluation.value, true};
    if (known.probe.current(of(m_probeOrigin)))
        return {known.probe.value, false};
    return {};
}

// --- what follows from changes -------------------------------------------------------------------------------------

void Figures::originsChanged()
{
    const std::shared_ptr<const ImageSet>& images = m_document.probeImages();
    const std::shared_ptr<const ImageSet>& test = m_document.testImages();
    const project::Origin evaluation = m_document.originOn(test, test ? test->size() : 0);
    const project::Origin probe = m_document.originOn(images, kProbeImages);
    const project::Origin profile = m_document.originOn(images, kProfileImages);
    if (evaluation == m_evaluationOrigin && probe == m_probeOrigin && profile == m_profileOrigin)
        return;
    cancelAll();
    m_evaluationOrigin = evaluation;
    m_probeOrigin = probe;
    m_profileOrigin = profile;
    recall();
    announce();
    planChanged();
}

void Figures::recipeChanged()
{
    if (std::exchange(m_seenKey, m_document.recipeKey()) == m_document.recipeKey()) // a lock, say
        return;
    m_probeDelay.stop();
    m_runProbe.cancel();
    m_runProfile.cancel();
    recall();
    announce();
}

void Figures::planChanged()
{
    if (!m_plans.plan().current) {
        m_probeDelay.stop();
        m_runProbe.cancel();
        m_runProfile.cancel();
        return;
    }
    const Figure<quant::Evaluation> known = probe();
    if (!m_document.probeImages())
        return;
    if (!known.current || known->results.empty()) { // a session file keeps no results of single images
        m_probeDelay.start();
        emit probeChanged();
    } else if (!profile().current) {
        startProfile();
    }
}

void Figures::cancelAll()
{
    m_probeDelay.stop();
    m_evaluate.cancel();
    m_measure.cancel();
    m_runProbe.cancel();
    m_runProfile.cancel();
}

void Figures::recall()
{
    const StateFigures& known = m_document.history().figures(m_document.recipeKey());
    if (known.probe.current(now(m_probeOrigin)))
        m_probe = known.probe;
    if (known.evaluation.current(now(m_evaluationOrigin)))
        m_evaluation = known.evaluation;
    if (known.profile.current(now(m_profileOrigin)))
        m_profile = known.profile;
}

template <class T>
void Figures::record(const project::Kept<T>& kept, project::Kept<T> StateFigures::*place)
{
    StateFigures known = m_document.history().figures(kept.origin.recipe);
    known.*place = kept;
    m_document.history().setFigures(kept.origin.recipe, known);
}

void Figures::restart()
{
    cancelAll();
    m_probe = {};
    m_evaluation = {};
    m_profile = {};
    m_sensitivity = {};
    m_probeOrigin = m_evaluationOrigin = m_profileOrigin = {};
    m_testReference = m_probeReference = {};
    m_weights = exec::makeWeightCache();
    // Of another model or calibration, a session that is opened again has figures that are shown greyed.
    const StateFigures& known = m_document.history().figures(m_document.recipeKey());
    m_probe = known.probe;
    m_evaluation = known.evaluation;
}

void Figures::announce()
{
    emit probeChanged();
    emit evaluationChanged();
    emit profileChanged();
    emit sensitivityChanged();
}

// --- jobs ----------------------------------------------------------------------------------------------------------

void Figures::startProbe()
{
    const Figure<quant::Plan> plan = m_plans.plan();
    const std::shared_ptr<const ImageSet> images = m_document.probeImages();
    if (!plan.current || !images)
        return;
    m_runProbe.start(
        [model = m_document.model(), plan = plan.value, images, reference = m_probeReference.of(images),
         weights = m_weights, task = m_document.task()](const Context& context) {
            return evaluateOn(*model, *plan, *images, std::min(kProbeImages, images->size()), reference, weights,
                              task, context);
        },
        [this, images, origin = now(m_probeOrigin)](Result<Evaluated> result) {
            if (m_messages.succeeded(result)) {
                m_probe = {result->evaluation, origin};
                m_probeReference = {images, result->reference};
                record(m_probe, &StateFigures::probe);
                if (m_plans.plan().current && !profile().current)
                    startProfile();
            }
            emit probeChanged();
        });
    emit probeChanged();
}

void Figures::startProfile()
{
    const Figure<quant::Plan> plan = m_plans.plan();
    const std::shared_ptr<const ImageSet> images = m_document.probeImages();
    if (!plan.current || !images)
        return;
    m_runProfile.start(
        [model = m_document.model(), plan = plan.value, images,
         weights = m_weights](const Context& context) -> Result<std::shared_ptr<const Profiles>> {
            QS_ASSIGN(Profiles found,
                      quant::accumulatedErrors(*model, *plan, *images->source,
                                               std::min(kProfileImages, images->size()), weights, context));
            return std::make_shared<const Profiles>(std::move(found));
        },
        [this, origin = now(m_profileOrigin)](Result<std::shared_ptr<const Profiles>> result) {
            if (m_messages.succeeded(result)) {
                m_profile = {*result, origin};
                record(m_profile, &StateFigures::profile);
            }
            emit profileChanged();
        });
    emit profileChanged();
}

void Figures::evaluate()
{
    const std::shared_ptr<const onnx::Model> model = m_document.model();
    const std::shared_ptr<const ImageSet> images = m_document.testImages();
    const Figure<quant::Plan> known = m_plans.plan();
    if (!m_messages.need(model != nullptr, tr("Open a model first.")) ||
        !m_messages.need(images != nullptr, tr("Open test images first.")) ||
        !m_messages.need(known && m_document.calibration(),
                         tr("Calibrate first: there are no ranges to quantize with.")))
        return;
    // The plan of the present recipe may still be on its way: the job resolves for itself then.
    m_evaluate.start(
        [model, images, calibration = m_document.calibration(), recipe = m_document.recipe(), plan = known.value,
         current = known.current, reference = m_testReference.of(images), weights = m_weights,
         task = m_document.task()](const Context& context) -> Result<Evaluated> {
            std::shared_ptr<const quant::Plan> present = plan;
            if (!current || plan->recipe != recipe) {
                QS_ASSIGN(present, quant::resolve(*model, calibration, recipe, plan.get(), context));
            }
            QS_ASSIGN(Evaluated evaluated,
                      evaluateOn(*model, *present, *images, images->size(), reference, weights, task, context));
            return withHarm(std::move(evaluated), *model, *present, *images, task, context);
        },
        [this, images, origin = now(m_evaluationOrigin)](Result<Evaluated> result) {
            if (m_messages.succeeded(result)) {
                m_testReference = {images, result->reference};
                m_evaluation = {result->evaluation, origin};
                record(m_evaluation, &StateFigures::evaluation);
                recall(); // the present recipe may have an evaluation of its own
                m_document.touch();
            }
            emit evaluationChanged();
        });
    emit evaluationChanged();
}

void Figures::measureSensitivity()
{
    const Figure<quant::Plan> plan = m_plans.plan();
    const std::shared_ptr<const ImageSet> images = m_document.probeImages();
    if (!m_messages.need(plan.current, tr("Calibrate first: there are no ranges to quantize with.")) ||
        !m_messages.need(images != nullptr, tr("Open test images first.")))
        return;
    m_measure.start(
        [model = m_document.model(), plan = plan.value, images, weights = m_weights,
         task = m_document.task()](const Context& context) -> Result<std::shared_ptr<const Profiles>> {
            QS_ASSIGN(Profiles found,
                      quant::sensitivities(*model, *plan, *images->source, std::min(kProfileImages, images->size()),
                                           weights, context, task.chosen));
            return std::make_shared<const Profiles>(std::move(found));
        },
        [this, origin = now(m_profileOrigin)](Result<std::shared_ptr<const Profiles>> result) {
            if (m_messages.succeeded(result))
                m_sensitivity = {*result, origin};
            emit sensitivityChanged();
        });
    emit sensitivityChanged();
}

} // namespace qs::ui
