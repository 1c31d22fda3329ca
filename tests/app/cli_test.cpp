#include "tests/app/cli_fixture.h"
#include "tests/support/sanitized.h"

#include <chrono>
#include <thread>
namespace {

namespace fs = std::filesystem;
using qs::test::Cli;
using qs::test::Outcome;

TEST_F(Cli, HelpAndVersion)
{
    EXPECT_EQ(run("--help").exitCode, 0);
    EXPECT_EQ(run("evaluate --help").exitCode, 0);
    EXPECT_EQ(run("--version").exitCode, 0);
}

TEST_F(Cli, WrongUsageIsOneLineAndTwo)
{
    expectRefusal("", {"subcommand"});
    expectRefusal("frobnicate", {"quantoscope-cli"});
    expectRefusal("inspect", {"model"});
    expectRefusal("inspect " + path("missing.onnx"), {"missing.onnx"});
    expectRefusal("evaluate " + model + " --images " + path("nowhere"), {"nowhere"});
    expectRefusal("evaluate " + model + " --images " + test + " --preset nonsense --calib-images " + calib,
                  {"nonsense", "minmax"});
    expectRefusal("evaluate " + model + " --images " + test + " --preset minmax", {"--calibration"});
    expectRefusal("evaluate " + model + " --images " + test + " --mean 1,2", {"--mean"});
    expectRefusal("evaluate " + model + " --images " + test + " --std 1,0,1", {"--std"});
    expectRefusal("evaluate " + model + " --images " + test + " --resize -3", {"--resize"});
    expectRefusal("evaluate " + model + " --images " + test + " --crop 32", {"--crop", "64"});
    expectRefusal("evaluate " + model + " --images " + test + " --preset minmax --weight-bits 1 --calib-images " +
                      calib,
                  {"bits"});
}

TEST_F(Cli, InspectListsSites)
{
    const Outcome outcome = run("inspect " + model + " --json " + path("sites.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    const auto json = readJson(path("sites.json"));
    ASSERT_GT(json.at("sites").size(), 20u);
    for (const auto& site : json.at("sites"))
        for (const char* key : {"name", "role", "block", "kind", "shape"})
            EXPECT_TRUE(site.contains(key)) << key;
    EXPECT_FALSE(json.at("sites")[0].contains("ranges"));
    EXPECT_EQ(json.at("sites")[0].at("smoothing").at("place"), "none"); // the image
    EXPECT_NE(json.at("sites")[0].at("smoothing").at("reason"), "");
    EXPECT_NE(outcome.output.find("folded into the normalization"), std::string::npos);
}

/// With a calibration: ranges, and zero points that are no codes.
TEST_F(Cli, InspectShowsZeroPoints)
{
    const Outcome outcome = run("inspect " + model + " --resize none --calib-images " + calib +
                                " --calib-count 4 --activation-bits 8,4 --json " + path("ranges.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_NE(outcome.output.find("dynamic range"), std::string::npos);
    std::size_t activations = 0;
    std::size_t overflowing = 0;
    const auto json = readJson(path("ranges.json"));
    for (const auto& site : json.at("sites")) {
        if (!site.contains("ranges"))
            continue;
        ++activations;
        const auto& ranges = site.at("ranges");
        const double low = ranges.at("low");
        const double high = ranges.at("high");
        EXPECT_GE(ranges.at("dynamic_range"), 1);
        ASSERT_EQ(ranges.at("zero_points").size(), 2);
        for (const auto& one : ranges.at("zero_points")) {
            const int largest = one.at("bits") == 8 ? 255 : 15;
            const int zeroPoint = one.at("zero_point");
            EXPECT_EQ(one.at("overflows"), zeroPoint < 0 || zeroPoint > largest);
            EXPECT_LE(one.at("channels_overflowing"), ranges.at("channels"));
            overflowing += one.at("channels_overflowing") > 0 ? 1 : 0;
            if (low <= 0 && high > low) {
                EXPECT_NEAR(zeroPoint, -low / (high - low) * largest, 0.51);
            }
        }
    }
    EXPECT_GT(activations, 10u);
    EXPECT_GT(overflowing, 0u);
}

TEST_F(Cli, CalibrateEvaluateExportReport)
{
    const std::string pixels = " --resize none";
    Outcome outcome =
        run("calibrate " + model + " --images " + calib + pixels + " --count 16 -o " + path("demo.qcal"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;

    outcome = run("evaluate " + model + " --images " + test + pixels + " --count 60 --json " + path("float.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    const auto floats = readJson(path("float.json"));
    EXPECT_EQ(floats.at("images"), 60);
    EXPECT_GE(floats.at("top1").get<double>(), 0.8);
    EXPECT_EQ(floats.at("agreement"), 1.0);

    outcome = run("evaluate " + model + " --images " + test + pixels + " --count 60 --preset minmax --calibration " +
                  path("demo.qcal") + " --json " + path("w8a8.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    const auto w8a8 = readJson(path("w8a8.json"));
    for (const char* key :
         {"images", "top1", "top5", "agreement", "logit_sqnr_db", "mean_weight_bits", "mean_activation_bits",
          "model_bytes", "images_per_second", "seconds", "coverage", "preset", "threads", "batch"})
        EXPECT_TRUE(w8a8.contains(key)) << key;
    EXPECT_GE(w8a8.at("agreement").get<double>(), 0.9);
    EXPECT_EQ(w8a8.at("mean_weight_bits"), 8.0);
    EXPECT_EQ(w8a8.at("coverage"), "matmul");
    EXPECT_LT(w8a8.at("model_bytes").get<double>(), floats.at("model_bytes").get<double>() / 3);

    outcome = run("evaluate " + model + " --images " + test + pixels +
                  " --count 20 --preset minmax --coverage full --calibration " + path("demo.qcal") + " --json " +
                  path("full.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_EQ(readJson(path("full.json")).at("coverage"), "full");
    expectRefusal("evaluate " + model + " --images " + test + pixels + " --coverage full",
                  {"--coverage", "--preset"});

    outcome = run("export " + model + " --preset minmax --calibration " + path("demo.qcal") + pixels + " -o " +
                  path("q.onnx") + " --verify 16 --images " + test);
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_NE(outcome.output.find("passed"), std::string::npos) << outcome.output;
    EXPECT_LT(fs::file_size(path("q.onnx")), fs::file_size(model) / 2);

    outcome = run("report " + path("w8a8.json") + " -o " + path("report.html"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_GT(fs::file_size(path("report.html")), 1000u);
}

TEST_F(Cli, ReportOfASession)
{
    // As a window of the first version wrote it.
    std::ofstream(path("s.quantoscope")) << R"({"format": "quantoscope-session", "version": 1,
        "model": {"path": "/made/up/small.onnx", "hash": "abc"}, "calibration": null, "calibration_images": null,
        "calibration_count": 32, "test_images": null, "label_offset": 0, "preprocess": {"crop": [64, 64]},
        "history": {"index": 0, "states": [{"text": "four bits",
            "recipe": {"format": "quantoscope-recipe", "version": 1},
            "evaluation": {"images": 10, "labelled": 10, "agreement": 0.625, "logit_sqnr_db": null, "kl": 0.25,
                           "coverage": "full", "preset": "minmax", "top1": 0.5}}]}, "selection": [], "window": ""})";
    const Outcome outcome = run("report " + path("s.quantoscope") + " -o " + path("s.html"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    std::ifstream page(path("s.html"));
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    for (const char* part : {"small.onnx", "four bits", "62.5", "what it was computed from is not known"})
        EXPECT_NE(text.find(part), std::string::npos) << part;
    // Without a name beside the session, and over nothing that is there.
    expectRefusal("report " + path("s.quantoscope"), {"s.html", "exists already", "--out"});
    fs::remove(path("s.html"));
    EXPECT_EQ(run("report " + path("s.quantoscope")).output, path("s.html") + "\n");
    EXPECT_TRUE(fs::exists(path("s.html")));
    std::ofstream(path("passed.json")) << R"({"evaluations":[],"export":{"verified":{"passed":"x"}}})";
    expectRefusal("report " + path("passed.json") + " -o " + path("r.html"),
                  {"passed.json", "export.verified.passed: must be true or false"});
    std::ofstream(path("cut.quantoscope")) << R"({"format": "quantoscope-session", "version": 2, "history": 3})";
    expectRefusal("report " + path("cut.quantoscope") + " -o " + path("r.html"), {"cut.quantoscope", "preprocess"});
}

TEST_F(Cli, HessianNeedsACalibrationWithImportances)
{
    std::ofstream(path("hessian.json")) << R"({"format": "quantoscope-recipe", "version": 1,
        "weight": {"bits": 4, "estimator": {"kind": "search"}, "objective": "hessian"},
        "activation": {"bits": 4, "scheme": "symmetric", "estimator": {"kind": "search"}, "objective": "hessian"}})";
    const std::string calibrate = "calibrate " + model + " --images " + calib + " --count 4 --resize none -o ";
    const auto evaluated = [&](const char* file) {
        return "evaluate " + model + " --images " + test + " --count 4 --resize none --recipe " +
               path("hessian.json") + " --calibration " + path(file) + " --json " + path("e.json");
    };
    Outcome outcome = run(calibrate + path("plain.qcal"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    expectRefusal(evaluated("plain.qcal"), {"hessian", "importances"});
    expectRefusal(calibrate + path("no.qcal") + " --preset minmax", {"--importances"});
    std::vector<double> divergences;
    for (const char* options :
         {" --importances", " --importances --preset minmax --weight-bits 4 --activation-bits 4"}) {
        outcome = run(calibrate + path("more.qcal") + options);
        ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
        outcome = run(evaluated("more.qcal"));
        ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
        divergences.push_back(readJson(path("e.json")).at("kl_divergence"));
    }
    EXPECT_NE(divergences[0], divergences[1]);
    expectRefusal(calibrate + path("no.qcal") +
                      " --importances --preset minmax --weight-bits 32 --activation-bits 32",
                  {"no derivative"});
}

TEST_F(Cli, SearchWritesARecipeThatEvaluateTakes)
{
    const std::string common = "search " + model + " --resize none --images " + calib + " --calib-images " + calib +
                               " --calib-count 8 --count 4 --preset percentile -o " + path("r.json");
    expectRefusal(common, {"budget", "--mean-bits"});
    expectRefusal(common + " --mean-bits 6 --lock nothing=8", {"--lock", "nothing"});
    expectRefusal(common + " --mean-bits 6 --lock head.*", {"--lock", "PATTERN=BITS"});
    expectRefusal(common + " --mean-bits 6 --mode best", {"--mode"});
    EXPECT_FALSE(fs::exists(folder / "r.json"));

    Outcome outcome =
        run(common + " --mean-bits 6 --mode table --lock head.*=8 --lock blocks.0.fc?.weight=7 --trace " +
            path("t.csv") + " --json " + path("s.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    const auto found = readJson(path("s.json"));
    EXPECT_EQ(found.at("mode"), "table");
    EXPECT_EQ(found.at("met"), true);
    EXPECT_LE(found.at("steps").back().at("mean_weight_bits").get<double>(), 6);
    EXPECT_LE(found.at("steps").back().at("mean_activation_bits").get<double>(), 6);
    std::ifstream trace(path("t.csv"));
    EXPECT_EQ(std::count(std::istreambuf_iterator<char>(trace), {}, '\n'), found.at("steps").size() + 2);
    const auto recipe = readJson(path("r.json"));
    EXPECT_EQ(recipe.at("overrides").at("head.input").at("bits"), 8);
    EXPECT_EQ(recipe.at("overrides").at("blocks.0.fc1.weight").at("bits"), 7);

    outcome = run("evaluate " + model + " --images " + calib + " --count 4 --resize none --calib-images " + calib +
                  " --calib-count 8 --recipe " + path("r.json") + " --json " + path("e.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_NEAR(readJson(path("e.json")).at("kl_divergence").get<double>(), found.at("loss").get<double>(), 1e-9);

    // What was found can be continued; a budget that cannot be met is said, and the nearest written.
    outcome = run("search " + model + " --resize none --images " + calib + " --calib-images " + calib +
                  " --calib-count 8 --count 1 --recipe " + path("r.json") +
                  " --continue --mode table --max-bytes 1000 -o " + path("r2.json"));
    EXPECT_EQ(outcome.exitCode, 2) << outcome.output;
    EXPECT_NE(outcome.output.find("cannot be met"), std::string::npos) << outcome.output;
    EXPECT_TRUE(fs::exists(folder / "r2.json"));
}

TEST_F(Cli, InterruptedSearchWritesWhatItFound)
{
    Outcome outcome =
        run("calibrate " + model + " --images " + calib + " --count 8 --resize none -o " + path("s.qcal"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    // More than 10,000 evaluations. How long the float pass before them takes is the machine's affair, so the
    // interruption comes later each time until it finds a search that has begun.
    for (int seconds = 2; seconds <= 256; seconds *= 2) {
        outcome = run("--version && timeout -s INT " + std::to_string(seconds) + " " QUANTOSCOPE_CLI " search " +
                      model + " --resize none --images " + test + " --calibration " + path("s.qcal") +
                      " --count 24 --preset percentile --mean-bits 3.5 --mode exact -o " + path("r.json"));
        ASSERT_EQ(outcome.exitCode, 124) << outcome.output; // of timeout
        if (outcome.output.find("what was found is written") != std::string::npos)
            break;
    }
    EXPECT_NE(outcome.output.find("what was found is written"), std::string::npos) << outcome.output;
    EXPECT_TRUE(readJson(path("r.json")).contains("overrides"));
}

TEST_F(Cli, CompareMakesATableThatCanBeContinued)
{
    const std::string common = "compare " + model + " --images " + test +
                               " --count 20 --resize none --calib-images " + calib + " --calib-count 8";
    expectRefusal(common + " --bits 4", {"--bits", "4/4"});
    expectRefusal(common + " --presets best", {"best", "minmax"});
    expectRefusal(common + " -o " + path("t.txt"), {"t.txt", ".csv"});

    // One of three lines cannot be: softmax codes on values of both signs.
    std::ofstream(path("log.json")) << R"({"format": "quantoscope-recipe", "version": 1,
        "overrides": {"blocks.0.fc1.input": {"quantizer": "log2"}}})";
    const std::string keep = " --resume " + path("t.json");
    Outcome outcome = run(common + keep + " --bits 4/6 --presets minmax,percentile --recipes " + path("log.json") +
                          " -o " + path("t.csv") + " -o " + path("t.html"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    const auto first = readJson(path("t.json"));
    ASSERT_EQ(first.at("rows").size(), 3);
    EXPECT_EQ(first.at("rows")[0].at("method"), "minmax");
    EXPECT_EQ(first.at("rows")[0].at("weight_bits"), 4);
    EXPECT_EQ(first.at("rows")[0].at("activation_bits"), 6);
    EXPECT_GT(first.at("rows")[1].at("int8_mac_share"), 0.9);
    EXPECT_EQ(first.at("rows")[2].at("method"), "log");
    EXPECT_NE(first.at("rows")[2].at("failure"), "");
    std::ifstream csv(path("t.csv"));
    EXPECT_EQ(std::count(std::istreambuf_iterator<char>(csv), {}, '\n'), 4);
    EXPECT_TRUE(fs::exists(folder / "t.html"));

    // The figures are those of `evaluate`.
    outcome =
        run("evaluate " + model + " --images " + test + " --count 20 --resize none --calib-images " + calib +
            " --calib-count 8 --preset percentile --weight-bits 4 --activation-bits 6 --json " + path("e.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    for (const char* figure : {"top1", "agreement", "kl_divergence", "logit_sqnr_db", "model_bytes"})
        EXPECT_EQ(readJson(path("e.json")).at(figure), first.at("rows")[1].at(figure)) << figure;

    // Again with one more width: finished lines stay as they are, to the second.
    outcome = run(common + keep + " --bits 8/8,4/6 --presets minmax,percentile");
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    const auto second = readJson(path("t.json"));
    ASSERT_EQ(second.at("rows").size(), 5);
    EXPECT_EQ(second.at("rows")[0].at("weight_bits"), 8);
    for (int row = 0; row < 3; ++row)
        EXPECT_EQ(second.at("rows")[static_cast<std::size_t>(row + 2)],
                  first.at("rows")[static_cast<std::size_t>(row)]);

    // Bias correction on top of a preset is a line of its own.
    outcome = run(common + " --bits 4/4 --presets minmax --bias-correction off,on -o " + path("b.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    const auto corrected = readJson(path("b.json")).at("rows");
    ASSERT_EQ(corrected.size(), 2);
    EXPECT_EQ(corrected[1].at("method"), "minmax + bias correction");
    EXPECT_LT(corrected[1].at("kl_divergence"), corrected[0].at("kl_divergence"));
    expectRefusal(common + " --bias-correction maybe", {"--bias-correction", "maybe"});
    // What a method covers is part of it, but where it is asked for.
    outcome = run(common + " --bits 8/8 --presets minmax,fq-vit -o " + path("c.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_EQ(readJson(path("c.json")).at("rows")[0].at("coverage"), "matmul");
    EXPECT_EQ(readJson(path("c.json")).at("rows")[1].at("coverage"), "full");
    outcome = run(common + " --bits 8/8 --presets fq-vit --coverage matmul -o " + path("c.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_EQ(readJson(path("c.json")).at("rows")[0].at("coverage"), "matmul");

    // Of other images it is another comparison.
    expectRefusal("compare " + model + " --images " + test + " --count 10 --resize none --calib-images " + calib +
                      " --calib-count 8 --presets minmax" + keep,
                  {"other images"});
    // And of another task, or against other truths.
    expectRefusal(common + " --presets minmax --task tensors" + keep,
                  {"line 'minmax' is of the task classification"});
    std::ofstream labels(path("zero.csv"));
    for (const auto& entry : fs::directory_iterator(test))
        if (entry.path().extension() == ".jpg")
            labels << entry.path().filename().string() << ",0\n";
    labels.close();
    expectRefusal(common + " --presets minmax --labels " + path("zero.csv") + keep, {"other labels or truths"});
}

/// A search is a line as any other; without images to search on it is a line that says so.
TEST_F(Cli, SearchesAreLinesOfTheComparison)
{
    const std::string common = "compare " + model + " --images " + test +
                               " --count 10 --resize none --bits 4/4 --presets minmax,q-hyvit-scale "
                               "--search-count 2 --search-candidates 4 --search-rounds 1 -o " +
                               path("h.json");
    Outcome outcome = run(common + " --calib-images " + calib + " --calib-count 8");
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    auto rows = readJson(path("h.json")).at("rows");
    ASSERT_EQ(rows.size(), 2);
    EXPECT_EQ(rows[1].at("method"), "q-hyvit-scale");
    EXPECT_EQ(rows[1].at("failure"), "");
    EXPECT_NE(rows[1].at("kl_divergence"), rows[0].at("kl_divergence"));
    EXPECT_FALSE(rows[1].at("recipe").at("overrides").empty());
    EXPECT_FALSE(rows[0].contains("recipe"));

    outcome = run("calibrate " + model + " --images " + calib + " --count 8 --resize none -o " + path("h.qcal"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    outcome = run(common + " --calibration " + path("h.qcal"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    const auto without = readJson(path("h.json")).at("rows");
    EXPECT_NE(without[1].at("failure").get<std::string>().find("needs calibration images"), std::string::npos);

    outcome = run(common + " --calibration " + path("h.qcal") + " --search-images " + calib);
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_EQ(readJson(path("h.json")).at("rows")[1].at("failure"), "");
}

TEST_F(Cli, DoubtsAreSaidAndWritten)
{
    const std::string common =
        "evaluate " + model + " --images " + test + " --count 16 --resize none --json " + path("e.json");
    const Outcome right = run(common);
    ASSERT_EQ(right.exitCode, 0) << right.output;
    EXPECT_EQ(right.output.find("warning"), std::string::npos) << right.output;
    EXPECT_EQ(readJson(path("e.json")).at("doubts").size(), 0u);

    const Outcome bytes = run(common + " --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375");
    ASSERT_EQ(bytes.exitCode, 0) << bytes.output;
    EXPECT_NE(bytes.output.find("--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225"), std::string::npos)
        << bytes.output;
    EXPECT_EQ(readJson(path("e.json")).at("doubts").at(0).at("kind"), "pixel-scale");

    EXPECT_EQ(run(common + " --preprocess imagenet").exitCode, 0);
    expectRefusal(common + " --preprocess nonsense", {"--preprocess nonsense", "imagenet", "clip", "dinov2"});
}

/// Every command that reads images writes what it said of them, and an empty list of right data.
TEST_F(Cli, DoubtsAreInTheJsonOfOtherCommands)
{
    const std::string bytes = " --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375";
    const std::string calibration = " --resize none --calib-images " + calib + " --calib-count 4";
    const std::string out = path("d.json");
    const std::string commands[] = {
        "inspect " + model + calibration + " --json " + out,
        "export " + model + calibration + " --preset minmax -o " + path("q.onnx") + " --json " + out,
        "compare " + model + calibration + " --images " + test + " --count 8 --presets minmax --bits 8/8 -o " + out};
    for (const std::string& command : commands) {
        const Outcome right = run(command);
        ASSERT_EQ(right.exitCode, 0) << command << right.output;
        EXPECT_EQ(readJson(out).at("doubts").size(), 0u) << command;
        const Outcome wrong = run(command + bytes);
        ASSERT_EQ(wrong.exitCode, 0) << command << wrong.output;
        ASSERT_GE(readJson(out).at("doubts").size(), 1u) << command;
        EXPECT_EQ(readJson(out).at("doubts").at(0).at("kind"), "pixel-scale") << command;
    }
}

// N1, N2, N5: an accuracy carries its interval, a difference is one, a size is the exported file's.
TEST_F(Cli, FiguresSayWhatTheyStandOn)
{
    const std::string recipe =
        " --preset mptq-vit --weight-bits 4 --activation-bits 4 --resize none --calib-images " + calib;
    const Outcome outcome = run("evaluate " + model + " --images " + test + recipe + " --json " + path("e.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    for (const char* words : {"top-1", " to ", "points (", "95 % intervals of", "MB on disk (", "with packed codes)"})
        EXPECT_NE(outcome.output.find(words), std::string::npos) << words << "\n" << outcome.output;
    EXPECT_EQ(outcome.output.find("calibration images, others"), std::string::npos);
    ASSERT_EQ(run("export " + model + " -o " + path("q.onnx") + recipe).exitCode, 0);
    const auto json = readJson(path("e.json"));
    EXPECT_EQ(json.at("file_bytes"), fs::file_size(path("q.onnx")));
    EXPECT_LT(json.at("model_bytes"), json.at("file_bytes"));
    EXPECT_LT(json.at("top1_interval")[0], json.at("top1"));
    EXPECT_GT(json.at("top1_interval")[1], json.at("top1"));
    EXPECT_NEAR(json.at("top1_difference").get<double>() * json.at("labelled").get<double>(),
                json.at("gained").get<double>() - json.at("lost").get<double>(), 1e-6);

    const Outcome own = run("evaluate " + model + " --images " + calib + recipe + " --json " + path("own.json"));
    ASSERT_EQ(own.exitCode, 0) << own.output;
    EXPECT_EQ(readJson(path("own.json")).at("on_calibration_images"), true);
}

// B6: one image that cannot be read is named, counted and skipped, whatever their share.
TEST_F(Cli, DamagedImagesAreLeftOut)
{
    fs::create_directory(folder / "few");
    std::size_t kept = 0;
    for (const auto& entry : fs::recursive_directory_iterator(calib))
        if (entry.is_regular_file() && entry.path().extension() != ".csv" && kept < 2)
            fs::copy_file(entry.path(),
                          folder / "few" / ("good" + std::to_string(kept++) + entry.path().extension().string()));
    for (const char* name : {"bad1.png", "bad2.jpg", "bad3.png"})
        std::ofstream(folder / "few" / name) << "no image";
    const Outcome outcome = run("evaluate " + model + " --images " + path("few") + " --resize none --preset minmax" +
                                " --calib-images " + path("few") + " --json " + path("few.json"));
    ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
    EXPECT_NE(outcome.output.find("3 images of 5 cannot be read"), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find("bad1.png"), std::string::npos);
    EXPECT_EQ(readJson(path("few.json")).at("images"), 2);
}

// B6: a picture that goes after its folder was opened, whenever that is.
TEST_F(Cli, APictureThatGoesIsLeftOut)
{
    std::vector<fs::path> pictures;
    for (const auto& entry : fs::recursive_directory_iterator(calib))
        if (entry.path().extension() == ".jpg")
            pictures.push_back(entry.path());
    ASSERT_FALSE(pictures.empty());
    bool named = false;
    for (const int milliseconds : {100, 200, 400, 800, 1600}) {
        const fs::path going = folder / ("going" + std::to_string(milliseconds));
        fs::create_directory(going);
        for (int i = 0; i < 400; ++i)
            fs::copy_file(pictures[static_cast<std::size_t>(i) % pictures.size()],
                          going / (std::to_string(1000 + i) + pictures.front().extension().string()));
        const fs::path last = going / ("1399" + pictures.front().extension().string());
        std::thread remover([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
            fs::remove(last);
        });
        const Outcome outcome = run("evaluate " + model + " --images " + going.string() +
                                    " --resize none --threads 1 --json " + path("going.json"));
        remover.join();
        ASSERT_EQ(outcome.exitCode, 0) << outcome.output;
        const int images = readJson(path("going.json")).at("images");
        EXPECT_TRUE(images == 399 || images == 400);
        named |= outcome.output.find("1399") != std::string::npos;
        if (named) {
            EXPECT_EQ(images, 399);
            break;
        }
    }
    if (!named)
        GTEST_SKIP() << "no picture went between the opening and the use";
}

TEST_F(Cli, FilesThatAreNotWhatTheyShouldBe)
{
    std::ofstream(path("text.onnx")) << "this is not a model";
    expectRefusal("inspect " + path("text.onnx"), {"text.onnx"});
    std::ofstream(path("bad.qcal")) << "nor is this a calibration";
    expectRefusal("evaluate " + model + " --images " + test + " --preset minmax --calibration " + path("bad.qcal"),
                  {"bad.qcal"});
    std::ofstream(path("bad.json")) << R"({"format": "quantoscope-recipe", "version": 1, "bits": 3})";
    expectRefusal("evaluate " + model + " --images " + test + " --recipe " + path("bad.json") + " --calib-images " +
                      calib,
                  {"bad.json"});
    expectRefusal("report " + path("bad.json") + " -o " + path("r.html"), {"bad.json"});
    fs::create_directory(folder / "empty");
    expectRefusal("evaluate " + model + " --images " + path("empty"), {"empty"});
}

} // namespace
