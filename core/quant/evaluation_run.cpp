#include "core/quant/evaluation_run.h"

#include "core/base/stopwatch.h"
#include "core/exec/run_images.h"
#include "core/graph/output_form.h"
#include "core/quant/class_results.h"
#include "core/quant/cost.h"
#include "core/quant/doubts.h"

#include <algorithm>
#include <utility>

namespace qs::quant {

namespace {

constexpr std::size_t kChunkBytes = std::size_t{64} << 20; ///< of outputs that are looked at together

std::span<const float> rowOf(const Tensor& rows, std::size_t i)
{
    const auto width = static_cast<std::size_t>(rows.shape()[1]);
    return rows.floats().subspan(i * width, width);
}

void addCost(const graph::Graph& graph, const Plan* plan, Evaluation& result)
{
    if (plan) {
        result.preset = plan->recipe.preset;
        result.coverage = plan->recipe.coverage;
        result.meanWeightBits = plan->meanWeightBits;
        result.meanActivationBits = plan->meanActivationBits;
        result.modelBytes = plan->modelBytes;
        result.bops = plan->bops;
        return;
    }
    const Cost cost = costOfFloat(graph);
    result.modelBytes = cost.modelBytes;
    result.bops = cost.bops;
}

} // namespace

class EvaluationRun::Pass {
public:
    Pass(exec::Program program, const exec::ImageSource& images, const Context& context, std::string_view stage,
         std::size_t total)
        : m_program(std::move(program)), m_images(images), m_context(context), m_stage(stage), m_total(total)
    {
    }

    Result<Tensor> rows(std::size_t first, std::size_t count)
    {
        Context part = m_context;
        if (m_context.report)
            part.report = [&](const Progress& progress) {
                m_context.progress(m_stage, first + progress.done, m_total);
            };
        const Stopwatch watch;
        auto rows = exec::runImages(m_program, m_images, first, count, part, m_stage);
        m_seconds += watch.seconds();
        return rows;
    }
    double seconds() const { return m_seconds; }

private:
    exec::Program m_program;
    const exec::ImageSource& m_images;
    const Context& m_context;
    std::string_view m_stage;
    std::size_t m_total;
    double m_seconds = 0;
};

class EvaluationRun::Meter {
public:
    Meter(const tasks::ChosenTask& task, const exec::ImageSource& images, const tasks::TruthSource* truths,
          Evaluation& evaluation)
        : m_task(*task.task), m_images(images), m_truths(truths), m_evaluation(evaluation),
          m_measurement(task.task->measure()), m_differences(task.task->outputs().layout)
    {
    }

    /// compared: rows as the task sees them (logits of what are probabilities); row, floatRow: as the network gives.
    Result<void> add(std::size_t image, std::span<const float> floatRow, std::span<const float> row,
                     std::span<const float> floatCompared, std::span<const float> compared)
    {
        m_differences.add(floatRow, row);
        if (!m_evaluation.isFloat && !m_evaluation.scores)
            m_loss += m_task.loss(floatCompared, compared, {});
        tasks::Truth truth;
        if (m_truths) {
            QS_ASSIGN(truth, m_truths->of(image));
        } else if (const auto label = m_images.label(image)) {
            truth = *label;
        }
        auto added = m_measurement->add(truth, floatCompared, compared);
        if (!added && added.error().where.empty())
            added.error().where = m_images.name(image);
        return added;
    }

