// A page of a session, without the window.
#include "tests/project/sample_session.h"

#include "core/base/file.h"
#include "core/project/session_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

using namespace qs;
using namespace qs::project;
using namespace qs::test;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// The sample with its model on disk and the evaluation of its second state computed from it.
SessionFile sessionOf(const TempDir& folder)
{
    SessionFile session = sampleSession();
    session.model = folder.write("small.onnx", "the bytes of a model");
    session.modelHash = contentHash(std::string_view("the bytes of a model"));
    Origin& origin = session.states[1].evaluation.origin;
    origin.model = session.modelHash;
    origin.preprocess = preprocessKey(session.preprocess);
    origin.recipe = recipeKey(session.states[1].recipe);
    return session;
}

std::string noteOf(const SessionFile& session)
{
    return sessionResults(session)["evaluations"][0]["note"].get<std::string>();
}

} // namespace

TEST(SessionReport, SaysTheFiguresOfItsStates)
{
    const TempDir folder;
    SessionFile session = sessionOf(folder);
    const auto page = sessionReport(session);
    ASSERT_TRUE(page) << page.error().text();
    for (const char* part : {"small.onnx", "fc2: 4 bits – “ä”", "74.1", "84.0", "nothing was computed again"})
        EXPECT_THAT(*page, HasSubstr(part));
    EXPECT_THAT(*page, Not(HasSubstr("not current")));
    EXPECT_THAT(*page, Not(HasSubstr("changed since")));
    // The same through its file.
    const auto again = sessionFromJson(sessionToJson(session, folder.path()), folder.path());
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(*sessionReport(*again), *page);
    session.states[1].probe = session.states[1].evaluation;
    session.states[1].evaluation = {};
    EXPECT_EQ(noteOf(session), "probe on the first images");
    session.states[1].probe = {};
    EXPECT_EQ(sessionReport(session).error().code, ErrorCode::InvalidArgument);
}

TEST(SessionReport, SaysWhatIsNotCurrent)
{
    const TempDir folder;
    const SessionFile session = sessionOf(folder);
    EXPECT_EQ(noteOf(session), "");
    SessionFile edited = session;
    edited.preprocess.squash = !edited.preprocess.squash;
    EXPECT_EQ(noteOf(edited), "not current: the preprocessing");
    edited = session;
    edited.states[1].recipe.overrides.clear();
    EXPECT_EQ(noteOf(edited), "not current: the recipe");
    edited = session;
    edited.states[1].evaluation.origin = {};
    EXPECT_EQ(noteOf(edited), "what it was computed from is not known");
    folder.write("small.onnx", "another model");
    EXPECT_EQ(noteOf(session), "not current: the model");
    EXPECT_THAT(*sessionReport(session), HasSubstr("small.onnx changed since the session was saved"));
    std::filesystem::remove(folder / "small.onnx");
    EXPECT_EQ(noteOf(session), "");
    EXPECT_THAT(*sessionReport(session), HasSubstr("small.onnx cannot be read"));
}
