#include "core/quant/accuracy.h"
#include "core/quant/evaluation_json.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

using namespace qs;
using namespace qs::quant;

namespace {

/// 64 labelled images, of which float gets 55 right and the quantized network 54.
Evaluation someFigures()
{
    Evaluation e;
    e.isFloat = false;
    e.images = e.labelled = 64;
    e.top1 = 54.0 / 64;
    e.top5 = 1;
    e.floatTop1 = 55.0 / 64;
    e.lost = 4;
    e.gained = 3;
    e.agreement = 58.0 / 64;
    e.modelBytes = 4'600'000;
    e.fileBytes = 6'400'000;
    return e;
}

} // namespace

TEST(Accuracy, IntervalsAreOfWhatWasCounted)
{
    const Evaluation e = someFigures();
    EXPECT_EQ(top1Interval(e), stats::wilson(54, 64));
    EXPECT_EQ(floatTop1Interval(e), stats::wilson(55, 64));
    EXPECT_EQ(agreementInterval(e), stats::wilson(58, 64));
    EXPECT_EQ(dropInterval(e), stats::pairedDifference(3, 4, 64));
    Evaluation older = e; // read from a file that did not keep them
    older.lost.reset();
    EXPECT_FALSE(dropInterval(older));
    Evaluation unlabelled;
    unlabelled.images = 10;
    EXPECT_FALSE(top1Interval(unlabelled));
}

// N1: "±0.0" of a signed difference reads as an error bar of zero.
TEST(Accuracy, TextsSayDifferencesAndIntervals)
{
    const Evaluation e = someFigures();
    EXPECT_EQ(withInterval(*e.top1, top1Interval(e)), "84.38 % (73.6 to 91.3)");
    EXPECT_EQ(pointsWithInterval(*e.top1 - *e.floatTop1, dropInterval(e)),
              "-1.56 points (-9.9 to 6.9, within noise)");
    EXPECT_EQ(pointsWithInterval(0, std::nullopt), "0.00 points");
    EXPECT_EQ(pointsWithInterval(-1e-9, std::nullopt), "0.00 points");
    EXPECT_EQ(pointsWithInterval(0.047, stats::Interval{0.01, 0.08}), "+4.70 points (1.0 to 8.0)");
}

TEST(Accuracy, JsonHasIntervalsAndBothSizes)
{
    Evaluation e = someFigures();
    const auto json = nlohmann::json::parse(evaluationToJson(e));
    EXPECT_EQ(json["top1_interval"], (nlohmann::json{stats::wilson(54, 64).low, stats::wilson(54, 64).high}));
    EXPECT_EQ(json["agreement_interval"].size(), 2U);
    EXPECT_NEAR(json["top1_difference"], -1.0 / 64, 1e-12);
    EXPECT_LT(json["top1_difference_interval"][0], 0);
    EXPECT_EQ(json["lost"], 4);
    EXPECT_EQ(json["gained"], 3);
    EXPECT_EQ(json["model_bytes"], 4'600'000);
    EXPECT_EQ(json["file_bytes"], 6'400'000);
    EXPECT_EQ(json["on_calibration_images"], false);
    e.fileBytes = 0;
    e.top1.reset();
    const auto none = nlohmann::json::parse(evaluationToJson(e));
    EXPECT_FALSE(none.contains("top1_interval"));
    EXPECT_FALSE(none.contains("file_bytes"));
}
