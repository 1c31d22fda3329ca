#include "core/images/truths.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_dir.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qs::images {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TruthLists : public testing::Test {
protected:
    void images(std::initializer_list<const char*> names)
    {
        for (const char* name : names)
            m_dir.write(std::string("images/") + name, test::plainPpm(2, 2, 1, 2, 3));
    }
    Result<Truths> open(TruthKind kind, const std::string& text, const TruthOptions& options = {},
                        const FolderOptions& folderOptions = {})
    {
        const auto folder = openFolder(m_dir / "images", folderOptions);
        if (!folder)
            return tl::unexpected(folder.error());
        return openTruths({kind, m_dir.write("list.txt", text), options}, *folder, {});
    }
    static std::string shown(const tasks::Truth& truth)
    {
        if (const auto* text = std::get_if<std::string>(&truth))
            return "'" + *text + "'";
        if (const auto* classes = std::get_if<std::vector<int>>(&truth)) {
            std::string list = "{";
            for (const int c : *classes)
                list += (list.size() > 1 ? "," : "") + std::to_string(c);
            return list + "}";
        }
        return "unknown";
    }
    static std::string failed(const Error& error)
    {
        return std::string(errorCodeName(error.code)) + " " + std::filesystem::path(error.where).filename().string() +
               ": " + error.message;
    }
    std::vector<std::string> read(TruthKind kind, const std::string& text, const TruthOptions& options = {})
    {
        const auto truths = open(kind, text, options);
        if (!truths)
            return {failed(truths.error())};
        std::vector<std::string> list;
        for (std::size_t i = 0; i < truths->source->size(); ++i)
            list.push_back(shown(*truths->source->of(i)));
        return list;
    }
    std::vector<std::string> texts(const std::string& text) { return read(TruthKind::Text, text); }
    std::vector<std::string> sets(const std::string& text, const TruthOptions& options = {})
    {
        return read(TruthKind::ClassSets, text, options);
    }

    test::TempDir m_dir;
};

TEST_F(TruthLists, TextInTheFormsThatPeopleHave)
{
    images({"a.ppm", "b.ppm"});
    EXPECT_THAT(texts("a.ppm\tone, two\nb.ppm\t\"quoted\"\n"), ElementsAre("'one, two'", "'\"quoted\"'"));
    EXPECT_THAT(texts("b.ppm,two\r\na.ppm,one, more\r\n"), ElementsAre("'one, more'", "'two'"));
    EXPECT_THAT(texts("file,text\na.ppm,\"one, \"\"1\"\"\"\n\nb.ppm, \"\\\"two\" "),
                ElementsAre("'one, \"1\"'", "'\"two'"));
    EXPECT_THAT(texts("\"a.ppm\",x\n\"b.ppm\",\n"), ElementsAre("'x'", "''"));
    EXPECT_THAT(texts("a.ppm one two\nb.ppm  drei \n"), ElementsAre("'one two'", "'drei'"));
    EXPECT_THAT(texts("word/a.ppm one\nimg/b 漢字 ñ 😀\n"), ElementsAre("'one'", "'漢字 ñ 😀'"));
    EXPECT_THAT(texts("\xEF\xBB\xBFone\ntwo words"), ElementsAre("'one'", "'two words'"));
    EXPECT_THAT(texts("\n\"two\""), ElementsAre("''", "'\"two\"'"));
    EXPECT_THAT(texts(R"({"b.ppm": "two", "a": "\u00e9"})"), ElementsAre("'é'", "'two'"));
    EXPECT_THAT(texts("a.ppm;x\nb.ppm;y"), ElementsAre("'x'", "'y'"));
    EXPECT_THAT(texts("a.ppm\nb.ppm"), ElementsAre("''", "''"));
}

TEST_F(TruthLists, NamesWithBlanksAndFolders)
{
    images({"a b.ppm", "x.ppm"});
    EXPECT_THAT(texts("a b.ppm c d\nx.ppm y"), ElementsAre("'c d'", "'y'"));
    images({"cat/1.ppm", "dog/1.ppm", "dog/2.ppm"});
    std::filesystem::remove(m_dir / "images/a b.ppm");
    std::filesystem::remove(m_dir / "images/x.ppm");
    EXPECT_THAT(texts("cat/1.ppm\tA\ndog/1.ppm\tB\n2.ppm\tC"), ElementsAre("'A'", "'B'", "'C'")); // 2 is only one
    EXPECT_THAT(texts("1.ppm\tA\ndog/1.ppm\tB\n2.ppm\tC"), ElementsAre("unknown", "'B'", "'C'"));
}

TEST_F(TruthLists, PartsOfAFolderAreNoDoubtOfTheList)
{
    images({"a.ppm", "b.ppm", "c.ppm", "d.ppm"});
    FolderOptions half;
    half.count = 2;
    const std::string list = "a.ppm\t1\nb.ppm\t2\nc.ppm\t3\nd.ppm\t4\n";
    for (const std::string& text : {list, std::string("1\n2\n3\n4\n")}) {
        const auto part = open(TruthKind::Text, text, {}, half);
        ASSERT_TRUE(part) << part.error().text();
        EXPECT_EQ(part->source->size(), 2u);
        EXPECT_EQ(shown(*part->source->of(0)), "'1'");
        EXPECT_EQ(shown(*part->source->of(1)), "'3'");
        EXPECT_THAT(part->doubts, IsEmpty());
    }
    const auto wrong = open(TruthKind::Text, list.substr(8) + "z.ppm\t5\n");
    ASSERT_TRUE(wrong);
    ASSERT_EQ(wrong->doubts.size(), 2u);
    EXPECT_EQ(wrong->doubts[0].message, "list.txt: 1 line names no file of the folder: z.ppm");
    EXPECT_EQ(wrong->doubts[1].message, "3 of 4 images have a truth; 1 image has none: a.ppm");
}

