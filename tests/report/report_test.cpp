// The results file and the page that is made of it: what the page says is what the file says.
#include "core/base/number_text.h"
#include "core/report/html.h"
#include "core/report/page.h"
#include "core/report/results.h"

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <regex>
#include <string>
#include <vector>

namespace qs::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHostile = "<script>alert(\"1\") & 'x'</script>";

quant::Evaluation evaluation()
{
    quant::Evaluation e;
    e.preset = "smoothquant";
    e.coverage = graph::Coverage::Full;
    e.isFloat = false;
    e.images = 634;
    e.labelled = 600;
    e.top1 = 0.7131;
    e.top5 = 0.9217;
    e.floatTop1 = 0.8123;
    e.agreement = 0.8344;
    e.logitSqnrDb = 17.31;
    e.cosine = 0.991;
    e.meanWeightBits = 4.5;
    e.meanActivationBits = 6.25;
    e.modelBytes = 3190000;
    e.images = 634;
    return e;
}

Results results()
{
    Results r;
    r.evaluations = {evaluation()};
    onnx::ExportReport exported;
    exported.path = "vit_q.onnx";
    exported.fileBytes = 6543210;
    exported.opset = 17;
    onnx::NodePrecision product;
    product.node = "/blocks.0/MatMul";
    product.op = "MatMul";
    product.layer = "blocks.0.qkv";
    product.precision = onnx::Precision::Int8;
    product.macs = 21780000;
    onnx::NodePrecision softmax;
    softmax.node = "/blocks.0/Softmax";
    softmax.op = "Softmax";
    softmax.reason = "kept in float";
    exported.nodes = {product, softmax};
    r.exported = exported;
    onnx::VerifyReport verified;
    verified.images = 8;
    verified.top1Agreement = 0.875;
    verified.passed = true;
    r.verified = verified;
    return r;
}

/// What a reader sees: the body without tags.
std::string visible(const std::string& html)
{
    const std::size_t body = html.find("<h1");
    std::string text = body == std::string::npos ? html : html.substr(body);
    text = std::regex_replace(text, std::regex("<[^>]*>"), " ");
    return text;
}

void collect(const json& value, std::vector<double>& numbers, std::string& words)
{
    if (value.is_number())
        numbers.push_back(value.get<double>());
    else if (value.is_string())
        words += value.get<std::string>() + ' ';
    else if (value.is_structured())
        for (const json& child : value)
            collect(child, numbers, words);
}

/// Whether a number of the page is one of the file's, as a share in per cent, in millions, or as it is.
bool isFigureOf(const std::string& token, const std::vector<double>& numbers)
{
    const std::size_t point = token.find('.');
    const int digits = point == std::string::npos ? 0 : static_cast<int>(token.size() - point - 1);
    for (const double number : numbers)
        for (const double factor : {1.0, 100.0, 1e-6}) {
            char text[64];
            std::snprintf(text, sizeof text, "%.*f", digits, number * factor);
            if (token == text)
                return true;
        }
    return false;
}

TEST(Report, EveryFigureOfThePageIsInTheFile)
{
    const json file = resultsToJson(results());
    const auto html = htmlReport(file.dump());
    ASSERT_TRUE(html) << html.error().text();
    std::vector<double> numbers;
    std::string words;
    collect(file, numbers, words);
    const std::string text = visible(*html);
    int figures = 0;
    const std::regex number(R"([-+]?\b\d+(\.\d+)?\b)");
    for (std::sregex_iterator it(text.begin(), text.end(), number), end; it != end; ++it) {
        const std::string token = it->str();
        if (words.find(token) != std::string::npos) // of a name
            continue;
        // The page's own words: top-1, top-5, int8, a 95 % interval is of the file's figures.
        const std::string around =
            text.substr(static_cast<std::size_t>(std::max<std::ptrdiff_t>(it->position() - 8, 0)), 24);
        if (around.find("top") != std::string::npos || around.find("int8") != std::string::npos)
            continue;
        EXPECT_TRUE(isFigureOf(token, numbers)) << token << " in: " << around;
        ++figures;
    }
    EXPECT_GE(figures, 12);
}

