#include "core/quant/evaluate.h"

#include "core/base/stopwatch.h"
#include "core/graph/output_form.h"
#include "core/quant/cost.h"
#include "core/quant/doubts.h"
#include "core/quant/logits.h"
#include "core/quant/preprocess_fit.h"

#include <algorithm>
#include <utility>

namespace qs::quant {

namespace {

constexpr std::size_t kTop = 5;

struct Pass {
    Tensor logits;
    double seconds = 0;
};

Result<exec::Program> compileNetwork(const graph::Graph& graph, const graph::SiteTable& sites,
                                     const exec::Simulation& simulation,
                                     const std::shared_ptr<exec::WeightCache>& weights, const Context& context)
{
    exec::Program::Options options;
    options.weights = weights;
    options.execution = context.execution;
    return exec::Program::compile(graph, sites, simulation, options);
}

Result<Pass> runNetwork(const exec::Program& program, const exec::ImageSource& images, std::size_t count,
                        const Context& context, std::string_view stage)
{
    const Stopwatch watch;
    Pass pass;
    QS_ASSIGN(pass.logits, exec::runImages(program, images, 0, count, context, stage));
    pass.seconds = watch.seconds();
    return pass;
}

Result<FloatReference> runFloat(const exec::Program& program, const exec::ImageSource& images, std::size_t count,
                                const Context& context)
{
    if (count == 0)
        return fail(ErrorCode::InvalidArgument, "there are no images to evaluate on");
    QS_ASSIGN(Pass pass, runNetwork(program, images, count, context, "running the float network"));
    return FloatReference{std::make_shared<const Tensor>(std::move(pass.logits)), pass.seconds};
}

Result<void> checkLabels(const exec::ImageSource& images, std::size_t count, int64_t classes)
{
    for (std::size_t i = 0; i < count; ++i)
        if (const auto label = images.label(i); label && (*label < 0 || *label >= classes))
            return fail(ErrorCode::InvalidArgument,
                        "the label " + std::to_string(*label) + " is outside the model's " + std::to_string(classes) +
                            " classes",
                        images.name(i));
    return {};
}

std::vector<float> probabilitiesOf(std::span<const float> logits, const std::vector<int>& classes)
{
    const auto all = softmax(logits);
    std::vector<float> result;
    result.reserve(classes.size());
    for (const int c : classes)
        result.push_back(static_cast<float>(all[static_cast<std::size_t>(c)]));
    return result;
}

/// Top-1 and top-5 hits among labelled images.
struct Hits {
    std::size_t first = 0;
    std::size_t five = 0;
    void add(const std::vector<int>& top, int label)
    {
        first += top.front() == label ? 1 : 0;
        five += std::ranges::find(top, label) != top.end() ? 1 : 0;
    }
};

} // namespace

Result<FloatReference> floatReference(const graph::Graph& graph, const graph::SiteTable& sites,
                                      const exec::ImageSource& images, std::size_t count, const Context& context)
{
    QS_ASSIGN(const exec::Program program, compileNetwork(graph, sites, {}, nullptr, context));
    return runFloat(program, images, std::min(count, images.size()), context);
}

Result<FloatReference> evaluationReference(const graph::Graph& graph, const graph::SiteTable& sites,
                                           const exec::ImageSource& images, std::size_t count, const Context& context)
{
    count = std::min(count, images.size());
    if (graph::givesScores(graph))
        QS_CHECK(checkLabels(images, count, graph::outputsPerImage(graph)));
    QS_ASSIGN(const exec::Program program, compileNetwork(graph, sites, {}, nullptr, context));
    QS_ASSIGN(FloatReference reference, runFloat(program, images, count, context));
    if (!graph::givesScores(graph))
        return reference;
    QS_ASSIGN(auto doubt, preprocessingDoubt(graph, program, images, count, *reference.logits, context));
    if (doubt)
        reference.doubts.push_back(std::move(*doubt));
    return reference;
}

Result<Evaluation> evaluate(const graph::Graph& graph, const graph::SiteTable& sites, const Plan* plan,
                            const exec::ImageSource& images, std::size_t count, const FloatReference* reference,
                            const std::shared_ptr<exec::WeightCache>& weights, const Context& context)
{
    count = std::min(count, images.size());
    if (count == 0)
        return fail(ErrorCode::InvalidArgument, "there are no images to evaluate on");
    const bool scores = graph::givesScores(graph);
    const int64_t classes = graph::outputsPerImage(graph);
    if (scores)
        QS_CHECK(checkLabels(images, count, classes));

    FloatReference own;
    if (reference == nullptr) {
        QS_ASSIGN(own, evaluationReference(graph, sites, images, count, context));
        reference = &own;
    }
    const Tensor& expected = *reference->logits;
    if (expected.shape().rank() != 2 || expected.shape()[1] != classes ||
        static_cast<std::size_t>(expected.shape()[0]) < count)
        return fail(ErrorCode::InvalidArgument, "the float reference is of other images or of another model");

    Pass pass{expected, reference->seconds};
    if (plan) {
        QS_ASSIGN(const exec::Program program, compileNetwork(graph, sites, plan->simulation, weights, context));
        QS_ASSIGN(pass, runNetwork(program, images, count, context, "evaluating"));
    }

    Evaluation result;
    result.doubts = reference->doubts;
    result.isFloat = plan == nullptr;
    result.images = count;
    result.seconds = pass.seconds;
    // A float reference of more images than these took its time for all of them.
    if (!plan)
        result.seconds *= static_cast<double>(count) / static_cast<double>(expected.shape()[0]);
    result.imagesPerSecond = result.seconds > 0 ? static_cast<double>(count) / result.seconds : 0;
    result.threads = context.threads();
    if (plan) {
        result.preset = plan->recipe.preset;
        result.coverage = plan->recipe.coverage;
        result.meanWeightBits = plan->meanWeightBits;
        result.meanActivationBits = plan->meanActivationBits;
        result.modelBytes = plan->modelBytes;
        result.bops = plan->bops;
    } else {
        const Cost cost = costOfFloat(graph);
        result.modelBytes = cost.modelBytes;
        result.bops = cost.bops;
    }
    const exec::OutputForm form = scores ? exec::outputForm(graph, expected) : exec::OutputForm::Logits;
    const Tensor floatLogits = exec::asLogits(expected, form);
    const Tensor logits = exec::asLogits(pass.logits, form);
    const auto difference = compareLogits(floatLogits, logits, count, scores);
    result.scores = scores;
    result.cosine = difference.cosine;
    result.relativeError = difference.relativeError;
    result.maxDifference = difference.maxDifference;
    result.logitSqnrDb = difference.sqnrDb;
    result.klDivergence = difference.klDivergence;

    Hits hits;
    Hits floatHits;
    std::size_t lost = 0;
    std::size_t gained = 0;
    std::size_t agreed = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto width = static_cast<std::size_t>(classes);
        const auto row = logits.floats().subspan(i * width, width);
        const auto floatRow = floatLogits.floats().subspan(i * width, width);
        ImageResult image;
        image.name = images.name(i);
        if (!scores) {
            result.results.push_back(std::move(image));
            continue;
        }
        image.label = images.label(i);
        image.top5 = topClasses(row, kTop);
        image.top5Probability = probabilitiesOf(row, image.top5);
        image.floatTop5 = plan ? topClasses(floatRow, kTop) : image.top5;
        image.floatTop5Probability = plan ? probabilitiesOf(floatRow, image.floatTop5) : image.top5Probability;
        agreed += image.flipped() ? 0 : 1;
        if (image.label) {
            ++result.labelled;
            hits.add(image.top5, *image.label);
            floatHits.add(image.floatTop5, *image.label);
            const bool right = image.top5.front() == *image.label;
            const bool floatRight = image.floatTop5.front() == *image.label;
            lost += floatRight && !right ? 1 : 0;
            gained += right && !floatRight ? 1 : 0;
        }
        result.results.push_back(std::move(image));
    }
    result.agreement = scores ? static_cast<double>(agreed) / static_cast<double>(count) : 1;
    if (const auto labelled = static_cast<double>(result.labelled); labelled > 0) {
        result.top1 = static_cast<double>(hits.first) / labelled;
        result.top5 = static_cast<double>(hits.five) / labelled;
        result.floatTop1 = static_cast<double>(floatHits.first) / labelled;
        result.floatTop5 = static_cast<double>(floatHits.five) / labelled;
        result.lost = lost;
        result.gained = gained;
    }
    std::vector<std::optional<int>> labels;
    for (const ImageResult& image : result.results)
        labels.push_back(image.label);
    if (auto doubt = outputDoubt(form))
        result.doubts.push_back(std::move(*doubt));
    if (auto doubt = labelShift(floatLogits, labels))
        result.doubts.push_back(std::move(*doubt));
    return result;
}

} // namespace qs::quant
