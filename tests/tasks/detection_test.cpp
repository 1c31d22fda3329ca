// What the task "detection" measures, and its loss.
#include "core/tasks/detection_loss.h"
#include "core/tasks/task_defs.h"
#include "tests/tasks/detector_outputs.h"

#include <cmath>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace qs::tasks {
namespace {

constexpr double kExact = 1e-12;

/// Final detections, 64 × 64 pixels: rows of x0 y0 x1 y1 score class; the others have a score of 0.
struct Final {
    static constexpr std::size_t kBoxes = 8;
    Outputs outputs = outputsOf({{"detections", {kBoxes, 6}}}, 64, 64);
    std::shared_ptr<const Task> task = *detectionTask().make(outputs, {});

    static std::vector<float> row(const std::vector<std::vector<float>>& boxes)
    {
        std::vector<float> row;
        for (const auto& box : boxes)
            row.insert(row.end(), box.begin(), box.end());
        row.resize(kBoxes * 6, 0);
        return row;
    }
};

const std::vector<float> kFirst{0, 0, 20, 20, 0.9F, 1}, kSecond{30, 30, 60, 60, 0.6F, 2},
    kUnsure{40, 0, 60, 20, 0.2F, 2};

double changedOf(const std::vector<float>& before, const std::vector<float>& now)
{
    const auto measurement = Final{}.task->measure();
    EXPECT_TRUE(measurement->add({}, before, now));
    return measurement->finish().changed.at(0);
}

TEST(Detection, ComparedWithItselfNothingChanges)
{
    const Final detector;
    const auto measurement = detector.task->measure();
    for (int image = 0; image < 3; ++image) {
        const auto row = Final::row({kFirst, kSecond, kUnsure});
        ASSERT_TRUE(measurement->add({}, row, row));
    }
    const auto measured = measurement->finish();
    ASSERT_EQ(measured.figures.size(), 2U) << "no labels";
    EXPECT_EQ(measured.figures[0].key, "coco_ap_to_float");
    EXPECT_NEAR(measured.figures[0].value, 1, kExact);
    EXPECT_NEAR(measured.figures[0].interval->low, 1, kExact);
    EXPECT_EQ(measured.find("f1_to_float")->value, 1);
    EXPECT_EQ(measured.changed, std::vector<double>(3, 0));
}

TEST(Detection, ManyDetectionsComparedWithThemselvesAreNoChange)
{
    // More than the 100 that count as true, which must not turn into wrong ones before those of another image.
    const auto outputs = outputsOf({{"detections", {250, 6}}}, 64, 64);
    const auto task = *detectionTask().make(outputs, {});
    const auto measurement = task->measure();
    for (const float most : {0.9F, 0.5F}) {
        std::vector<float> row;
        for (int i = 0; i < 250; ++i) {
            const auto x = static_cast<float>(i % 16 * 4), y = static_cast<float>(i / 16 * 4);
            row.insert(row.end(), {x, y, x + 4, y + 4, most - 0.0005F * static_cast<float>(i), 0});
        }
        ASSERT_TRUE(measurement->add({}, row, row));
    }
    const auto measured = measurement->finish();
    EXPECT_NEAR(measured.find("coco_ap_to_float")->value, 1, kExact);
    EXPECT_EQ(measured.changed, std::vector<double>(2, 0));
}

TEST(Detection, ChangedIsTheShareOfPairsThatAreGone)
{
    auto other = kFirst, moved = kFirst, faint = kSecond, unsure = kUnsure;
    other[5] = 3;
    std::ranges::copy(std::vector{0.0F, 8.0F, 20.0F, 28.0F}, moved.begin()); // IoU 12/28
    faint[4] = 0.29F;
    unsure[4] = 0.4F;
    EXPECT_EQ(changedOf(Final::row({}), Final::row({})), 0);
    EXPECT_EQ(changedOf(Final::row({kUnsure}), Final::row({})), 0) << "what the float network doubts is nothing";
    EXPECT_EQ(changedOf(Final::row({kFirst}), Final::row({})), 1);
    EXPECT_EQ(changedOf(Final::row({}), Final::row({kFirst})), 1);
    EXPECT_EQ(changedOf(Final::row({kFirst}), Final::row({other})), 1);
    EXPECT_EQ(changedOf(Final::row({kFirst}), Final::row({moved})), 1);
    EXPECT_NEAR(changedOf(Final::row({kFirst, kSecond}), Final::row({kFirst, faint})), 1.0 / 3, kExact);
    EXPECT_NEAR(changedOf(Final::row({kFirst, kUnsure}), Final::row({kFirst, unsure})), 1.0 / 3, kExact);
    EXPECT_NEAR(changedOf(Final::row({kFirst}), Final::row({kFirst, kFirst})), 1.0 / 3, kExact) << "found twice";
}

TEST(Detection, WithLabelsTheyComeFirst)
{
    const Final detector;
    const auto measurement = detector.task->measure();
    const std::vector<TrueBox> truth{{0, 0, 20, 20, 1, 400, false}, {30, 30, 60, 60, 2, 900, false}};
    ASSERT_TRUE(measurement->add(truth, Final::row({kFirst, kSecond}), Final::row({kFirst})));
    ASSERT_TRUE(measurement->add({}, Final::row({kFirst}), Final::row({}))); // nothing was said of it
    ASSERT_TRUE(measurement->add(std::vector<TrueBox>{}, Final::row({}), Final::row({})));
    const auto measured = measurement->finish();
    ASSERT_EQ(measured.figures.size(), 5U);
    EXPECT_EQ(measured.figures[0].key, "coco_ap");
    EXPECT_NEAR(measured.find("coco_ap")->value, 0.5, kExact) << "one of two classes";
    EXPECT_NEAR(measured.find("coco_ap50")->value, 0.5, kExact);
    EXPECT_NEAR(measured.find("float_coco_ap")->value, 1, kExact);
    // To float: class 1 is found in one of two images (51 of 101 recalls), class 2 not.
    EXPECT_NEAR(measured.find("coco_ap_to_float")->value, 51.0 / 101 / 2, kExact);
    for (const Figure& figure : measured.figures) {
        EXPECT_LE(figure.interval->low, figure.value);
        EXPECT_GE(figure.interval->high, figure.value);
    }
}

TEST(Detection, WithoutAnythingFoundThereIsNoFigure)
{
    const auto measurement = Final{}.task->measure();
    ASSERT_TRUE(measurement->add({}, Final::row({}), Final::row({kFirst})));
    const auto measured = measurement->finish();
    EXPECT_TRUE(std::isnan(measured.figures[0].value));
    EXPECT_EQ(measured.changed, std::vector<double>{1});
}

TEST(Detection, AClassThatTheModelLacksIsAnError)
{
    Detr detr(4, 3);
    const auto task = *detectionTask().make(detr.outputs, {});
    for (const int category : {-1, 3}) {
        const std::vector<TrueBox> truth{{0, 0, 9, 9, category, 81, false}};
        const auto added = task->measure()->add(truth, detr.row, detr.row);
        ASSERT_FALSE(added);
        EXPECT_EQ(added.error().code, ErrorCode::InvalidArgument);
        EXPECT_NE(added.error().message.find(std::to_string(category)), std::string::npos);
    }
}

TEST(Detection, FitsDetectorsOnly)
{
    const TaskDef& def = detectionTask();
    EXPECT_GT(def.fits(outputsOf({{"logits", {100, 92}}, {"pred_boxes", {100, 4}}}, 800, 800)), 0.9);
    EXPECT_GT(def.fits(outputsOf({{"output0", {84, 8400}}}, 640, 640)), 0.9);
    EXPECT_LT(def.fits(outputsOf({{"out", {40, 18385}}}, 48, 320)), 0.1);
    EXPECT_EQ(def.fits(outputsOf({{"logits", {1000}}}, 224, 224)), 0);
    const auto refused = def.make(outputsOf({{"logits", {1000}}}, 224, 224), {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("[batch, queries, 4]"), std::string::npos);
}

TEST(Detection, SaysWhichFormWasTaken)
{
    Detr detr(8, 5);
    for (std::size_t query = 0; query < 8; ++query)
        detr.logits(query)[4] = 9;
    const auto doubts = (*detectionTask().make(detr.outputs, {}))->assumed(detr.row);
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_NE(doubts[0].message.find("4 classes and, last, of nothing"), std::string::npos) << doubts[0].message;
    EXPECT_EQ(doubts[0].kind, DoubtKind::Assumption);
    const auto final = Final{}.task->assumed(Final::row({}));
    EXPECT_NE(final.at(0).message.find("final detections"), std::string::npos);
}

} // namespace
} // namespace qs::tasks
