// Figures in files: every member there and back, also those that JSON has no number for.
#include "core/base/json_write.h"
#include "core/quant/evaluation_json.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace qs;
using namespace qs::quant;

namespace {

Evaluation everything()
{
    Evaluation e;
    e.images = 100;
    e.labelled = 90;
    e.top1 = 0.5;
    e.top5 = 0.75;
    e.floatTop1 = 0.625;
    e.floatTop5 = 0.875;
    e.lost = 14;
    e.gained = 3;
    e.onCalibrationImages = true;
    e.agreement = 0.875;
    e.logitSqnrDb = 12.5;
    e.cosine = 0.99;
    e.maxDifference = 3;
    e.klDivergence = 0.25;
    e.relativeError = 0.125;
    e.meanWeightBits = 4;
    e.meanActivationBits = 6;
    e.modelBytes = 1000;
    e.fileBytes = 2000;
    e.bops = 1e9;
    e.imagesPerSecond = 10;
    e.seconds = 9;
    e.isFloat = false;
    e.coverage = graph::Coverage::Full;
    e.preset = "minmax \xff"; // bytes that are no UTF-8
    e.threads = 2;
    e.batch = 8;
    e.doubts = {{DoubtKind::Labels, "m", "c", {{"n", 1}, {"nan", NAN}}}};
    return e;
}

Evaluation again(const Evaluation& evaluation)
{
    const auto file = JsonReader::parse(evaluationToJson(evaluation, false));
    EXPECT_TRUE(file);
    const Evaluation read = evaluationFrom(*file);
    EXPECT_TRUE(file->check()) << file->check().error().text();
    return read;
}

} // namespace

TEST(EvaluationJson, KeepsEveryFigure)
{
    const Evaluation read = again(everything());
    EXPECT_EQ(evaluationToJson(again(read), false), evaluationToJson(everything(), false));
    EXPECT_EQ(read.preset, "minmax \xEF\xBF\xBD");
    EXPECT_EQ(read.lost, 14U);
    EXPECT_EQ(read.fileBytes, 2000U);
    EXPECT_TRUE(std::isnan(read.doubts.at(0).evidence.at("nan")));
    // What the first sessions called it.
    EXPECT_EQ(evaluationFrom(*JsonReader::parse(R"({"kl": 0.5})")).klDivergence, 0.5);
}

TEST(EvaluationJson, WhatIsNoNumberIsNoGoodNumber)
{
    Evaluation e = everything();
    e.logitSqnrDb = e.cosine = e.klDivergence = e.relativeError = e.maxDifference = NAN;
    Evaluation read = again(e);
    for (const double figure : {read.logitSqnrDb, read.cosine, read.klDivergence, read.relativeError})
        EXPECT_TRUE(std::isnan(figure)); // before: infinite, 1, 0, 0
    e.logitSqnrDb = INFINITY;
    EXPECT_TRUE(evaluationJson(e)["logit_sqnr_db"].is_null());
    EXPECT_EQ(again(e).logitSqnrDb, INFINITY);
    e.logitSqnrDb = -INFINITY;
    EXPECT_EQ(again(e).logitSqnrDb, -INFINITY);
}

TEST(EvaluationJson, WrongValuesNameTheirPlace)
{
    for (const auto& [text, error] : {std::pair{R"({"top1": 1.5})", "top1: is out of bounds: 1.5"},
                                      {R"({"images": -1})", "images: must be an integer from 0 to 4503599627370496"},
                                      {R"({"coverage": "some"})", R"(coverage: must be one of "matmul", "full")"},
                                      {R"({"doubts": [{"kind": "x"}]})", "doubts[0].kind: must be one of"},
                                      {R"({"threads": 1e300})", "threads: must be an integer"}}) {
        const auto file = JsonReader::parse(text);
        ASSERT_TRUE(file);
        evaluationFrom(*file);
        ASSERT_TRUE(file->failed()) << text;
        EXPECT_TRUE(file->check().error().text().starts_with(error)) << file->check().error().text();
    }
}
