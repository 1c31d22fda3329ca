// What outputs say to people, and what of it changed.
#include "core/tasks/ctc.h"
#include "core/tasks/reading_difference.h"
#include "core/tasks/task.h"
#include "tests/tasks/detector_outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace qs::tasks {
namespace {

using testing::ElementsAre;

std::shared_ptr<const Task> task(const char* name, const Outputs& outputs, const TaskSettings& settings = {})
{
    const auto made = makeTask(name, outputs, settings);
    EXPECT_TRUE(made) << made.error().text();
    return made->task;
}

ReadText text(const char* utf8)
{
    return {charactersOf(utf8)};
}

TEST(Reading, OfScoresIsTheBestClassOfEachPixel)
{
    const auto outputs = outputsOf({{"scores", {3, 1, 2}}}, 1, 2);
    const std::vector<float> row{0.1F, 5, 0.3F, -1, 0.2F, 5}; // the first of equal ones
    const auto map = std::get<ClassMap>(task("segmentation", outputs)->read(row, row));
    EXPECT_EQ(map.height, 1U);
    EXPECT_EQ(map.width, 2U);
    EXPECT_THAT(map.classes, ElementsAre(1, 0));
}

TEST(Reading, OfValuesIsTheValues)
{
    const auto outputs = outputsOf({{"depth", {1, 2, 2}}}, 2, 2);
    const std::vector<float> row{1, 2, 3, 4}, other{0, 2, 3, 9};
    const auto map = std::get<ValueMap>(task("dense", outputs)->read(row, other));
    EXPECT_THAT(map.values, ElementsAre(0, 2, 3, 9));
}

TEST(Reading, OfTextIsWhatIsWritten)
{
    const auto outputs = outputsOf({{"ctc", {5, 3}}}, 32, 320);
    const std::vector<float> row{0, 9, 0, 0, 9, 0, 9, 0, 0, 0, 0, 9, 0, 9, 0}; // 1 1 – 2 1
    const auto numbers = std::get<ReadText>(task("text", outputs)->read(row, row));
    EXPECT_EQ(numbers.text(), "‹1›‹2›‹1›");
    TaskSettings named;
    named.characters = {"", "é", "b"};
    EXPECT_EQ(std::get<ReadText>(task("text", outputs, named)->read(row, row)).text(), "ébé");
}

TEST(Reading, OfFeaturesIsTheMeanOfTheTokens)
{
    const auto outputs = outputsOf({{"features", {2, 16}}}, 32, 32);
    std::vector<float> row(32, 1);
    std::fill(row.begin() + 16, row.end(), 3.0F);
    EXPECT_THAT(std::get<FeatureVector>(task("features", outputs)->read(row, row)).values, testing::Each(2.0F));
}

TEST(Reading, OfADetectorIsWhatItIsSureOf)
{
    Detr detr(20, 4);
    for (std::size_t q = 0; q < 20; ++q)
        std::ranges::fill(detr.logits(q), -9.0F);
    detr.logits(3)[1] = 2;  // 0.88
    detr.logits(5)[2] = -2; // 0.12: not sure
    const auto found = std::get<FoundBoxes>(task("detection", detr.outputs)->read(detr.row, detr.row));
    ASSERT_EQ(found.boxes.size(), 1U);
    EXPECT_EQ(found.boxes[0].category, 1);
    EXPECT_NEAR(found.boxes[0].score, 1 / (1 + std::exp(-2.0)), 1e-5);
}

TEST(Reading, OfSeveralLabelsIsThoseThatAreThere)
{
    const auto outputs = outputsOf({{"logits", {4}}}, 32, 32);
    const std::vector<float> row{-1, 0.5F, 2, -0.1F};
    const auto present = std::get<PresentClasses>(task("multi-label", outputs)->read(row, row));
    ASSERT_EQ(present.classes.size(), 2U);
    EXPECT_EQ(present.classes[0].first, 2);
    EXPECT_EQ(present.classes[1].first, 1);
}

TEST(Reading, OfAnythingElseIsNothing)
{
    const auto outputs = outputsOf({{"a", {2, 3, 4, 5}}}, 32, 32);
    const std::vector<float> row(120, 1);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(task("tensors", outputs)->read(row, row)));
}

