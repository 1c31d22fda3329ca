// What a session keeps of a task, and when figures of it are of another.
#include "core/base/file.h"
#include "core/base/json_reader.h"
#include "core/project/provenance.h"
#include "core/project/task_choice_json.h"
#include "tests/project/sample_session.h"

#include <fstream>

#include <nlohmann/json.hpp>

namespace qs::project {
namespace {

using images::TaskChoice;
using images::TruthKind;
using images::TruthRequest;

TaskChoice sample(TruthKind kind)
{
    TaskChoice choice;
    choice.name = "dense";
    choice.characters = "/made/up/keys.txt";
    choice.truths = TruthRequest{kind, "/made/up/truths", {}};
    return choice;
}

TaskChoice reread(const TaskChoice& choice)
{
    const JsonReader json = JsonReader::of(taskChoiceJson(choice, "/made/up"));
    TaskChoice back = taskChoiceFrom(json, "/made/up");
    EXPECT_TRUE(json.check()) << json.check().error().text();
    return back;
}

TEST(TaskChoice, ComesBackFromASession)
{
    for (const images::TruthKindDef& kind : images::truthKinds())
        EXPECT_EQ(reread(sample(kind.kind)), sample(kind.kind)) << kind.name;
    TaskChoice masks = sample(TruthKind::Masks);
    masks.truths->options.reduceZero = true;
    masks.truths->options.ignored = 7;
    EXPECT_EQ(reread(masks), masks);
    TaskChoice boxes = sample(TruthKind::Boxes);
    boxes.truths->options.categoryIds = true;
    EXPECT_EQ(reread(boxes), boxes);
    TaskChoice maps = sample(TruthKind::Maps);
    maps.truths->options.scale = 256;
    maps.truths->options.zeroUnknown = false;
    EXPECT_EQ(reread(maps), maps);
    EXPECT_EQ(reread({}), TaskChoice{});

    SessionFile session = test::sampleSession();
    session.task = masks;
    const auto back = sessionFromJson(sessionToJson(session, "/made/up"), "/made/up");
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(back->task, masks);
    EXPECT_EQ(sessionToJson(test::sampleSession(), "/made/up").find("\"task\""), std::string::npos);
}

TEST(TaskChoice, WhatMakesNoSenseIsAnErrorWithItsPlace)
{
    const JsonReader json =
        JsonReader::of(nlohmann::json{{"truths", {{"kind", "photographs"}, {"files", {{"path", "/made/up"}}}}}});
    taskChoiceFrom(json, "/");
    ASSERT_TRUE(json.failed());
    EXPECT_NE(json.check().error().text().find("truths.kind"), std::string::npos) << json.check().error().text();
}

TEST(TaskKey, IsEmptyWhereNothingWasChosen)
{
    EXPECT_EQ(taskKey({}, "segmentation"), "");
    TaskChoice choice;
    choice.name = "segmentation";
    EXPECT_EQ(taskKey(choice, "segmentation"), ""); // figures of the guess are those of the choice
    EXPECT_NE(taskKey(choice, "features"), "");
}

TEST(TaskKey, KnowsWhenTruthsAreOthers)
{
    const test::TempDir folder;
    const auto list = folder / "texts.txt";
    const auto write = [&](const char* text) { std::ofstream(list) << text; };
    write("a.png one\n");
    TaskChoice choice;
    choice.truths = TruthRequest{TruthKind::Text, list, {}};
    const std::string before = taskKey(choice, "text");
    EXPECT_EQ(taskKey(choice, "text"), before);
    write("a.png one two\n");
    const std::string longer = taskKey(choice, "text");
    EXPECT_NE(longer, before);
    choice.truths->kind = TruthKind::Masks;
    const std::string masks = taskKey(choice, "text");
    EXPECT_NE(masks, longer);
    choice.truths->options.reduceZero = true;
    EXPECT_NE(taskKey(choice, "text"), masks);
    choice.truths->path = folder / "nowhere"; // no crash: opening says it
    EXPECT_NE(taskKey(choice, "text"), masks);
}

TEST(Origin, OfAnotherTaskIsAnotherAndSaysSo)
{
    Origin then{"m", "i", "l", "p", 64, "c", "r"}, now = then;
    EXPECT_TRUE(sameOrigin(then, now));
    now.task = "other";
    EXPECT_FALSE(sameOrigin(then, now));
    EXPECT_EQ(differences(then, now), std::vector<std::string>{"the task"});
    EXPECT_NE(keyOf(then), keyOf(now));
}

} // namespace
} // namespace qs::project