TEST_F(TruthLists, MalformedLists)
{
    images({"a.ppm", "b.ppm", "c.ppm"});
    EXPECT_THAT(texts("a.ppm\tx\na.ppm\ty\n"),
                ElementsAre(HasSubstr("Malformed list.txt:2: 'a.ppm' has another value at")));
    EXPECT_THAT(texts("a.ppm\tx\na.ppm\tx\n"), ElementsAre("'x'", "unknown", "unknown"));
    EXPECT_THAT(texts("a.ppm\tx\nb.ppm\t\xC3(\n"), ElementsAre("Malformed list.txt:2: is not UTF-8"));
    for (const char* bad : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xF0\x80\x80\x80"})
        EXPECT_THAT(texts(std::string("a.ppm\t") + bad), ElementsAre("Malformed list.txt:1: is not UTF-8"));
    EXPECT_THAT(texts(std::string("a.ppm\t\0x", 8)), ElementsAre("Malformed list.txt: not a text file"));
    EXPECT_THAT(texts("x\ny\n"),
                ElementsAre("Malformed list.txt: no line begins with the name of an image, and 2 lines "
                            "are not the 3 images of the folder"));
    EXPECT_THAT(texts("a.ppm x\nq\nr\ns\n"),
                ElementsAre(HasSubstr("only 1 of 4 lines begin with the name of an image")));
    EXPECT_THAT(texts(""), ElementsAre(HasSubstr("0 lines are not the 3 images")));
    EXPECT_THAT(texts("{\"a.ppm\": "), ElementsAre(HasSubstr("begins as JSON and is none")));
    EXPECT_THAT(texts("{\"a.ppm\": {\"x\": 1}}"), ElementsAre(HasSubstr("expected {name: value, ...}")));
    EXPECT_THAT(texts("{\"z.ppm\": \"x\"}"),
                ElementsAre(HasSubstr("InvalidArgument list.txt: tells nothing of the 3 images")));
    EXPECT_EQ(openTruths({TruthKind::Text, m_dir / "none.txt"}, *openFolder(m_dir / "images"), {}).error().code,
              ErrorCode::NotFound);
    images({"w10.ppm", "w9.ppm"});
    EXPECT_THAT(texts("1\n2\n3\n4\n5"), ElementsAre(HasSubstr("is not that by number: name the file on every line")));
}

TEST_F(TruthLists, SeveralClassesAsRowsOrLists)
{
    images({"a.ppm", "b.ppm", "c.ppm"});
    for (const char* rows :
         {"a.ppm,0,1,1\nb.ppm,0,0,0\nc.ppm,1,0,0", "file,cat,dog,cow\na.ppm,0,1,1\nb.ppm,0,0,0\nc.ppm,1,0,0",
          "a.ppm 0 1 1\nb.ppm 0 0 0\nc.ppm 1 0 0", "a.ppm\t0 1 1\nb.ppm\t0 0 0\nc.ppm\t1;0;0", "0 1 1\n0 0 0\n1 0 0",
          R"({"a": [0, 1, 1], "b": [0, 0, 0], "c": [1, 0, 0]})"})
        EXPECT_THAT(sets(rows), ElementsAre("{1,2}", "{}", "{0}")) << rows;
    for (const char* lists : {"a.ppm,2;1\nb.ppm,\nc.ppm,0", "a.ppm 1 2\nb.ppm\nc.ppm 0",
                              "a.ppm\t1, 2\nb.ppm\t\nc.ppm\t0", R"({"a": [1, 2], "b": [], "c": 0})", "1;2\n\n0"})
        EXPECT_THAT(sets(lists), ElementsAre("{1,2}", "{}", "{0}")) << lists;
    EXPECT_THAT(sets("a.ppm 0 1\nb.ppm 1 0\nc.ppm 0 1", {.classes = 20}), ElementsAre("{0,1}", "{0,1}", "{0,1}"));
    EXPECT_THAT(sets("a.ppm 0 1\nb.ppm 1 0\nc.ppm 0 1", {.classes = 2}), ElementsAre("{1}", "{0}", "{1}"));
    EXPECT_THAT(
        sets("a.ppm cat;great dog\nb.ppm great dog;\nc.ppm 0", {.classNames = ClassList({"cat", "great dog"})}),
        ElementsAre("{0,1}", "{1}", "{0}"));
    EXPECT_THAT(sets("a.ppm 0 1 1\nb.ppm 0 0 0", {.classes = 4}),
                ElementsAre("Malformed list.txt:1: 3 values of 0 and 1, the model has 4 classes"));
    EXPECT_THAT(sets("a.ppm 1 4\nb.ppm 0", {.classes = 4}),
                ElementsAre("Malformed list.txt:1: the class 4 is outside the model's 4 classes, 0 to 3"));
    EXPECT_THAT(sets("a.ppm 1 1 3\nb.ppm 0"), ElementsAre("Malformed list.txt:1: the class 1 twice"));
    EXPECT_THAT(
        sets("a.ppm 1\nb.ppm cat"),
        ElementsAre("Malformed list.txt:2: the class 'cat' is neither an index from 0 nor the name of a class"));
    EXPECT_THAT(sets("a.ppm -1"), ElementsAre(HasSubstr("the class '-1' is neither")));
}

} // namespace
} // namespace qs::images
