// Losses of tasks: 0 at equality, derivatives by differences, values that were worked out by hand.
#include "core/exec/losses.h"
#include "core/tasks/losses.h"
#include "core/tasks/task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace qs::tasks {
namespace {

std::vector<float> randomRow(std::size_t size, uint32_t seed, float scale = 1)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, scale);
    std::vector<float> row(size);
    std::ranges::generate(row, [&] { return normal(random); });
    return row;
}

using Loss = std::function<double(std::span<const float>, std::span<const float>, std::span<float>)>;

/// Central differences in float values, compared to a hundredth of the largest derivative.
void expectDerivative(const Loss& loss, const std::vector<float>& reference, std::vector<float> row)
{
    std::vector<float> gradient(row.size(), 0);
    EXPECT_NEAR(loss(reference, row, gradient), loss(reference, row, {}), 1e-12);
    double largest = 0;
    for (const float g : gradient)
        largest = std::max(largest, std::abs(static_cast<double>(g)));
    ASSERT_GT(largest, 0);
    for (std::size_t i = 0; i < row.size(); ++i) {
        const float was = row[i], step = 1e-2F;
        row[i] = was + step;
        const double above = loss(reference, row, {});
        row[i] = was - step;
        const double below = loss(reference, row, {});
        row[i] = was;
        EXPECT_NEAR(gradient[i], (above - below) / (2.0 * step), 0.01 * largest) << i;
    }
    std::vector<float> none(row.size(), 0);
    EXPECT_EQ(loss(row, row, none), 0);
    EXPECT_EQ(std::ranges::count(none, 0.0F), static_cast<std::ptrdiff_t>(none.size()));
}

TEST(Losses, DerivativesAreThoseOfTheValues)
{
    const auto r = randomRow(24, 1), z = randomRow(24, 2);
    expectDerivative([](auto a, auto b, auto g) { return exec::klByPosition(a, b, 6, 4, 4, 1, g); }, r, z);
    expectDerivative([](auto a, auto b, auto g) { return exec::klByPosition(a, b, 6, 4, 1, 6, g, 3); }, r, z);
    expectDerivative([](auto a, auto b, auto g) { return binaryKl(a, b, g); }, r, z);
    expectDerivative([](auto a, auto b, auto g) { return exec::relativeError(a, b, g, 0.5); }, r, z);
    expectDerivative([](auto a, auto b, auto g) { return cosineDistance(a, b, 8, g); }, r, z);
}

TEST(Losses, OfProbabilitiesAreThoseOfTheirLogits)
{
    const auto softmax = [](std::vector<float> z) {
        for (std::size_t p = 0; p < z.size(); p += 4) {
            double sum = 0;
            for (std::size_t c = 0; c < 4; ++c)
                sum += std::exp(z[p + c]);
            for (std::size_t c = 0; c < 4; ++c)
                z[p + c] = static_cast<float>(std::exp(z[p + c]) / sum);
        }
        return z;
    };
    const auto r = randomRow(24, 3), z = randomRow(24, 4);
    const double byLogits = exec::klByPosition(r, z, 6, 4, 4, 1, {});
    EXPECT_NEAR(exec::klByPosition(softmax(r), softmax(z), 6, 4, 4, 1, {}), byLogits, 1e-6);
}

TEST(Losses, ValuesByHand)
{
    const std::vector<float> r{0, 0}, z{std::log(3.0F), 0};
    // p = (1/2, 1/2), q = (3/4, 1/4): KL = 1/2 log(2/3) + 1/2 log 2
    EXPECT_NEAR(exec::klByPosition(r, z, 1, 2, 2, 1, {}), 0.5 * std::log(2.0 / 3) + 0.5 * std::log(2.0), 1e-7);
    EXPECT_NEAR(exec::relativeError(std::vector<float>{3, 4}, std::vector<float>{3, 5}, {}), 1.0 / 25, 1e-12);
    EXPECT_NEAR(cosineDistance(std::vector<float>{1, 0}, std::vector<float>{1, 1}, 2, {}), 1 - std::sqrt(0.5), 1e-7);
    EXPECT_NEAR(binaryKl(r, z, {}), 0.5 * (0.5 * std::log(0.5 / 0.75) + 0.5 * std::log(0.5 / 0.25)), 1e-7);
}

