// How outputs of detectors are read.
#include "tests/tasks/detector_outputs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace qs::tasks {
namespace {

TEST(DetectionReader, ReadsQueriesOfASoftmax)
{
    Detr detr(4, 4);
    for (std::size_t query = 0; query < 4; ++query)
        detr.logits(query)[3] = 10;
    detr.logits(2)[1] = 12;
    detr.logits(2)[0] = 11;
    std::ranges::copy(std::vector{0.25F, 0.5F, 0.1F, 0.2F}, detr.box(2).begin());
    const auto reader = detr.reader.settled(detr.row);
    ASSERT_EQ(reader.form(), DetectorForm::DetrSoftmax);
    const auto found = reader.read(detr.row);
    ASSERT_EQ(found.size(), 1U) << "a query has its best class only; e^-9.5 of the others is below 0.001";
    EXPECT_EQ(found[0].category, 1);
    const double sum = std::exp(12.0) + std::exp(11.0) + std::exp(10.0) + std::exp(0.5);
    EXPECT_NEAR(found[0].score, std::exp(12.0) / sum, 1e-6);
    EXPECT_NEAR(found[0].x0, 40, 1e-4);
    EXPECT_NEAR(found[0].x1, 60, 1e-4);
    EXPECT_NEAR(found[0].y0, 40, 1e-4);
    EXPECT_NEAR(found[0].y1, 60, 1e-4);
}

TEST(DetectionReader, ReadsEveryClassOfASigmoid)
{
    Detr detr(3, 3);
    for (std::size_t query = 0; query < 3; ++query)
        std::ranges::fill(detr.logits(query), -9.0F);
    detr.logits(1)[0] = 1;
    detr.logits(1)[2] = 2;
    detr.logits(2)[2] = 1;
    const auto found = detr.reader.read(detr.row);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].category, 2);
    EXPECT_NEAR(found[0].score, 1 / (1 + std::exp(-2.0)), 1e-6);
    EXPECT_EQ(found[1].category, 0) << "of equal scores the earlier query is first";
    EXPECT_EQ(found[2].category, 2);
}

TEST(DetectionReader, TakesProbabilitiesAsTheyAre)
{
    Detr sigmoid(3, 3);
    for (std::size_t query = 0; query < 3; ++query)
        std::ranges::fill(sigmoid.logits(query), 0.0F);
    sigmoid.logits(1)[1] = 0.75F;
    const auto reader = sigmoid.reader.settled(sigmoid.row);
    EXPECT_TRUE(reader.probabilities());
    const auto found = reader.read(sigmoid.row);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].score, 0.75F);

    Detr softmax(2, 3);
    std::ranges::copy(std::vector{0.125F, 0.25F, 0.625F}, softmax.logits(0).begin());
    std::ranges::copy(std::vector{0.75F, 0.0F, 0.25F}, softmax.logits(1).begin());
    const auto settled = softmax.reader.settled(softmax.row);
    EXPECT_EQ(settled.form(), DetectorForm::DetrSoftmax);
    const auto two = settled.read(softmax.row);
    ASSERT_EQ(two.size(), 2U);
    EXPECT_EQ(two[0].score, 0.75F);
    EXPECT_EQ(two[1].score, 0.25F);
    EXPECT_EQ(two[1].category, 1);
}

TEST(DetectionReader, SuppressesWorseBoxesOfTheSameClass)
{
    Yolo yolo(true);
    ASSERT_EQ(yolo.reader.form(), DetectorForm::YoloColumns);
    yolo.set(3, {20, 20, 10, 10}, {0.6F, 0.0F});
    yolo.set(9, {20, 21, 10, 10}, {0.9F, 0.5F});  // IoU 9/11
    yolo.set(50, {20, 27, 10, 10}, {0.5F, 0.0F}); // IoU 4/16 with the best
    yolo.set(83, {20, 20, 10, 10}, {0.0005F, 0.0F});
    const auto found = yolo.reader.read(yolo.row);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].score, 0.9F);
    EXPECT_EQ(found[0].y0, 16);
    EXPECT_EQ(found[0].y1, 26);
    EXPECT_EQ(found[0].x0, 15);
    EXPECT_EQ(found[0].x1, 25);
    EXPECT_EQ(found[1].category, 1) << "the other class of the same box; of equal scores the earlier anchor is first";
    EXPECT_EQ(found[2].category, 0);
    EXPECT_EQ(found[2].y1, 32);
}

TEST(DetectionReader, ScoresOfYoloRowsAreTimesTheObjectness)
{
    Yolo yolo(false);
    ASSERT_EQ(yolo.reader.form(), DetectorForm::YoloRows);
    yolo.set(0, {10, 10, 4, 4}, {0.5F, 0.25F, 0.0F});
    yolo.set(1, {40, 40, 4, 4}, {0.0F, 1.0F, 1.0F});
    const auto found = yolo.reader.read(yolo.row);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].score, 0.125F);
    EXPECT_EQ(found[0].category, 0);
}

TEST(DetectionReader, ReadsFinalDetections)
{
    const auto outputs = outputsOf({{"output0", {4, 6}}}, 64, 64);
    const std::vector<float> row{1, 2, 3, 4, 0.25F, 7, 5, 6, 7, 8, 0.75F, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 0.5F, -1};
    const auto found = DetectionReader::guess(outputs)->read(row);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].x0, 5);
    EXPECT_EQ(found[0].y1, 8);
    EXPECT_EQ(found[1].category, 7);
}

TEST(DetectionReader, LeavesOutWhatIsNotFiniteAndTheWorst)
{
    std::mt19937 random(2);
    std::normal_distribution<float> normal(0, 2);
    const std::vector<float> bad{std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                                 -std::numeric_limits<float>::infinity()};
    for (const auto& outputs : {outputsOf({{"logits", {400, 5}}, {"boxes", {400, 4}}}, 64, 64),
                                outputsOf({{"output0", {9, 1344}}}, 256, 256),
                                outputsOf({{"o", {4032, 8}}}, 256, 256), outputsOf({{"o", {500, 6}}}, 64, 64)}) {
        std::vector<float> row(rowSize(outputs));
        for (float& value : row)
            value = random() % 20 == 0 ? bad[random() % 3] : std::abs(normal(random));
        const auto found = DetectionReader::guess(outputs)->read(row);
        EXPECT_LE(found.size(), DetectionReader::kMost);
        EXPECT_GT(found.size(), 100U);
        EXPECT_TRUE(std::ranges::is_sorted(found, std::ranges::greater(), &Detection::score));
        for (const Detection& one : found) {
            EXPECT_TRUE(std::isfinite(one.score) && std::isfinite(one.x0) && std::isfinite(one.y1));
            EXPECT_GT(one.score, 0.001F);
            EXPECT_GE(one.category, 0);
        }
    }
}

} // namespace
} // namespace qs::tasks
