// Figures of tasks on images that were made by hand.
#include "core/tasks/average_precision.h"
#include "core/tasks/bootstrap.h"
#include "core/tasks/ctc.h"
#include "core/tasks/difference.h"
#include "core/tasks/mean_iou.h"
#include "core/tasks/nearest.h"
#include "core/tasks/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

using testing::ElementsAre;

namespace qs::tasks {
namespace {

Outputs outputs(std::string name, Shape shape, int64_t height = 32, int64_t width = 32)
{
    const auto size = static_cast<std::size_t>(shape.elements());
    return {{{std::move(name), std::move(shape), 0, size}}, height, width};
}

TEST(MeanIou, IsThatOfCountsByHand)
{
    MeanIou iou(3);
    iou.add(std::vector<uint16_t>{0, 0, 1, 1, 3, 3}, std::vector<uint16_t>{0, 1, 1, 1, 2, 0}); // 3: left out
    // class 0: 1 of 2, class 1: 2 of 3, class 2: nowhere
    EXPECT_DOUBLE_EQ(iou.iou(), (1.0 / 2 + 2.0 / 3) / 2);
    EXPECT_DOUBLE_EQ(iou.pixelAccuracy(), 3.0 / 4);
    iou.add(std::vector<uint16_t>{2, 2, 2, 2, 2, 2}, std::vector<uint16_t>{2, 2, 2, 2, 2, 2});
    EXPECT_DOUBLE_EQ(iou.iou(), (1.0 / 2 + 2.0 / 3 + 1) / 3);
    EXPECT_DOUBLE_EQ(iou.iou(std::vector<int>{0, 5}), 1);
}

TEST(Ctc, MergesRepeatsAndDropsBlanks)
{
    const auto row = [](const std::vector<int>& best) {
        std::vector<float> scores(best.size() * 4, 0);
        for (std::size_t i = 0; i < best.size(); ++i)
            scores[i * 4 + static_cast<std::size_t>(best[i])] = 1;
        return scores;
    };
    EXPECT_THAT(ctcDecode(row({0, 1, 1, 0, 1, 2, 2, 3, 0}), 4, 0), ElementsAre(1, 1, 2, 3));
    EXPECT_TRUE(ctcDecode(row({0, 0, 0}), 4, 0).empty());
    EXPECT_THAT(positionDecode(row({1, 1, 2, 3, 2}), 4, 3), ElementsAre(1, 1, 2));
    const std::vector<int> kitten = codePoints("kitten"), sitting = codePoints("sitting"), none;
    EXPECT_EQ(editDistance(kitten, sitting), 3U);
    EXPECT_EQ(editDistance(none, sitting), 7U);
    EXPECT_EQ(editDistance(kitten, kitten), 0U);
    EXPECT_THAT(codePoints("a\xC3\xA9\xE6\x96\x87\xF0\x9F\x98\x80\xFF"),
                ElementsAre('a', 0xE9, 0x6587, 0x1F600, 0xFF));
}

TEST(AveragePrecision, IsThatOfRanksByHand)
{
    RankedScores scores;
    scores.add(0.9F, true, 0);
    scores.add(0.8F, false, 1);
    scores.add(0.7F, true, 2);
    scores.sort();
    EXPECT_DOUBLE_EQ(scores.precision({}), (1.0 + 2.0 / 3) / 2);
    EXPECT_DOUBLE_EQ(scores.precision(std::vector<int>{1, 0, 1}), 1);
    EXPECT_TRUE(std::isnan(scores.precision(std::vector<int>{0, 2, 0})));
}

TEST(Vectors, FindTheNearestByAngle)
{
    Vectors vectors;
    for (const std::vector<float>& v : {std::vector<float>{1, 0}, {10, 1}, {0, 3}, {1, 3}})
        vectors.add(v);
    EXPECT_THAT(vectors.nearest(0, 2), ElementsAre(1U, 3U));
    EXPECT_THAT(vectors.nearest(2, 9), ElementsAre(3U, 1U, 0U));
}

TEST(OutputDifferences, AreOfEachOutput)
{
    const std::vector<graph::OutputSpan> layout{{"a", {2}, 0, 2}, {"b", {1}, 2, 1}};
    OutputDifferences differences(layout);
    differences.add(std::vector<float>{3, 4, 100}, std::vector<float>{3, 3, 100});
    const auto found = differences.finish();
    EXPECT_NEAR(found[0].sqnrDb, 10 * std::log10(25.0), 1e-12);
    EXPECT_EQ(found[0].maxAbs, 1);
    EXPECT_TRUE(std::isinf(found[1].sqnrDb));
    EXPECT_EQ(found[1].cosine, 1);
    EXPECT_NEAR(differences.relativeError(), 1 / 10025.0, 1e-12);
}

TEST(Segmentation, CountsAgainstMasksOfAnyResolution)
{
    const auto task = makeTask("segmentation", outputs("logits", {2, 2, 2}));
    ASSERT_TRUE(task) << task.error().text();
    const auto measurement = task->task->measure();
    const std::vector<float> truth{1, 0, 0, 0, 0, 1, 1, 1}, found{1, 1, 0, 0, 0, 0, 1, 1}; // planes of 2 × 2
    TrueMask mask{4, 4, {0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 255, 255, 1, 1, 255, 255}};
    ASSERT_TRUE(measurement->add(mask, truth, found));
    const Measured measured = measurement->finish();
    EXPECT_EQ(measured.figures.front().key, "miou");
    // three pixels count; the second is found as 0: class 0 1 of 2, class 1 1 of 2
    EXPECT_DOUBLE_EQ(measured.find("miou")->value, 0.5);
    EXPECT_DOUBLE_EQ(measured.find("pixel_accuracy")->value, 2.0 / 3);
    EXPECT_DOUBLE_EQ(measured.find("float_miou")->value, 1);
    EXPECT_DOUBLE_EQ(measured.find("pixel_agreement")->value, 0.75);
    EXPECT_DOUBLE_EQ(measured.changed.front(), 0.25);
    mask.classes[5] = 7;
    EXPECT_FALSE(task->task->measure()->add(mask, truth, found));
}

TEST(DenseValues, AreComparedWithDepth)
{
    const auto task = makeTask("dense", outputs("depth", {2, 2}));
    ASSERT_TRUE(task) << task.error().text();
    const auto measurement = task->task->measure();
    const std::vector<float> before{1, 2, 3, 5}, now{1, 2, 3, 4};
    ASSERT_TRUE(measurement->add(TrueMap{2, 2, {1, 4, 0, 4}}, before, now)); // 0: not known
    const Measured measured = measurement->finish();
    EXPECT_NEAR(measured.find("abs_rel")->value, 0.5 / 3, 1e-12);
    EXPECT_NEAR(measured.find("rmse")->value, std::sqrt(4.0 / 3), 1e-12);
    EXPECT_NEAR(measured.find("delta1")->value, 2.0 / 3, 1e-12);
    EXPECT_NEAR(measured.find("psnr_to_float")->value, 10 * std::log10(16 / 0.25), 1e-12);
    EXPECT_NEAR(measured.find("relative_difference")->value, 1.0 / 11, 1e-12);
}

// The mean left out images without any difference, and did not say so.
TEST(DenseValues, EqualImagesAreSaidBesideTheMean)
{
    const auto task = makeTask("dense", outputs("depth", {2, 2}));
    ASSERT_TRUE(task) << task.error().text();
    const std::vector<float> before{1, 2, 3, 5}, now{1, 2, 3, 4};
    const auto measured = [&](int equal, int different) {
        const auto measurement = task->task->measure();
        for (int i = 0; i < equal + different; ++i)
            EXPECT_TRUE(measurement->add({}, before, i < equal ? before : now));
        return *measurement->finish().find("psnr_to_float");
    };
    EXPECT_NEAR(measured(2, 3).value, 10 * std::log10(16 / 0.25), 1e-12);
    EXPECT_EQ(measured(2, 3).title, "PSNR to float (2 of 5 images equal, left out)");
    EXPECT_EQ(measured(0, 3).title, "PSNR to float");
    EXPECT_EQ(measured(2, 0).title, "PSNR to float");
    EXPECT_TRUE(std::isinf(measured(2, 0).value));
}

TEST(Features, VotesOfNeighboursAreWithoutTheImageItself)
{
    const auto task = makeTask("features", outputs("embedding", {2, 16}));
    ASSERT_TRUE(task) << task.error().text();
    const auto measurement = task->task->measure();
    const auto vector = [](int direction, float lean) {
        std::vector<float> v(32, 0);
        for (const std::size_t token : {0, 16}) {
            v[token + static_cast<std::size_t>(direction)] = 1;
            v[token + 5] = lean;
        }
        return v;
    };
    for (int i = 0; i < 24; ++i) { // two bundles of twelve; one image of the first has the label of the second
        const auto v = vector(i % 2, 0.01F * static_cast<float>(i));
        ASSERT_TRUE(measurement->add(i == 4 ? 1 : i % 2, v, v));
    }
    const Measured measured = measurement->finish();
    EXPECT_EQ(measured.figures.front().key, "knn_top1");
    EXPECT_DOUBLE_EQ(measured.find("knn_top1")->value, 23.0 / 24);
    EXPECT_DOUBLE_EQ(measured.find("cosine")->value, 1);
    EXPECT_DOUBLE_EQ(measured.find("neighbour_agreement")->value, 1);
}

TEST(Classification, SharesHaveWilsonsIntervals)
{
    const auto task = makeTask("classification", outputs("logits", {7}));
    ASSERT_TRUE(task) << task.error().text();
    const auto measurement = task->task->measure();
    const std::vector<float> row{0, 1, 2, 3, 4, 5, 6}, turned{6, 5, 4, 3, 2, 1, 0};
    ASSERT_TRUE(measurement->add(6, row, row));
    ASSERT_TRUE(measurement->add(1, row, row));
    ASSERT_TRUE(measurement->add(std::monostate{}, row, turned));
    EXPECT_FALSE(measurement->add(7, row, row));
    const Measured measured = measurement->finish();
    EXPECT_DOUBLE_EQ(measured.find("top1")->value, 0.5);
    EXPECT_EQ(measured.find("top1")->interval, stats::wilson(1, 2));
    EXPECT_DOUBLE_EQ(measured.find("top5")->value, 0.5);
}

TEST(MultiLabel, IsMeanAveragePrecision)
{
    const auto task = makeTask("multi-label", outputs("logits", {2}));
    ASSERT_TRUE(task) << task.error().text();
    const auto measurement = task->task->measure();
    ASSERT_TRUE(measurement->add(std::vector{0}, std::vector<float>{3, -1}, std::vector<float>{3, -1}));
    ASSERT_TRUE(measurement->add(std::vector{1}, std::vector<float>{2, 1}, std::vector<float>{2, 1}));
    ASSERT_TRUE(measurement->add(std::vector{0, 1}, std::vector<float>{1, 0.5F}, std::vector<float>{1, -0.5F}));
    const Measured measured = measurement->finish();
    // class 0: ranks 1 and 3; class 1: ranks 1 and 2
    EXPECT_DOUBLE_EQ(measured.find("map")->value, ((1 + 2.0 / 3) / 2 + 1) / 2);
    EXPECT_DOUBLE_EQ(measured.find("agreement")->value, 2.0 / 3);
}

} // namespace
} // namespace qs::tasks
