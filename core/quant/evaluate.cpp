#include "core/quant/evaluate.h"

#include "core/base/memory.h"
#include "core/base/stopwatch.h"
#include "core/exec/run_images.h"
#include "core/graph/output_form.h"
#include "core/quant/class_results.h"
#include "core/quant/evaluation_run.h"
#include "core/quant/preprocess_fit.h"

#include <algorithm>
#include <utility>

namespace qs::quant {

namespace {

constexpr std::size_t kKeptBytes = std::size_t{256} << 20; ///< of a float reference

Result<tasks::ChosenTask> taskOf(const graph::Graph& graph, const EvaluationTask& task)
{
    if (task.chosen.task)
        return task.chosen;
    return tasks::makeTask({}, tasks::outputsOf(graph));
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
    const bool classes = chosen.def->ofClasses;
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
    const bool scores = chosen.def->ofClasses;
    if (scores)
        QS_CHECK(checkLabels(images, count, width));

    FloatReference own;
    if (reference == nullptr) {
        QS_ASSIGN(own, evaluationReference(network, images, count, context, {chosen, task.truths}));
        reference = &own;
    }
    const Tensor* expected = reference->logits.get();
    if ((!expected && scores) || (expected && (expected->shape().rank() != 2 || expected->shape()[1] != width ||
                                               static_cast<std::size_t>(expected->shape()[0]) < count)))
        return fail(ErrorCode::InvalidArgument, "the float reference is of other images or of another model");

    EvaluationRun run({network, plan, images, count, *reference, chosen, task.truths.get()}, context);
    QS_CHECK(run.prepare(weights));
    return run.run();
}

} // namespace qs::quant