    void finish()
    {
        tasks::Measured measured = m_measurement->finish();
        m_evaluation.figures = std::move(measured.figures);
        m_evaluation.outputs = m_differences.finish();
        for (Doubt& doubt : measured.doubts)
            m_evaluation.doubts.push_back(std::move(doubt));
        for (std::size_t i = 0; i < m_evaluation.results.size() && i < measured.changed.size(); ++i)
            m_evaluation.results[i].changed = measured.changed[i];
        if (m_evaluation.scores)
            return; // by addClassResults, of logits
        m_evaluation.taskLoss = m_loss / static_cast<double>(m_evaluation.images);
        const tasks::OutputDifference all = m_differences.all();
        m_evaluation.cosine = all.cosine;
        m_evaluation.maxDifference = all.maxAbs;
        m_evaluation.logitSqnrDb = all.sqnrDb;
        m_evaluation.relativeError = m_differences.relativeError();
    }

private:
    const tasks::Task& m_task;
    double m_loss = 0;
    const exec::ImageSource& m_images;
    const tasks::TruthSource* m_truths;
    Evaluation& m_evaluation;
    std::unique_ptr<tasks::Measurement> m_measurement;
    tasks::OutputDifferences m_differences;
};

EvaluationRun::EvaluationRun(const EvaluationSubject& subject, const Context& context)
    : m_subject(subject), m_context(context)
{
    m_result.task = subject.task.def->name;
    m_result.scores = subject.task.def->ofClasses;
    m_result.doubts = subject.reference.doubts;
    m_result.isFloat = subject.plan == nullptr;
    m_result.images = subject.count;
    m_result.threads = context.threads();
    addCost(subject.network.graph, subject.plan, m_result);
    for (std::size_t i = 0; i < subject.count; ++i)
        m_result.results.push_back({subject.images.name(i), {}, {}, {}, {}, {}, 0});
    m_form = m_result.scores ? exec::outputForm(subject.network.graph, *subject.reference.logits)
                             : exec::OutputForm::Logits;
}

EvaluationRun::~EvaluationRun() = default;

Result<void> EvaluationRun::prepare(const std::shared_ptr<exec::WeightCache>& weights)
{
    const auto pass = [&](const exec::Simulation& simulation, const char* stage) -> Result<std::unique_ptr<Pass>> {
        QS_ASSIGN(exec::Program program, compileNetwork(m_subject.network, simulation, weights, m_context));
        return std::make_unique<Pass>(std::move(program), m_subject.images, m_context, stage, m_subject.count);
    };
    if (!m_subject.reference.logits) {
        QS_ASSIGN(m_float, pass({}, "running the float network"));
    }
    if (m_subject.plan) {
        QS_ASSIGN(m_quantized, pass(m_subject.plan->simulation, "evaluating"));
    }
    return {};
}

std::size_t EvaluationRun::chunk() const
{
    if (m_result.scores)
        return m_subject.count; // class scores are few
    const auto least =
        static_cast<std::size_t>(m_subject.network.graph.batch()) * static_cast<std::size_t>(m_context.threads());
    return std::max(kChunkBytes / rowBytes(m_subject.network.graph) / least, std::size_t{1}) * least;
}

Result<void> EvaluationRun::measure(Meter& meter, std::size_t first, std::size_t count)
{
    Tensor floatRows = m_subject.reference.logits ? *m_subject.reference.logits : Tensor();
    const std::size_t before = m_float ? 0 : first; // rows of the reference that come before
    if (m_float) {
        QS_ASSIGN(floatRows, m_float->rows(first, count));
    }
    Tensor rows = floatRows;
    if (m_quantized) {
        QS_ASSIGN(rows, m_quantized->rows(first, count));
    }
    const std::size_t skipped = m_quantized ? 0 : before;
    if (first == 0) {
        for (Doubt& doubt : m_subject.task.task->assumed(rowOf(floatRows, 0)))
            m_result.doubts.push_back(std::move(doubt));
        if (m_quantized && m_subject.task.task->outputs().placesChosen)
            m_result.doubts.push_back(placesDoubt());
    }
    Tensor floatCompared = floatRows, compared = rows;
    if (m_result.scores) {
        floatCompared = exec::asLogits(floatRows, m_form);
        compared = m_quantized ? exec::asLogits(rows, m_form) : floatCompared;
        addClassResults(m_subject.images, count, floatCompared, compared, m_result);
    }
    for (std::size_t i = 0; i < count; ++i)
        QS_CHECK(meter.add(first + i, rowOf(floatRows, before + i), rowOf(rows, skipped + i),
                           rowOf(floatCompared, before + i), rowOf(compared, skipped + i)));
    return {};
}

double EvaluationRun::seconds() const
{
    if (m_quantized || m_float)
        return (m_quantized ? m_quantized : m_float)->seconds();
    // A float reference of more images than these took its time for all of them.
    return m_subject.reference.seconds * static_cast<double>(m_subject.count) /
           static_cast<double>(m_subject.reference.logits->shape()[0]);
}

Result<Evaluation> EvaluationRun::run()
{
    Meter meter(m_subject.task, m_subject.images, m_subject.truths, m_result);
    const std::size_t step = chunk();
    for (std::size_t first = 0; first < m_subject.count; first += step)
        QS_CHECK(measure(meter, first, std::min(step, m_subject.count - first)));
    meter.finish();
    m_result.seconds = seconds();
    m_result.imagesPerSecond = m_result.seconds > 0 ? static_cast<double>(m_subject.count) / m_result.seconds : 0;
    if (auto doubt = outputDoubt(m_form))
        m_result.doubts.push_back(std::move(*doubt));
    return std::move(m_result);
}

Result<exec::Program> compileNetwork(const graph::Network& network, const exec::Simulation& simulation,
                                     const std::shared_ptr<exec::WeightCache>& weights, const Context& context)
{
    exec::Program::Options options;
    options.weights = weights;
    options.execution = context.execution;
    return exec::Program::compile(network, simulation, options);
}

std::size_t rowBytes(const graph::Graph& graph)
{
    return static_cast<std::size_t>(graph::outputsPerImage(graph)) * sizeof(float);
}

} // namespace qs::quant
