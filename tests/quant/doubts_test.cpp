#include "core/quant/doubts.h"

#include "core/quant/logits.h"
#include "tests/support/graph_text.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

namespace qs::quant {
namespace {

using testing::HasSubstr;
using Labels = std::vector<std::optional<int>>;

/// Logits whose largest is at `tops`.
Tensor logitsOf(const std::vector<int>& tops, int classes)
{
    std::mt19937 random(7);
    std::uniform_real_distribution<float> noise(-1, 1);
    std::vector<float> values;
    for (const int top : tops)
        for (int c = 0; c < classes; ++c)
            values.push_back(noise(random) + (c == top ? 5.0F : 0.0F));
    return Tensor::fromFloats(Shape{static_cast<int64_t>(tops.size()), classes}, values);
}

TEST(LabelShift, IsFoundBothWays)
{
    std::vector<int> tops;
    Labels up, down, right;
    for (int i = 0; i < 40; ++i) {
        const int label = 1 + i * 7 % 90;
        tops.push_back(i % 5 == 0 ? 95 : label); // right on four of five
        up.push_back(label + 1);
        down.push_back(label - 1);
        right.push_back(label);
    }
    const Tensor logits = logitsOf(tops, 100);
    const auto counted = labelShift(logits, up);
    ASSERT_TRUE(counted);
    EXPECT_EQ(counted->evidence.at("shift"), -1);
    EXPECT_NEAR(counted->evidence.at("top1_moved"), 0.8, 1e-9);
    EXPECT_THAT(counted->cure, HasSubstr("--label-offset -1"));
    const auto background = labelShift(logits, down);
    ASSERT_TRUE(background);
    EXPECT_THAT(background->cure, HasSubstr("--label-offset +1"));
    EXPECT_FALSE(labelShift(logits, right));
    EXPECT_FALSE(labelShift(logits, Labels(40)));
    Labels few(40);
    std::copy_n(up.begin(), 10, few.begin());
    EXPECT_FALSE(labelShift(logits, few)) << "10 images prove nothing";
}

TEST(LabelShift, UntrainedNetworksAreSilent)
{
    std::mt19937 random(3);
    Labels labels, same;
    std::vector<int> tops;
    for (int i = 0; i < 2000; ++i) {
        labels.push_back(i % 10);
        same.push_back(2);
        tops.push_back(static_cast<int>(random() % 10));
    }
    EXPECT_FALSE(labelShift(logitsOf(tops, 10), labels)) << "random answers";
    EXPECT_FALSE(labelShift(logitsOf(std::vector<int>(2000, 3), 10), labels)) << "always the same answer";
    EXPECT_FALSE(labelShift(logitsOf(std::vector<int>(2000, 3), 10), same)) << "one class alone, beside the answer";
}

graph::Graph graphOf(const char* last)
{
    const std::string text = "input x:1x4\nh:1x4 = Relu(x)\ny:1x4 = " + std::string(last) + "(h)\noutput y\n";
    auto graph = graph::parse(text);
    EXPECT_TRUE(graph) << (graph ? "" : graph.error().text());
    return *graph;
}

TEST(Outputs, ProbabilitiesGiveTheFiguresOfTheirLogits)
{
    const std::vector<float> a{1, -2, 0.5F, 3, 0, 0, -40, 1}, b{1.1F, -2, 0.4F, 2.5F, 0, 0.3F, -41, 1};
    const auto probabilities = [](const std::vector<float>& logits) {
        std::vector<float> values;
        for (std::size_t row = 0; row < 2; ++row)
            for (const double p : softmax(std::span(logits).subspan(row * 4, 4)))
                values.push_back(static_cast<float>(p));
        return Tensor::fromFloats(Shape{2, 4}, values);
    };
    const graph::Graph softmaxed = graphOf("Softmax");
    const Tensor p = probabilities(a);
    ASSERT_EQ(exec::outputForm(softmaxed, p), exec::OutputForm::Probabilities);
    const Tensor logitsA = Tensor::fromFloats(Shape{2, 4}, a);
    const double expected = compareLogits(logitsA, Tensor::fromFloats(Shape{2, 4}, b), 2).klDivergence;
    const double found = compareLogits(exec::asLogits(p, exec::OutputForm::Probabilities),
                                       exec::asLogits(probabilities(b), exec::OutputForm::Probabilities), 2)
                             .klDivergence;
    EXPECT_GT(expected, 1e-3);
    EXPECT_NEAR(found, expected, 1e-6);
    EXPECT_EQ(exec::outputForm(softmaxed, logitsA), exec::OutputForm::Logits);
    EXPECT_TRUE(outputDoubt(exec::OutputForm::Probabilities));
    EXPECT_FALSE(outputDoubt(exec::OutputForm::Logits));
    const Tensor zero = Tensor::fromFloats(Shape{1, 4}, std::vector<float>{1, 0, 0, 0});
    for (const float value : exec::asLogits(zero, exec::OutputForm::Probabilities).floats())
        EXPECT_TRUE(std::isfinite(value));
}

TEST(Outputs, SigmoidsAreKnownByTheGraph)
{
    const std::vector<float> logits{1, -2, 0.5F, 3};
    std::vector<float> values;
    for (const float z : logits)
        values.push_back(1 / (1 + std::exp(-z)));
    const Tensor p = Tensor::fromFloats(Shape{1, 4}, values);
    EXPECT_EQ(exec::outputForm(graphOf("Relu"), p), exec::OutputForm::Logits);
    ASSERT_EQ(exec::outputForm(graphOf("Sigmoid"), p), exec::OutputForm::Sigmoids);
    const Tensor back = exec::asLogits(p, exec::OutputForm::Sigmoids);
    for (std::size_t i = 0; i < logits.size(); ++i)
        EXPECT_NEAR(back.floats()[i], logits[i], 1e-5);
}

TEST(DoubtsJson, HoldsAllOfThem)
{
    const Doubt doubt{DoubtKind::LabelShift, "message", "cure", {{"shift", 1}}};
    const auto json = nlohmann::json::parse(doubtsToJson(std::vector{doubt}));
    ASSERT_EQ(json.size(), 1u);
    EXPECT_EQ(json[0].at("kind"), "label-shift");
    EXPECT_EQ(json[0].at("evidence").at("shift"), 1);
}

} // namespace
} // namespace qs::quant
