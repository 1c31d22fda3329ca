#include "core/quant/evaluate.h"

#include "core/base/memory.h"
#include "core/base/stopwatch.h"
#include "core/graph/output_form.h"
#include "core/quant/class_results.h"
#include "core/quant/cost.h"
#include "core/quant/doubts.h"
#include "core/quant/preprocess_fit.h"

#include <algorithm>
#include <utility>

namespace qs::quant {

namespace {

constexpr std::size_t kKeptBytes = std::size_t{256} << 20; ///< of a float reference
constexpr std::size_t kChunkBytes = std::size_t{64} << 20; ///< of outputs that are looked at together

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

Result<tasks::ChosenTask> taskOf(const graph::Graph& graph, const EvaluationTask& task)
{
    if (task.chosen.task)
        return task.chosen;
    return tasks::makeTask({}, tasks::outputsOf(graph));
}

bool isClassification(const tasks::ChosenTask& task)
{
    return task.def->name == "classification";
}

Result<FloatReference> runFloat(const exec::Program& program, const exec::ImageSource& images, std::size_t count,
                                const Context& context)
{
    if (count == 0)
        return fail(ErrorCode::InvalidArgument, "there are no images to evaluate on");
    const Stopwatch watch;
    QS_ASSIGN(Tensor logits, exec::runImages(program, images, 0, count, context, "running the float network"));
    return FloatReference{std::make_shared<const Tensor>(std::move(logits)), watch.seconds()};
}

/// One network over images, some of them at a time.
class Pass {
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

/// The rows of both networks, a chunk of images at a time, and what is measured of them.
class Meter {
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

Result<FloatReference> floatReference(const graph::Network& network, const exec::ImageSource& images,
                                      std::size_t count, const Context& context)
{
    count = std::min(count, images.size());
    const std::size_t needed = count * rowBytes(network.graph);
    if (needed > kKeptBytes && needed > availableMemory().bytes / 2)
        return fail(ErrorCode::TooLarge, "the outputs of " + std::to_string(count) + " images take " +
                                             memoryText(needed) +
                                             "; fewer images, or one output by --output NAME, need less");
    QS_ASSIGN(const exec::Program program, compileNetwork(network, {}, nullptr, context));
    return runFloat(program, images, count, context);
}

Result<FloatReference> evaluationReference(const graph::Network& network, const exec::ImageSource& images,
                                           std::size_t count, const Context& context, const EvaluationTask& task)
{
    count = std::min(count, images.size());
    QS_ASSIGN(const tasks::ChosenTask chosen, taskOf(network.graph, task));
    const bool classes = isClassification(chosen);
    if (classes)
        QS_CHECK(checkLabels(images, count, graph::outputsPerImage(network.graph)));
    if (!classes && count * rowBytes(network.graph) > kKeptBytes)
        return FloatReference{};
    QS_ASSIGN(const exec::Program program, compileNetwork(network, {}, nullptr, context));
    QS_ASSIGN(FloatReference reference, runFloat(program, images, count, context));
    if (!classes)
        return reference;
    QS_ASSIGN(auto doubt, preprocessingDoubt(network.graph, program, images, count, *reference.logits, context));
    if (doubt)
        reference.doubts.push_back(std::move(*doubt));
    return reference;
}

Result<Evaluation> evaluate(const graph::Network& network, const Plan* plan, const exec::ImageSource& images,
                            std::size_t count, const FloatReference* reference,
                            const std::shared_ptr<exec::WeightCache>& weights, const Context& context,
                            const EvaluationTask& task)
{
    count = std::min(count, images.size());
    if (count == 0)
        return fail(ErrorCode::InvalidArgument, "there are no images to evaluate on");
    QS_ASSIGN(const tasks::ChosenTask chosen, taskOf(network.graph, task));
    if (task.truths && task.truths->size() < count)
        return fail(ErrorCode::InvalidArgument, "there are truths of " + std::to_string(task.truths->size()) +
                                                    " images, not of " + std::to_string(count));
    const int64_t width = graph::outputsPerImage(network.graph);
    Evaluation result;
    result.task = chosen.def->name;
    result.scores = isClassification(chosen);
    if (result.scores)
        QS_CHECK(checkLabels(images, count, width));

    FloatReference own;
    if (reference == nullptr) {
        QS_ASSIGN(own, evaluationReference(network, images, count, context, {chosen, task.truths}));
        reference = &own;
    }
    const Tensor* expected = reference->logits.get();
    if ((!expected && result.scores) ||
        (expected && (expected->shape().rank() != 2 || expected->shape()[1] != width ||
                      static_cast<std::size_t>(expected->shape()[0]) < count)))
        return fail(ErrorCode::InvalidArgument, "the float reference is of other images or of another model");

    result.doubts = reference->doubts;
    result.isFloat = plan == nullptr;
    result.images = count;
    result.threads = context.threads();
    addCost(network.graph, plan, result);
    for (std::size_t i = 0; i < count; ++i)
        result.results.push_back({images.name(i), {}, {}, {}, {}, {}, 0});

    const exec::OutputForm form =
        result.scores ? exec::outputForm(network.graph, *expected) : exec::OutputForm::Logits;
    std::optional<Pass> floatPass, pass;
    if (!expected) {
        QS_ASSIGN(exec::Program program, compileNetwork(network, {}, weights, context));
        floatPass.emplace(std::move(program), images, context, "running the float network", count);
    }
    if (plan) {
        QS_ASSIGN(exec::Program program, compileNetwork(network, plan->simulation, weights, context));
        pass.emplace(std::move(program), images, context, "evaluating", count);
    }
    // Class scores are few; they are looked at together.
    const auto least = static_cast<std::size_t>(network.graph.batch()) * static_cast<std::size_t>(context.threads());
    std::size_t chunk = std::max(kChunkBytes / rowBytes(network.graph) / least, std::size_t{1}) * least;
    if (result.scores)
        chunk = count;
    Meter meter(chosen, images, task.truths.get(), result);
    for (std::size_t first = 0; first < count; first += chunk) {
        const std::size_t part = std::min(chunk, count - first);
        Tensor floatRows;
        if (floatPass) {
            QS_ASSIGN(floatRows, floatPass->rows(first, part));
        }
        const auto floatRow = [&](std::size_t i) {
            return floatPass ? rowOf(floatRows, i) : rowOf(*expected, first + i);
        };
        Tensor rows;
        if (pass) {
            QS_ASSIGN(rows, pass->rows(first, part));
        }
        const auto row = [&](std::size_t i) { return pass ? rowOf(rows, i) : floatRow(i); };
        if (first == 0)
            for (Doubt& doubt : chosen.task->assumed(floatRow(0)))
                result.doubts.push_back(std::move(doubt));
        if (result.scores) {
            const Tensor floatLogits = exec::asLogits(*expected, form);
            const Tensor logits = pass ? exec::asLogits(rows, form) : floatLogits;
            addClassResults(images, count, floatLogits, logits, result);
            for (std::size_t i = 0; i < part; ++i)
                QS_CHECK(meter.add(i, floatRow(i), row(i), rowOf(floatLogits, i), rowOf(logits, i)));
            continue;
        }
        for (std::size_t i = 0; i < part; ++i)
            QS_CHECK(meter.add(first + i, floatRow(i), row(i), floatRow(i), row(i)));
    }
    meter.finish();
    // A float reference of more images than these took its time for all of them.
    result.seconds =
        pass        ? pass->seconds()
        : floatPass ? floatPass->seconds()
                    : reference->seconds * static_cast<double>(count) / static_cast<double>(expected->shape()[0]);
    result.imagesPerSecond = result.seconds > 0 ? static_cast<double>(count) / result.seconds : 0;
    if (auto doubt = outputDoubt(form))
        result.doubts.push_back(std::move(*doubt));
    return result;
}

} // namespace qs::quant
