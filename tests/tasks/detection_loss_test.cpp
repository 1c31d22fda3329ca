// The loss of detectors: nothing at equality, derivatives by differences, what it weighs.
#include "core/tasks/detection_loss.h"
#include "tests/tasks/detector_outputs.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace qs::tasks {
namespace {

/// A detector of each form, with the reader that such values would give.
struct Case {
    const char* name;
    DetectionReader reader;
    std::vector<float> reference;
};

std::vector<Case> cases()
{
    std::mt19937 random(4);
    std::normal_distribution<float> normal(0, 1);
    std::uniform_real_distribution<float> unit(0.05F, 0.95F);
    std::vector<Case> list;
    Detr softmax(9, 6), sigmoid(9, 6), probabilities(9, 6);
    for (std::size_t query = 0; query < 9; ++query) {
        for (std::size_t c = 0; c < 6; ++c) {
            softmax.logits(query)[c] = normal(random) + (c == 5 && query > 2 ? 4.0F : 0.0F);
            sigmoid.logits(query)[c] = 2 * normal(random) - 2;
            probabilities.logits(query)[c] = unit(random);
        }
        for (Detr* one : {&softmax, &sigmoid, &probabilities})
            std::ranges::generate(one->box(query), [&] { return unit(random); });
    }
    list.push_back({"softmax", softmax.reader.settled(softmax.row), softmax.row});
    list.push_back({"sigmoid", sigmoid.reader.settled(sigmoid.row), sigmoid.row});
    list.push_back({"probabilities", probabilities.reader.settled(probabilities.row), probabilities.row});
    for (const bool columns : {true, false}) {
        Yolo yolo(columns);
        for (std::size_t anchor = 0; anchor < yolo.reader.candidates(); ++anchor)
            yolo.set(anchor, {64 * unit(random), 64 * unit(random), 20 * unit(random), 20 * unit(random)},
                     {unit(random), unit(random), unit(random)});
        list.push_back({columns ? "columns" : "rows", yolo.reader, yolo.row});
    }
    const auto outputs = outputsOf({{"detections", {5, 6}}}, 64, 64);
    std::vector<float> row(rowSize(outputs));
    std::ranges::generate(row, [&] { return unit(random); });
    for (std::size_t box = 0; box < 5; ++box)
        row[box * 6 + 5] = static_cast<float>(box);
    list.push_back({"final", *DetectionReader::guess(outputs), row});
    return list;
}

/// Off by at least 0.02 everywhere, so that differences see no kink of |x|.
std::vector<float> disturbed(const std::vector<float>& reference, float scale, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 1);
    std::vector<float> row = reference;
    for (float& value : row) {
        const float noise = normal(random);
        value += scale * (noise + (noise < 0 ? -0.2F : 0.2F));
    }
    return row;
}

TEST(DetectionLoss, FormsAreThoseThatWereMeant)
{
    const auto list = cases();
    EXPECT_EQ(list[0].reader.form(), DetectorForm::DetrSoftmax);
    EXPECT_EQ(list[1].reader.form(), DetectorForm::DetrSigmoid);
    EXPECT_TRUE(list[2].reader.probabilities());
    EXPECT_EQ(list[3].reader.form(), DetectorForm::YoloColumns);
    EXPECT_EQ(list[4].reader.form(), DetectorForm::YoloRows);
    EXPECT_EQ(list[5].reader.form(), DetectorForm::Suppressed);
}

TEST(DetectionLoss, OfEqualOutputsIsNothing)
{
    for (const Case& one : cases()) {
        std::vector<float> gradient(one.reference.size(), 0);
        EXPECT_EQ(detectionLoss(one.reader, one.reference, one.reference, gradient), 0) << one.name;
        EXPECT_EQ(gradient, std::vector<float>(gradient.size(), 0)) << one.name;
        EXPECT_GT(detectionLoss(one.reader, one.reference, disturbed(one.reference, 0.1F, 1), {}), 0) << one.name;
    }
}

TEST(DetectionLoss, DerivativesAreThoseOfTheValue)
{
    for (const Case& one : cases()) {
        SCOPED_TRACE(one.name);
        std::vector<float> row = disturbed(one.reference, 0.1F, 2);
        std::vector<float> gradient(row.size(), 0);
        const double loss = detectionLoss(one.reader, one.reference, row, gradient);
        EXPECT_EQ(loss, detectionLoss(one.reader, one.reference, row, {}));
        float largest = 0;
        for (const float g : gradient)
            largest = std::max(largest, std::abs(g));
        ASSERT_GT(largest, 0);
        for (std::size_t i = 0; i < row.size(); ++i) {
            const float was = row[i], above = was + 1e-3F, below = was - 1e-3F;
            row[i] = above;
            const double more = detectionLoss(one.reader, one.reference, row, {});
            row[i] = below;
            const double less = detectionLoss(one.reader, one.reference, row, {});
            row[i] = was;
            const double difference = (more - less) / (static_cast<double>(above) - below);
            EXPECT_NEAR(gradient[i], difference, 1e-4 * largest) << i;
        }
    }
}

TEST(DetectionLoss, GradientsAreAdded)
{
    for (const Case& one : cases()) {
        const auto row = disturbed(one.reference, 0.1F, 3);
        std::vector<float> gradient(row.size(), 0), onto(row.size(), 2);
        detectionLoss(one.reader, one.reference, row, gradient);
        detectionLoss(one.reader, one.reference, row, onto);
        for (std::size_t i = 0; i < row.size(); ++i)
            EXPECT_NEAR(onto[i], 2 + gradient[i], 1e-5) << one.name;
    }
}