TEST(Reading, OfTruthsHasTheirForm)
{
    const auto mask = std::get<ClassMap>(readingOf(TrueMask{1, 3, {0, 255, 7}}));
    EXPECT_THAT(mask.classes, ElementsAre(0, ClassMap::kNone, 7));
    EXPECT_EQ(std::get<FoundBoxes>(readingOf(std::vector<TrueBox>{{1, 2, 3, 4, 5, 4, false}})).boxes[0].category, 5);
    EXPECT_EQ(std::get<ReadText>(readingOf(std::string("añ€𝄞"))).characters.size(), 4U);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(readingOf(3)));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(readingOf({})));
}

TEST(ReadingDifference, OfMapsIsByPixel)
{
    const ClassMap before{1, 4, {1, 2, 3, ClassMap::kNone}}, now{1, 4, {1, 3, 3, 2}};
    EXPECT_THAT(differing(before, now), ElementsAre(0, 1, 0, 0));
    EXPECT_THAT(differing(before, ClassMap{4, 1, {1, 2, 3, 4}}), ElementsAre(1, 1, 1, 1));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const auto difference = differenceOf(ValueMap{1, 3, {1, 2, nan}}, ValueMap{1, 3, {4, 1, 1}});
    EXPECT_EQ(difference[0], 3);
    EXPECT_EQ(difference[1], -1);
    EXPECT_TRUE(std::isnan(difference[2]));
    EXPECT_TRUE(differenceOf(ValueMap{1, 3, {1, 2, 3}}, ValueMap{3, 1, {1, 2, 3}}).empty());
}

TEST(ReadingDifference, PairsBoxesOfTheSameClassAndPlace)
{
    const FoundBoxes before{{{0, 0, 10, 10, 1, 0.9F}, {20, 0, 30, 10, 2, 0.8F}, {40, 0, 50, 10, 3, 0.7F}}};
    const FoundBoxes now{{{1, 0, 11, 10, 1, 0.9F}, {20, 0, 30, 10, 3, 0.8F}, {47, 0, 57, 10, 3, 0.7F}}};
    const BoxPairs pairs = pairBoxes(before, now);
    EXPECT_THAT(pairs.kept, ElementsAre(true, false, false)); // another class, another place
    EXPECT_THAT(pairs.old, ElementsAre(true, false, false));
    const BoxPairs none = pairBoxes({}, {});
    EXPECT_TRUE(none.kept.empty() && none.old.empty());
}

TEST(ReadingDifference, AlignsTexts)
{
    using Kind = TextEdit::Kind;
    EXPECT_THAT(alignTexts(text("haus"), text("maus")),
                ElementsAre(TextEdit{Kind::Replaced, "h", "m"}, TextEdit{Kind::Same, "a", "a"},
                            TextEdit{Kind::Same, "u", "u"}, TextEdit{Kind::Same, "s", "s"}));
    EXPECT_THAT(alignTexts(text("ab"), text("b")),
                ElementsAre(TextEdit{Kind::Dropped, "a", ""}, TextEdit{Kind::Same, "b", "b"}));
    EXPECT_THAT(alignTexts(text(""), text("ü")), ElementsAre(TextEdit{Kind::Added, "", "ü"}));
    EXPECT_TRUE(alignTexts({}, {}).empty());
}

// As many edits as Levenshtein's distance, and both texts come out of them again.
TEST(ReadingDifference, AlignmentsAreTheShortest)
{
    std::mt19937 engine(7);
    for (int round = 0; round < 300; ++round) {
        ReadText a, b;
        for (ReadText* one : {&a, &b})
            for (unsigned i = engine() % 9; i > 0; --i)
                one->characters.emplace_back(1, static_cast<char>('a' + engine() % 3));
        std::string before, now;
        std::size_t edits = 0;
        for (const TextEdit& edit : alignTexts(a, b)) {
            before += edit.before;
            now += edit.now;
            edits += edit.kind != TextEdit::Kind::Same ? 1 : 0;
        }
        EXPECT_EQ(before, a.text());
        EXPECT_EQ(now, b.text());
        EXPECT_EQ(edits, editDistance(codePoints(a.text()), codePoints(b.text()))) << a.text() << " " << b.text();
    }
}

} // namespace
} // namespace qs::tasks
