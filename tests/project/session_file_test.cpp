// The session file: round trip, moved folders, broken files, files of version 1.
#include "tests/project/sample_session.h"

#include "core/base/file.h"

#include <fstream>

using namespace qs;
using namespace qs::project;
using namespace qs::test;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to)
{
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

} // namespace

TEST(SessionFile, RoundTrip)
{
    const SessionFile a = sampleSession();
    const std::string text = sessionToJson(a, "/made/up");
    const auto b = sessionFromJson(text, "/made/up");
    ASSERT_TRUE(b) << b.error().text();
    EXPECT_EQ(b->model, a.model);
    EXPECT_EQ(b->modelHash, a.modelHash);
    ASSERT_TRUE(b->imageSize);
    EXPECT_EQ(b->imageSize->height, 48);
    EXPECT_EQ(b->imageSize->width, 64);
    EXPECT_EQ(b->outputs, a.outputs);
    EXPECT_EQ(b->calibrationFolder, a.calibrationFolder);
    EXPECT_EQ(b->testFolder, a.testFolder);
    EXPECT_EQ(b->calibrationCount, a.calibrationCount);
    EXPECT_EQ(b->labelOffset, a.labelOffset);
    EXPECT_EQ(b->classNames, a.classNames);
    EXPECT_EQ(b->preprocess, a.preprocess);
    ASSERT_EQ(b->states.size(), 2U);
    EXPECT_EQ(b->states[1].text, a.states[1].text);
    EXPECT_EQ(b->states[0].recipe, a.states[0].recipe);
    EXPECT_EQ(b->states[1].recipe, a.states[1].recipe);
    EXPECT_FALSE(b->states[0].evaluation);
    EXPECT_FALSE(b->states[1].probe);
    EXPECT_EQ(b->states[1].evaluation->top1, 0.741);
    EXPECT_EQ(b->states[1].evaluation->klDivergence, 0.0625);
    EXPECT_EQ(b->states[1].evaluation.origin, a.states[1].evaluation.origin);
    EXPECT_EQ(b->index, 1);
    EXPECT_EQ(b->selection, a.selection);
    EXPECT_EQ(b->window, a.window);
    EXPECT_EQ(*b->sensitivity, *a.sensitivity);
    EXPECT_EQ(b->sensitivity.origin, a.sensitivity.origin);
    EXPECT_EQ(sessionToJson(*b, "/made/up"), text);
}

TEST(SessionFile, AMovedFolderIsFoundAgain)
{
    const TempDir folder;
    for (const char* name : {"here", "there"}) {
        std::filesystem::create_directories(folder / name);
        std::ofstream(folder / name / "small.onnx") << "x";
    }
    SessionFile session = sampleSession();
    session.model = folder / "here" / "small.onnx";
    const std::string json = sessionToJson(session, folder / "here");
    EXPECT_EQ(sessionFromJson(json, folder / "there")->model, folder / "there" / "small.onnx");
    EXPECT_EQ(sessionFromJson(json, "/nowhere")->model, session.model);
}

TEST(SessionFile, BrokenFilesAreErrorsWithAPlace)
{
    const std::string good = sessionToJson(sampleSession(), "/made/up");
    EXPECT_FALSE(sessionFromJson("", "/"));
    EXPECT_FALSE(sessionFromJson("[]", "/"));
    EXPECT_FALSE(sessionFromJson(R"({"format": "something else", "version": 1})", "/"));
    EXPECT_FALSE(sessionFromJson(std::string_view(good).substr(0, good.size() / 2), "/"));
    const auto newer =
        sessionFromJson(replaced(good, "\"version\": 2,\n  \"window\"", "\"version\": 99,\n  \"window\""), "/");
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, ErrorCode::Unsupported);
    const auto index = sessionFromJson(replaced(good, "\"index\": 1", "\"index\": 1e99"), "/");
    ASSERT_TRUE(index);
    EXPECT_EQ(index->index, 1); // out of range: the last state
    const auto states = sessionFromJson(replaced(good, "\"states\": [", "\"states\": [17,"), "/");
    ASSERT_FALSE(states);
    EXPECT_TRUE(states.error().where.starts_with("history.states[0]")) << states.error().where;
    const auto missing = readSession("/nowhere/session.quantoscope");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
}

TEST(SessionFile, Version1IsReadAndItsFiguresAreOfUnknownOrigin)
{
    // As the first version wrote it: no origins, no hashes beside the model's.
    constexpr const char* kOld = R"({"format": "quantoscope-session", "version": 1,
        "model": {"path": "/made/up/small.onnx", "relative": "small.onnx", "hash": "abc"},
        "calibration": {"path": "/made/up/s.qcal"}, "calibration_images": {"path": "/made/up/calib"},
        "calibration_count": 32, "test_images": null, "label_offset": 0,
        "preprocess": {"resize": 71, "crop": [64, 64]},
        "history": {"index": 0, "states": [{"text": "start",
            "recipe": {"format": "quantoscope-recipe", "version": 1},
            "evaluation": {"images": 10, "labelled": 10, "agreement": 0.5, "logit_sqnr_db": null, "kl": 0.25,
                           "coverage": "full", "preset": "minmax", "top1": 0.5}}]},
        "selection": ["a"], "window": "AAEC"})";
    const auto session = sessionFromJson(kOld, "/made/up");
    ASSERT_TRUE(session) << session.error().text();
    EXPECT_EQ(session->calibrationFile, "/made/up/s.qcal");
    EXPECT_EQ(session->calibrationHash, "");
    const auto& evaluation = session->states[0].evaluation;
    ASSERT_TRUE(evaluation);
    EXPECT_EQ(evaluation->klDivergence, 0.25);
    EXPECT_EQ(evaluation->coverage, graph::Coverage::Full);
    EXPECT_FALSE(evaluation.origin.known());
    EXPECT_FALSE(evaluation.current(evaluation.origin));
}