TEST(DetectionLoss, GrowsWithTheDistance)
{
    for (const Case& one : cases()) {
        double before = 0;
        for (const float scale : {0.01F, 0.03F, 0.1F, 0.3F}) {
            const double loss = detectionLoss(one.reader, one.reference, disturbed(one.reference, scale, 5), {});
            EXPECT_GT(loss, before) << one.name << " " << scale;
            before = loss;
        }
    }
}

/// 100 queries of background and one object, as softmax.
Detr oneObject()
{
    Detr detr(100, 5);
    for (std::size_t query = 0; query < 100; ++query) {
        std::ranges::fill(detr.logits(query), -4.0F);
        detr.logits(query)[4] = 4;
    }
    detr.logits(7)[2] = 6;
    detr.logits(7)[4] = -4;
    return detr;
}

double lossOf(const Detr& before, const Detr& now)
{
    return detectionLoss(before.reader.settled(before.row), before.row, now.row, {});
}

TEST(DetectionLoss, BackgroundDoesNotDrownObjects)
{
    const Detr before = oneObject();
    Detr object = before, background = before;
    for (std::size_t query = 0; query < 100; ++query) {
        Detr& one = query == 7 ? object : background;
        one.logits(query)[2] += 0.5F;
        one.logits(query)[4] -= 0.25F;
        for (float& side : one.box(query))
            side += 0.01F;
    }
    EXPECT_GT(lossOf(before, object), 5 * lossOf(before, background)) << "one query against 99";
}

TEST(DetectionLoss, ObjectsThatGoOrComeCost)
{
    const Detr before = oneObject();
    Detr lost = before, come = before;
    lost.logits(7)[4] = 10;
    come.logits(50)[1] = 10;
    EXPECT_GT(lossOf(before, lost), 1);
    EXPECT_GT(lossOf(before, come), 0.02) << "one of a hundred queries of nothing, 6 nats, half of the weight";
}

TEST(DetectionLoss, ValueByHand)
{
    // Two queries, σ = 1/2 and 1/4 the best: c sums to 3/4, u = (2/3, 1/3), w = (7/12, 5/12).
    Detr before(2, 2);
    std::ranges::copy(std::vector{0.0F, -3.0F}, before.logits(0).begin());
    std::ranges::copy(std::vector{-std::log(3.0F), -5.0F}, before.logits(1).begin());
    Detr now = before;
    now.logits(0)[0] = std::log(3.0F); // KL(1/2 ‖ 3/4) = 1/2 log(2/3) + 1/2 log 2
    now.box(1)[2] += 0.125F;
    const double expected = 7.0 / 12 * 0.5 * std::log(4.0 / 3) + 5 * 0.125 / 3;
    EXPECT_NEAR(detectionLoss(before.reader, before.row, now.row, {}), expected, 1e-6);
}

/// Queries 0 … 8 in another order.
std::vector<float> reordered(const Detr& detr, std::span<const std::size_t> order)
{
    std::vector<float> row = detr.row;
    for (std::size_t a = 0; a < order.size(); ++a) {
        for (std::size_t c = 0; c < 6; ++c)
            row[detr.reader.scores().at(a, c)] = detr.row[detr.reader.scores().at(order[a], c)];
        for (std::size_t k = 0; k < 4; ++k)
            row[detr.reader.boxes().at(a, k)] = detr.row[detr.reader.boxes().at(order[a], k)];
    }
    return row;
}

TEST(DetectionLoss, OrderDoesNotMatterWhereTheNetworkChoosesIt)
{
    std::mt19937 random(8);
    std::uniform_real_distribution<float> unit(0.05F, 0.95F);
    Detr detr(9, 6);
    for (std::size_t query = 0; query < 9; ++query) {
        std::ranges::generate(detr.logits(query), [&] { return 6 * unit(random) - 5; });
        std::ranges::generate(detr.box(query), [&] { return unit(random); });
    }
    Outputs chosen = detr.outputs;
    chosen.placesChosen = true;
    const DetectionReader by = DetectionReader::guess(chosen)->settled(detr.row);
    const DetectionReader placed = detr.reader.settled(detr.row);
    const std::vector<std::size_t> order{3, 0, 8, 1, 2, 7, 5, 4, 6};
    const std::vector<float> row = reordered(detr, order);
    EXPECT_GT(detectionLoss(placed, detr.row, row, {}), 0.1);
    EXPECT_EQ(detectionLoss(by, detr.row, row, {}), 0);

    // A little off: the loss and the gradient are those of the queries in their places, moved.
    std::vector<float> off = detr.row;
    for (float& value : off)
        value += 0.01F * (unit(random) - 0.5F);
    Detr moved = detr;
    moved.row = off;
    const std::vector<float> offRow = reordered(moved, order);
    std::vector<float> gradient(row.size(), 0.0F), want(row.size(), 0.0F);
    EXPECT_DOUBLE_EQ(detectionLoss(by, detr.row, offRow, gradient), detectionLoss(placed, detr.row, off, want));
    Detr slopes = detr;
    slopes.row = want;
    EXPECT_EQ(gradient, reordered(slopes, order));
}

} // namespace
} // namespace qs::tasks
