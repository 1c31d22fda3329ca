// The HTML report: what it says, and one clear message for JSON of another making.
#include "core/quant/evaluation_json.h"
#include "core/report/html.h"
#include "core/report/results.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

using namespace qs;
using namespace qs::report;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

quant::Evaluation sample()
{
    quant::Evaluation e;
    e.isFloat = false;
    e.preset = "minmax <&>";
    e.coverage = graph::Coverage::Full;
    e.images = 100;
    e.labelled = 90;
    e.top1 = 0.741;
    e.top5 = 0.9;
    e.floatTop1 = 0.8125;
    e.agreement = 0.84;
    e.logitSqnrDb = 12.5;
    e.klDivergence = 0.0625;
    e.relativeError = 0.03125;
    e.cosine = 0.75;
    e.maxDifference = 1.5;
    e.meanWeightBits = 4.5;
    e.meanActivationBits = 8;
    e.modelBytes = 1234567;
    e.bops = 1e9;
    e.seconds = 2;
    e.imagesPerSecond = 50;
    e.threads = 3;
    e.batch = 8;
    e.doubts = {{DoubtKind::LabelShift, "labels are moved by one", "--label-offset -1", {{"hits", 12}}}};
    return e;
}

/// Every value of the document in turn with one of another type.
std::vector<nlohmann::json> spoiled(const nlohmann::json& whole)
{
    std::vector<nlohmann::json> made;
    const auto flat = whole.flatten();
    for (const auto& [pointer, value] : flat.items())
        for (const nlohmann::json& other :
             {nlohmann::json("text"), nlohmann::json(true), nlohmann::json(17), nlohmann::json::array({1}),
              nlohmann::json({{"a", 1}}), nlohmann::json(-1e300), nlohmann::json()}) {
            if (other.type() == value.type())
                continue;
            nlohmann::json bad = whole;
            bad[nlohmann::json::json_pointer(pointer)] = other;
            made.push_back(std::move(bad));
        }
    return made;
}

nlohmann::json wholeResults()
{
    return {{"format", "quantoscope-results"},
            {"model", {{"file", "deit.onnx"}}},
            {"evaluations", nlohmann::json::array({nlohmann::json(quant::evaluationJson(sample()))})},
            {"sites", {{{"site", "a"}, {"role", "fc1"}, {"bits", 4}, {"low", -1.5}, {"high", 2}, {"sqnr_db", 20.5}}}},
            {"export",
             {{"path", "q.onnx"},
              {"file_bytes", 1000},
              {"opset", 17},
              {"int8_mac_share", 0.5},
              {"nodes", {{{"node", "n"}, {"op", "MatMul"}, {"precision", "int8"}, {"reason", ""}, {"macs", 10}}}},
              {"verified",
               {{"images", 16},
                {"passed", true},
                {"top1_agreement", 1.0},
                {"opinions", {{{"judge", "ort"}, {"question", "file"}, {"images", 3}, {"sqnr_db", 30.0}}}}}}}}};
}

} // namespace

TEST(HtmlReport, SaysFiguresDoubtsSitesAndExport)
{
    const auto page = htmlReport(wholeResults().dump());
    ASSERT_TRUE(page) << page.error().text();
    for (const char* part : {"deit.onnx", "minmax &lt;&amp;&gt;", "74.1", "84.0", "12.5", "1.23", "full",
                             "labels are moved by one: --label-offset -1", "passed", "opset 17", "int8", "20.5"})
        EXPECT_THAT(*page, HasSubstr(part));
    EXPECT_THAT(*page, Not(HasSubstr("NOT passed")));
    EXPECT_TRUE(htmlReport(quant::evaluationToJson(sample()))); // one evaluation alone
}

/// Of a task that is no classification: its own figures, and nothing about the largest output.
TEST(HtmlReport, SaysTheFiguresOfOtherTasks)
{
    quant::Evaluation masks = sample();
    masks.scores = false;
    masks.task = "segmentation";
    masks.top1 = masks.top5 = masks.floatTop1 = {};
    masks.figures = {{"miou", "mIoU", 0.6017, stats::Interval{0.57, 0.6314}, "%", true},
                     {"pixel_agreement", "pixel agreement", 0.9032, stats::Interval{0.8931, 0.9127}, "%", true}};
    nlohmann::json results = wholeResults();
    results["evaluations"] = nlohmann::json::array({nlohmann::json(quant::evaluationJson(masks))});
    results["export"]["verified"].erase("top1_agreement");
    const auto page = htmlReport(results.dump());
    ASSERT_TRUE(page) << page.error().text();
    for (const char* part : {"mIoU", "60.17 % (57.00 to 63.14)", "pixel agreement", "90.32 %<", "16 images: passed"})
        EXPECT_THAT(*page, HasSubstr(part));
    EXPECT_THAT(*page, Not(HasSubstr("top-1")));
    EXPECT_THAT(*page, Not(HasSubstr("89.31"))); // the interval of the headline alone

    // Beside class scores: a table each.
    results["evaluations"].push_back(nlohmann::json(quant::evaluationJson(sample())));
    const auto both = htmlReport(results.dump());
    ASSERT_TRUE(both) << both.error().text();
    for (const char* part : {"60.17 % (57.00 to 63.14)", "74.1", "top-1 %"})
        EXPECT_THAT(*both, HasSubstr(part));
}

TEST(HtmlReport, OtherTypesAreOneMessageWithTheirPlace)
{
    const auto messageOf = [](const char* text) {
        const auto page = htmlReport(text);
        return page ? std::string() : page.error().text();
    };
    EXPECT_EQ(messageOf(R"({"evaluations":[],"export":{"verified":{"passed":"x"}}})"),
              "export.verified.passed: must be true or false");
    EXPECT_EQ(messageOf(R"({"evaluations":[],"export":{"verified":[]}})"), "export.verified: must be an object");
    EXPECT_EQ(messageOf(R"({"evaluations":[1]})"), "evaluations[0]: must be an object");
    EXPECT_EQ(messageOf(R"({"evaluations":[null]})"), "evaluations[0]: must not be null");
    EXPECT_EQ(messageOf(R"({"evaluations":{}})"), "evaluations: must be a list");
    EXPECT_EQ(messageOf(R"({"evaluations":[],"sites":[[]]})"), "sites[0]: must be an object");
    EXPECT_EQ(messageOf(R"({"evaluations":[],"export":[]})"), "export: must be an object");
    EXPECT_THAT(messageOf(R"({"format": "quantoscope-recipe"})"), HasSubstr("holds neither an evaluation"));
    EXPECT_THAT(messageOf("[]"), HasSubstr("holds neither an evaluation"));
    EXPECT_THAT(messageOf("{"), HasSubstr("not JSON"));
}

TEST(HtmlReport, EveryValueOfAnotherTypeIsRefusedOrLeftOut)
{
    std::size_t refused = 0;
    for (const nlohmann::json& bad : spoiled(wholeResults())) {
        const auto page = htmlReport(bad.dump());
        if (page)
            continue; // a key that the page does not use, or null: not known
        ++refused;
        EXPECT_FALSE(page.error().message.empty());
        EXPECT_EQ(page.error().text().find('\n'), std::string::npos);
    }
    EXPECT_GT(refused, 80U);
}