/// Every task of the list, on outputs that it takes.
Outputs outputsFor(std::string_view task)
{
    const auto one = [](std::string name, Shape shape) {
        const auto size = static_cast<std::size_t>(shape.elements());
        return graph::OutputSpan{std::move(name), std::move(shape), 0, size};
    };
    if (task == "segmentation")
        return {{one("logits", {4, 16, 16})}, 64, 64};
    if (task == "dense")
        return {{one("depth", {1, 12, 12})}, 48, 48};
    if (task == "text")
        return {{one("logits", {8, 12})}, 48, 320};
    if (task == "features")
        return {{one("last_hidden_state", {5, 16})}, 32, 32};
    if (task == "detection") {
        Outputs outputs{{one("logits", {6, 5}), one("pred_boxes", {6, 4})}, 64, 64};
        outputs.layout[1].first = outputs.layout[0].size;
        return outputs;
    }
    if (task == "tensors") {
        Outputs outputs{{one("a", {3, 5}), one("b", {7})}, 8, 8};
        outputs.layout[1].first = 15;
        return outputs;
    }
    return {{one("logits", {10})}, 32, 32};
}

TEST(Tasks, LossesHaveTheirDerivativesAndAreNothingAtEquality)
{
    for (const TaskDef& def : allTasks()) {
        SCOPED_TRACE(def.name);
        const Outputs outputs = outputsFor(def.name);
        const auto task = makeTask(def.name, outputs);
        ASSERT_TRUE(task) << task.error().text();
        const std::size_t size = outputs.layout.back().first + outputs.layout.back().size;
        expectDerivative([&](auto a, auto b, auto g) { return task->task->loss(a, b, g); }, randomRow(size, 5, 0.5F),
                         randomRow(size, 6, 0.5F));
    }
}

TEST(Tasks, AreGuessedFromShapesAndNames)
{
    for (const TaskDef& def : allTasks())
        if (def.name != "multi-label") { // nothing shows it
            EXPECT_EQ(guessTask(outputsFor(def.name)).name, def.name);
        }
    const auto single = [](std::string name, Shape shape, int64_t h, int64_t w) {
        const auto size = static_cast<std::size_t>(shape.elements());
        return Outputs{{{std::move(name), std::move(shape), 0, size}}, h, w};
    };
    EXPECT_EQ(guessTask(single("image_embeds", {512}, 224, 224)).name, "features");
    EXPECT_EQ(guessTask(single("output", {1000, 1, 1}, 224, 224)).name, "classification");
    // Tokens of patches are features, even under the name of scores; lines of characters are text.
    EXPECT_EQ(guessTask(single("logits", {197, 768}, 224, 224)).name, "features");
    EXPECT_EQ(guessTask(single("logits", {16, 96}, 64, 64)).name, "features");
    EXPECT_EQ(guessTask(single("logits", {26, 95}, 32, 128)).name, "text");
    EXPECT_EQ(guessTask(single("logits", {40, 97}, 48, 320)).name, "text");
    // An image that is made larger, and heat maps, are no classes of pixels.
    EXPECT_EQ(guessTask(single("output", {3, 128, 128}, 64, 64)).name, "tensors");
    EXPECT_EQ(guessTask(single("heatmaps", {17, 64, 48}, 256, 192)).name, "tensors");
    EXPECT_EQ(guessTask(single("logits", {19, 64, 64}, 256, 256)).name, "segmentation");
    for (const char* scores : {"cls_score", "norm_logits", "pooled_logits", "class_embed", "cls_prob"})
        EXPECT_EQ(guessTask(single(scores, {1000}, 224, 224)).name, "classification") << scores;
    EXPECT_EQ(guessTask(single("pooler_output", {384}, 224, 224)).name, "features");
    EXPECT_EQ(guessTask(single("feature_map", {2048, 7, 7}, 224, 224)).name, "tensors");
    EXPECT_EQ(guessTask(single("out", {150, 128, 128}, 512, 512)).name, "segmentation");
    EXPECT_EQ(guessTask(single("predicted_depth", {518, 518}, 518, 518)).name, "dense");
    EXPECT_EQ(guessTask(single("fetch_name_0", {40, 18385}, 48, 320)).name, "text");
}

TEST(Tasks, WhatDoesNotFitIsRefusedWithTheWayRound)
{
    const auto refused = makeTask("segmentation", outputsFor("classification"));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text().find("--output"), std::string::npos);
    const auto unknown = makeTask("segmentaton", outputsFor("classification"));
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().text().find("segmentation"), std::string::npos);
}

} // namespace
} // namespace qs::tasks
