#include "core/quant/class_results.h"

#include "core/quant/doubts.h"
#include "core/quant/logits.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace qs::quant {

namespace {

constexpr std::size_t kTop = 5;

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

void addClassResults(const exec::ImageSource& images, std::size_t count, const Tensor& floatLogits,
                     const Tensor& logits, Evaluation& evaluation)
{
    const auto difference = compareLogits(floatLogits, logits, count);
    evaluation.cosine = difference.cosine;
    evaluation.relativeError = difference.relativeError;
    evaluation.maxDifference = difference.maxDifference;
    evaluation.logitSqnrDb = difference.sqnrDb;
    evaluation.klDivergence = difference.klDivergence;

    const auto width = static_cast<std::size_t>(logits.shape()[1]);
    Hits hits;
    Hits floatHits;
    std::size_t lost = 0;
    std::size_t gained = 0;
    std::size_t agreed = 0;
    std::vector<std::optional<int>> labels;
    for (std::size_t i = 0; i < count; ++i) {
        const auto row = logits.floats().subspan(i * width, width);
        const auto floatRow = floatLogits.floats().subspan(i * width, width);
        ImageResult& image = evaluation.results[i];
        image.label = images.label(i);
        labels.push_back(image.label);
        image.top5 = topClasses(row, kTop);
        image.top5Probability = probabilitiesOf(row, image.top5);
        image.floatTop5 = evaluation.isFloat ? image.top5 : topClasses(floatRow, kTop);
        image.floatTop5Probability =
            evaluation.isFloat ? image.top5Probability : probabilitiesOf(floatRow, image.floatTop5);
        agreed += image.flipped() ? 0 : 1;
        if (!image.label)
            continue;
        ++evaluation.labelled;
        hits.add(image.top5, *image.label);
        floatHits.add(image.floatTop5, *image.label);
        const bool right = image.top5.front() == *image.label;
        const bool floatRight = image.floatTop5.front() == *image.label;
        lost += floatRight && !right ? 1 : 0;
        gained += right && !floatRight ? 1 : 0;
    }
    evaluation.agreement = static_cast<double>(agreed) / static_cast<double>(count);
    if (const auto labelled = static_cast<double>(evaluation.labelled); labelled > 0) {
        evaluation.top1 = static_cast<double>(hits.first) / labelled;
        evaluation.top5 = static_cast<double>(hits.five) / labelled;
        evaluation.floatTop1 = static_cast<double>(floatHits.first) / labelled;
        evaluation.floatTop5 = static_cast<double>(floatHits.five) / labelled;
        evaluation.lost = lost;
        evaluation.gained = gained;
    }
    if (auto doubt = labelShift(floatLogits, labels))
        evaluation.doubts.push_back(std::move(*doubt));
}

} // namespace qs::quant