TEST(Report, SaysTheFiguresAndOnWhatTheyStand)
{
    const auto html = htmlReport(resultsToJson(results()).dump());
    ASSERT_TRUE(html) << html.error().text();
    for (const char* figure : {"71.3", "83.4", "17.3", "3.19", "634", "full", "smoothquant", "6.54",
                               "blocks.0/MatMul", "kept in float", "87.5"})
        EXPECT_THAT(*html, HasSubstr(figure));
}

TEST(Report, WhatIsNotKnownIsADashAndNotAZero)
{
    Results r;
    quant::Evaluation unlabelled = evaluation();
    unlabelled.top1 = unlabelled.top5 = unlabelled.floatTop1 = std::nullopt;
    unlabelled.logitSqnrDb = std::numeric_limits<double>::infinity();
    r.evaluations = {unlabelled};
    const json file = resultsToJson(r);
    EXPECT_FALSE(file["evaluations"][0].contains("top1"));
    EXPECT_TRUE(file["evaluations"][0]["logit_sqnr_db"].is_null());
    const auto html = htmlReport(file.dump());
    ASSERT_TRUE(html) << html.error().text();
    EXPECT_THAT(visible(*html), Not(HasSubstr(" 0.0 ")));
    EXPECT_THAT(*html, HasSubstr("–"));
}

TEST(Report, IsTextAndNothingElse)
{
    Results r = results();
    r.evaluations[0].preset = kHostile;
    r.exported->path = kHostile;
    r.exported->nodes[0].node = kHostile;
    r.exported->nodes[1].reason = kHostile;
    const auto html = htmlReport(resultsToJson(r).dump());
    ASSERT_TRUE(html) << html.error().text();
    EXPECT_THAT(*html, Not(HasSubstr("<script")));
    EXPECT_THAT(*html, HasSubstr("&lt;script&gt;alert(&quot;1&quot;) &amp;"));
    for (const char* outside : {"http://", "https://", "src=", "@import", "url("})
        EXPECT_THAT(*html, Not(HasSubstr(outside)));
}

TEST(Report, EscapesWhatHtmlReads)
{
    EXPECT_EQ(escape("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
    EXPECT_EQ(escape(""), "");
    EXPECT_EQ(escape("größer – ×"), "größer – ×");
    EXPECT_EQ(escape("&amp;"), "&amp;amp;");
    EXPECT_THAT(cell("1", true), HasSubstr("class=n"));
    EXPECT_EQ(numberText(2.5, "%.2f"), "2.50");
}

TEST(Report, TheFileIsReadAsItWasWritten)
{
    const json file = resultsToJson(results());
    const json again = json::parse(file.dump());
    EXPECT_EQ(again, file);
    ASSERT_EQ(again["evaluations"].size(), 1U);
    EXPECT_DOUBLE_EQ(again["evaluations"][0]["top1"], 0.7131);
    EXPECT_EQ(again["export"]["nodes"].size(), 2U);
    EXPECT_DOUBLE_EQ(again["export"]["int8_mac_share"], 1.0);
    EXPECT_EQ(again["format"], "quantoscope-results");
    // The same figures from one evaluation as from a list of it.
    const auto list = htmlReport(json{{"evaluations", {file["evaluations"][0]}}}.dump());
    const auto one = htmlReport(file["evaluations"][0].dump());
    ASSERT_TRUE(list && one);
    EXPECT_EQ(*list, *one);
}

TEST(Report, OtherFilesAreRefusedWithTheReason)
{
    for (const char* text : {"", "{", "nonsense", "{\"a\": }"}) {
        const auto html = htmlReport(text);
        ASSERT_FALSE(html) << text;
        EXPECT_EQ(html.error().code, ErrorCode::Malformed) << text;
    }
    for (const char* text : {"3", "[]", "{}", "[{}]", R"({"evaluations": 3})", R"({"evaluations": [3]})",
                             R"({"format": "quantoscope-recipe"})"}) {
        const auto html = htmlReport(text);
        ASSERT_FALSE(html) << text;
        EXPECT_TRUE(html.error().code == ErrorCode::InvalidArgument || html.error().code == ErrorCode::Malformed)
            << text << ": " << html.error().text();
        EXPECT_FALSE(html.error().message.empty());
    }
}

} // namespace
} // namespace qs::report
