#include "core/quant/presets.h"
#include "core/report/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace qs::report {
namespace {

using testing::HasSubstr;

Comparison example()
{
    Comparison comparison{"vit.onnx", "aa", 634, "bb", 0.8123, {}};
    ComparisonRow row;
    row.key = "1";
    row.of = {"detection", "logits,pred_boxes", "cc", "dd"};
    row.method = "mptq-vit";
    row.calibration = "draw1, 32";
    row.calibrationImages = 32;
    row.weightBits = 4;
    row.activationBits = 6;
    row.coverage = graph::Coverage::Full;
    row.top1 = 0.715;
    row.agreement = 0.8;
    row.klDivergence = 0.49;
    row.logitSqnrDb = 7.25;
    row.modelBytes = 3190000;
    row.int8Share = 0.64;
    row.resolveSeconds = 1.5;
    row.found = *quant::presetRecipe("minmax", 4, 6);
    row.found->overrides["blocks.0.fc1.input"].bits = 5;
    comparison.rows.push_back(row);
    ComparisonRow failed;
    failed.key = "2";
    failed.method = "a \"b\" <c>";
    failed.failure = "blocks.0.fc2.input: log2 takes no values below 0";
    failed.logitSqnrDb = INFINITY;
    comparison.rows.push_back(failed);
    return comparison;
}

TEST(Comparison, JsonKeepsEverything)
{
    const auto back = comparisonFromJson(comparisonToJson(example()));
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(*back, example());
}

TEST(Comparison, OtherJsonIsRefusedWithTheReason)
{
    EXPECT_EQ(comparisonFromJson("{").error().code, ErrorCode::Malformed);
    EXPECT_EQ(comparisonFromJson("[]").error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(comparisonFromJson(R"({"format": "quantoscope-recipe"})").error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(comparisonFromJson(R"({"format": "quantoscope-comparison", "version": 2})").error().code,
              ErrorCode::Unsupported);
    EXPECT_EQ(comparisonFromJson(R"({"format": "quantoscope-comparison", "version": 1, "model": 3})").error().code,
              ErrorCode::InvalidArgument);
    std::string bad = comparisonToJson(example());
    const std::string format = "quantoscope-recipe";
    bad.replace(bad.find(format), format.size(), "something");
    EXPECT_EQ(comparisonFromJson(bad).error().code, ErrorCode::InvalidArgument);
}

TEST(Comparison, CsvQuotesWhatNeedsItAndLeavesUnknownFiguresEmpty)
{
    const std::string csv = comparisonToCsv(example());
    EXPECT_THAT(csv, HasSubstr("mptq-vit,4,6,full,\"draw1, 32\",32,634,71.50,81.23,80.00,0.49000,7.25,"));
    EXPECT_THAT(csv, HasSubstr("\"a \"\"b\"\" <c>\",8,8,matmul,,0,634,,81.23,"));
}

TEST(Comparison, HtmlIsEscapedAndSaysOnWhatItStands)
{
    const std::string html = comparisonToHtml(example());
    EXPECT_THAT(html, HasSubstr("634 images, float top-1 81.23 %"));
    EXPECT_THAT(html, HasSubstr("a &quot;b&quot; &lt;c&gt;"));
    EXPECT_THAT(html, HasSubstr("draw1, 32, 32 images"));
}

} // namespace
} // namespace qs::report
