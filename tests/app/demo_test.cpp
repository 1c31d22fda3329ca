// The demo's road of a task that is no classification, and its figures as ONNX Runtime and numpy find them.
#include "core/project/demos.h"
#include "core/tasks/task.h"
#include "tests/app/cli_fixture.h"

#include <cmath>
#include <cstdlib>
#include <map>

namespace {

namespace fs = std::filesystem;
using qs::test::Cli;
using qs::test::Outcome;

TEST(Demos, HaveTheirFilesAndATask)
{
    for (const qs::project::DemoDef& demo : qs::project::demos()) {
        const auto files = qs::project::demoFiles(QUANTOSCOPE_DEMO, demo);
        EXPECT_NE(qs::tasks::findTask(demo.task), nullptr) << demo.task;
        EXPECT_EQ(qs::project::findDemo(demo.task), &demo);
        EXPECT_TRUE(fs::is_regular_file(files.model)) << files.model;
        EXPECT_TRUE(fs::is_directory(files.calibration)) << files.calibration;
        std::size_t images = 0;
        for (const auto& entry : fs::directory_iterator(files.test)) {
            if (entry.path().extension() != ".jpg")
                continue;
            ++images;
            if (files.masks) {
                EXPECT_TRUE(fs::exists(*files.masks / entry.path().stem() += ".png")) << entry.path();
            }
        }
        EXPECT_EQ(images, 360u);
    }
    EXPECT_EQ(qs::project::findDemo("nonsense"), nullptr);
}

/// Lines of results.json by preset and rounded bits: "minmax 8", "float 32".
std::map<std::string, nlohmann::json> byName(const nlohmann::json& results)
{
    std::map<std::string, nlohmann::json> lines;
    for (const auto& line : results.at("evaluations")) {
        const std::string preset = line.at("float") ? "float" : line.at("preset").get<std::string>();
        lines[preset + " " + std::to_string(std::lround(line.at("mean_weight_bits").get<double>()))] = line;
    }
    return lines;
}

constexpr double kFloat = 0.8845, kMinMax4 = 0.6876, kMptq4 = 0.8665; // mIoU of the 360 images, as in FIGURES.md

class SegmentationDemo : public Cli {
protected:
    static double miou(const nlohmann::json& line) { return line.at("headline").at("value"); }
};

TEST_F(SegmentationDemo, GoesTheWholeRoad)
{
    const Outcome outcome = run("demo --task segmentation -o " + path("out"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_NE(outcome.output.find("mIoU"), std::string::npos) << outcome.output;
    EXPECT_EQ(outcome.output.find("top-1"), std::string::npos) << outcome.output;
    const auto results = readJson(folder / "out" / "results.json");
    auto lines = byName(results);
    ASSERT_EQ(lines.size(), 11u);
    for (const auto& [name, line] : lines) {
        const auto& headline = line.at("headline");
        EXPECT_EQ(line.at("task"), "segmentation") << name;
        EXPECT_EQ(headline.at("name"), "miou") << name;
        EXPECT_LE(headline.at("low"), headline.at("value")) << name;
        EXPECT_GE(headline.at("high"), headline.at("value")) << name;
        EXPECT_LT(headline.at("high").get<double>() - headline.at("low").get<double>(), 0.1) << name;
    }
    // What resources/FIGURES.md says of it: little is lost at 8 bits, much by min-max at 4, less by what is made for
    // it.
    EXPECT_NEAR(miou(lines["float 32"]), kFloat, 0.002);
    EXPECT_NEAR(miou(lines["minmax 8"]), kFloat, 0.01);
    EXPECT_NEAR(miou(lines["minmax 4"]), kMinMax4, 0.05);
    EXPECT_NEAR(miou(lines["mptq-vit 4"]), kMptq4, 0.05);
    const auto& searched = lines["mptq-vit, searched 5"];
    EXPECT_LE(searched.at("mean_weight_bits"), 5.0);
    EXPECT_LE(searched.at("mean_activation_bits"), 5.0);
    EXPECT_GT(miou(searched), miou(lines["mptq-vit 4"]));
    EXPECT_EQ(results.at("export").at("verified").at("passed"), true);
    EXPECT_FALSE(results.at("export").at("verified").contains("top1_agreement"));
    EXPECT_TRUE(fs::exists(folder / "out" / "report.html"));

    // Another runtime and another mIoU say the same of the float file and of the exported one.
    const char* python = std::getenv("QUANTOSCOPE_PYTHON");
    if (!python || *python == '\0')
        GTEST_SKIP() << "QUANTOSCOPE_PYTHON names no Python with onnxruntime";
    const int status = std::system(
        ("'" + std::string(python) + "' '" QUANTOSCOPE_MIOU_JUDGE "' '" QUANTOSCOPE_DEMO "' '" + path("out") + "'")
            .c_str());
    if (WEXITSTATUS(status) == 77)
        GTEST_SKIP() << python << " has no onnxruntime";
    EXPECT_EQ(status, 0);
}

/// What a user does by hand with the demo's files says the same.
TEST_F(SegmentationDemo, IsWhatTheOtherCommandsSay)
{
    const std::string network = QUANTOSCOPE_DEMO "/demo_segformer.onnx";
    const std::string common = "evaluate " + network + " --images " + test + " --preprocess crop-only --masks " +
                               QUANTOSCOPE_DEMO "/masks/test --json " + path("e.json");
    Outcome outcome = run(common);
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_NEAR(miou(readJson(path("e.json"))), kFloat, 0.002);
    // Masks of another network's classes.
    expectRefusal(common + " --task classification", {"classification"});
    expectRefusal("demo --task nonsense -o " + path("out"), {"--task", "classification", "segmentation"});
}

} // namespace
