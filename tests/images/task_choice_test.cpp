// Tasks as people choose them, and truths that are opened late.
#include "core/images/characters.h"
#include "core/images/task_choice.h"
#include "tests/support/graph_text.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace qs::images {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kText = "input x:1x3x8x64\n"
                              "w:5x3x8x8 = random(1)\n"
                              "y:1x5x1x8 = Conv(x, w) strides=[8 8]\n"
                              "z:1x5x8 = Reshape(y) shape=[1 5 8]\n"
                              "ctc:1x8x5 = Transpose(z) perm=[0 2 1]\n"
                              "output ctc\n";

class TaskChoiceTest : public testing::Test {
protected:
    std::vector<std::string> characters(const std::string& file, std::size_t classes)
    {
        return readCharacters(m_dir.write("keys.txt", file), classes).value();
    }
    test::TempDir m_dir;
};

TEST_F(TaskChoiceTest, CharactersComeWithOrWithoutBlankAndSpace)
{
    EXPECT_THAT(characters("blank\na\nb\n", 3), ElementsAre("", "a", "b"));
    EXPECT_THAT(characters("a\r\nb\r\n", 3), ElementsAre("", "a", "b"));
    EXPECT_THAT(characters("a\nb", 4), ElementsAre("", "a", "b", " "));
    EXPECT_THAT(characters("", 1), ElementsAre(""));
    EXPECT_EQ(readCharacters(m_dir / "none.txt", 3).error().code, ErrorCode::NotFound);
}

TEST_F(TaskChoiceTest, CharactersThatDoNotFitNameTheirFile)
{
    const auto graph = graph::parse(kText);
    ASSERT_TRUE(graph) << graph.error().text();
    const auto file = m_dir.write("keys.txt", "a\nb\nc\nd\n");
    const auto chosen = chooseTask(*graph, {"text", file, {}});
    ASSERT_TRUE(chosen) << chosen.error().text();
    m_dir.write("keys.txt", "a\n");
    const auto wrong = chooseTask(*graph, {"text", file, {}});
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().text(), HasSubstr("keys.txt"));
    EXPECT_THAT(chooseTask(*graph, {"weather", {}, {}}).error().text(), HasSubstr("segmentation")); // those there are
}

TEST_F(TaskChoiceTest, EveryTaskHasItsTruthsAndItsLabels)
{
    for (const tasks::TaskDef& def : tasks::allTasks()) {
        const bool none = def.name == "classification" || def.name == "features" || def.name == "tensors";
        EXPECT_EQ(truthKindOf(def).has_value(), !none) << def.name;
        EXPECT_EQ(labelClasses(def, 7).has_value(), def.name == "classification") << def.name;
        EXPECT_FALSE(def.changed.empty() || def.loss.empty()) << def.name;
        EXPECT_GE(def.changedFrom, 0) << def.name;
    }
}

TEST_F(TaskChoiceTest, LateTruthsAreOpenedOnceAndKeepTheirError)
{
    for (const char* name : {"images/a.ppm", "images/b.ppm"})
        m_dir.write(name, test::plainPpm(2, 2, 1, 2, 3));
    const ImageFolder folder = openFolder(m_dir / "images").value();
    const auto list = m_dir.write("texts.txt", "a.ppm one\nb.ppm two\n");
    const LateTruths truths({TruthKind::Text, list, {}}, folder, {});
    EXPECT_EQ(truths.size(), 2U);
    std::jthread other([&truths] { EXPECT_TRUE(truths.of(0)); });
    EXPECT_EQ(std::get<std::string>(truths.of(1).value()), "two");
    other.join();
    std::filesystem::remove(list); // read already
    EXPECT_EQ(std::get<std::string>(truths.of(0).value()), "one");
    EXPECT_EQ(truths.open({}).value()->known, 2U);

    const LateTruths missing({TruthKind::Text, m_dir / "nowhere.txt", {}}, folder, {});
    EXPECT_EQ(missing.of(0).error().code, ErrorCode::NotFound);
    EXPECT_THAT(missing.of(1).error().text(), HasSubstr("nowhere.txt"));
}

} // namespace
} // namespace qs::images
