#include "core/base/thread_pool.h"
#include "core/images/folder.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_dir.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace qs::images {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names(const ImageFolder& folder)
{
    std::vector<std::string> list;
    for (const ImageEntry& e : folder.entries)
        list.push_back(e.name + (e.label ? "=" + std::to_string(*e.label) : ""));
    return list;
}

std::vector<std::string> said(const ImageFolder& folder)
{
    std::vector<std::string> list;
    for (const Doubt& doubt : folder.doubts)
        list.push_back(doubt.message);
    return list;
}

std::string errorOf(const Result<ImageFolder>& folder)
{
    return folder ? "none" : std::string(errorCodeName(folder.error().code)) + " " + folder.error().text();
}

class Folder : public testing::Test {
protected:
    void add(std::string_view name) { m_dir.write(name, test::plainPpm(4, 4, 1, 2, 3)); }

    test::TempDir m_dir;
};

TEST_F(Folder, FlatWithoutLabels)
{
    for (const char* name : {"b.PNG", "a.ppm", "c.jpeg", "notes.txt", ".hidden.png"})
        add(name);
    const auto folder = openFolder(m_dir.path());
    ASSERT_TRUE(folder) << folder.error().text();
    EXPECT_THAT(names(*folder), ElementsAre("a.ppm", "b.PNG", "c.jpeg"));
    EXPECT_THAT(said(*folder), IsEmpty());
    EXPECT_THAT(folder->classNames, IsEmpty());
}

TEST_F(Folder, OneImageAndUnicodeNames)
{
    add("Kätzchen 猫 😀.png");
    const auto folder = openFolder(m_dir.path());
    ASSERT_TRUE(folder) << folder.error().text();
    EXPECT_THAT(names(*folder), ElementsAre("Kätzchen 猫 😀.png"));
    EXPECT_TRUE(decodeImage(folder->entries[0].path));
}

TEST_F(Folder, LabelsWithHeaderQuotesAndClassNames)
{
    for (const char* name : {"b.ppm", "a.ppm", "c, d.ppm"})
        add(name);
    m_dir.write("labels.csv", "\xEF\xBB\xBF"
                              "file,class_index,synset,class_name\r\n"
                              "b.ppm,2,n02,\"great white shark, white shark\"\r\n\r\n"
                              "./a.ppm, 0 ,n00,tench\r\n"
                              "\"c, d.ppm\",2,n02,\"the \"\"shark\"\"\"\r\n");
    const auto folder = openFolder(m_dir.path());
    ASSERT_TRUE(folder) << folder.error().text();
    EXPECT_THAT(names(*folder), ElementsAre("a.ppm=0", "b.ppm=2", "c, d.ppm=2"));
    EXPECT_THAT(folder->classNames, ElementsAre("tench", "", "great white shark, white shark"));
    EXPECT_THAT(said(*folder), IsEmpty());
}

TEST_F(Folder, LabelsNeedNoHeaderAndMayLieElsewhere)
{
    add("a.ppm");
    add("sub/b.ppm");
    m_dir.write("labels.csv", "rubbish\nrubbish\n");
    const test::TempDir other;
    FolderOptions options;
    options.labels = other.write("mine.csv", "sub/b.ppm,7\na.ppm,3");
    options.classNames = other.write("names.txt", "zero\none, uno\ntwo\nthree\n\n");
    const auto folder = openFolder(m_dir.path(), options);
    ASSERT_TRUE(folder) << folder.error().text();
    EXPECT_THAT(names(*folder), ElementsAre("a.ppm=3", "sub/b.ppm=7"));
    EXPECT_THAT(folder->classNames, ElementsAre("zero", "one, uno", "two", "three"));
    EXPECT_THAT(said(*folder), ElementsAre(HasSubstr("1 image of a class without a name: sub/b.ppm")));
}

TEST_F(Folder, LabelsAndFilesThatDoNotMatchAreWarnings)
{
    add("a.ppm");
    add("z.ppm");
    m_dir.write("labels.csv", "a.ppm,1\nb.ppm,1\nc.ppm,1\nd.ppm,2\ne.ppm,2\n");
    const auto folder = openFolder(m_dir.path());
    ASSERT_TRUE(folder) << folder.error().text();
    EXPECT_THAT(names(*folder), ElementsAre("a.ppm=1"));
    EXPECT_THAT(said(*folder), ElementsAre("labels.csv names 4 files that do not exist: b.ppm, c.ppm, d.ppm, ...",
                                           "1 image without a line in the labels left out: z.ppm"));
}

TEST_F(Folder, BadLabelsNameTheirLine)
{
    add("a.ppm");
    add("b.ppm");
    const std::pair<const char*, const char*> cases[] = {
        {"a.ppm,1\nb.ppm,dog\n", "labels.csv:2: the class 'dog'"},
        {"a.ppm,dog\n", "labels.csv:1: the class 'dog'"},
        {"file,class\na.ppm,-1\n", "labels.csv:2: the class '-1'"},
        {"a.ppm,1.5\n", "labels.csv:1: the class '1.5'"},
        {"a.ppm,99999999999999999999\n", "labels.csv:1: the class '9999"},
        {"a.ppm,1\n\nb.ppm\n", "labels.csv:3: no class"},
        {"a.ppm,1\na.ppm,2\n", "labels.csv:2: 'a.ppm' has class 1"},
        {"../a.ppm,1\n", "labels.csv:1: '../a.ppm' is not a file inside"},
        {"/etc/passwd,1\n", "labels.csv:1: '/etc/passwd' is not a file inside"},
        {"x.ppm,1\n", "labels.csv names no image"},
        {"", "labels.csv names no image"}};
    for (const auto& [content, message] : cases) {
        m_dir.write("labels.csv", content);
        EXPECT_THAT(errorOf(openFolder(m_dir.path())), HasSubstr(message));
    }
    m_dir.write("labels.csv", std::string("\0\1\2", 3));
    EXPECT_THAT(errorOf(openFolder(m_dir.path())), HasSubstr("not a text file"));
}

TEST_F(Folder, ClassFoldersAreInterleaved)
{
    for (const char* name :
         {"dog/1.ppm", "dog/2.ppm", "dog/3.ppm", "cat/9.ppm", "eel/4.ppm", "eel/5.ppm", "empty/x.txt"})
        add(name);
    const auto folder = openFolder(m_dir.path());
    ASSERT_TRUE(folder) << folder.error().text();
    EXPECT_THAT(names(*folder), ElementsAre("cat/9.ppm=0", "dog/1.ppm=1", "eel/4.ppm=2", "dog/2.ppm=1", "eel/5.ppm=2",
                                            "dog/3.ppm=1"));
    EXPECT_THAT(folder->classNames, ElementsAre("cat", "dog", "eel", "empty"));
    EXPECT_THAT(said(*folder), ElementsAre("1 class folder without images: empty"));
}

TEST_F(Folder, ClassesTxtGivesTheOrder)
{
    add("dog/1.ppm");
    add("cat/2.ppm");
    m_dir.write("classes.txt", "dog\nfish\ncat\n");
    const auto folder = openFolder(m_dir.path());
    ASSERT_TRUE(folder) << folder.error().text();
    EXPECT_THAT(names(*folder), ElementsAre("dog/1.ppm=0", "cat/2.ppm=2"));
    EXPECT_THAT(folder->classNames, ElementsAre("dog", "fish", "cat"));

    m_dir.write("classes.txt", "Hunde\nKatzen\n"); // names for people, as many as folders
    EXPECT_THAT(names(*openFolder(m_dir.path())), ElementsAre("cat/2.ppm=0", "dog/1.ppm=1"));
    m_dir.write("classes.txt", "dog\nfish\n");
    EXPECT_THAT(errorOf(openFolder(m_dir.path())), HasSubstr("the class folder 'cat' is none of the 2 class names"));
    m_dir.write("classes.txt", "dog\ncat\ndog\n");
    EXPECT_THAT(errorOf(openFolder(m_dir.path())), HasSubstr("'dog' is named twice"));
}

TEST_F(Folder, CountIsSpreadEvenly)
{
    FolderOptions options;
    for (int i = 0; i < 10; ++i)
        add("f" + std::to_string(i) + ".ppm");
    options.count = 4;
    EXPECT_THAT(names(*openFolder(m_dir.path(), options)), ElementsAre("f0.ppm", "f2.ppm", "f5.ppm", "f7.ppm"));
    options.count = 99;
    EXPECT_EQ(openFolder(m_dir.path(), options)->entries.size(), 10u);
    options.count = 0;
    EXPECT_THAT(errorOf(openFolder(m_dir.path(), options)), HasSubstr("InvalidArgument"));
}

TEST_F(Folder, CountKeepsClassesBalanced)
{
    for (const char c : {'a', 'b', 'c', 'd'})
        for (int i = 0; i < (c == 'd' ? 1 : 6); ++i)
            add(std::string(1, c) + "/" + std::to_string(i) + ".ppm");
    FolderOptions options;
    for (const auto& [count, perClass] :
         {std::pair{4, std::vector{1, 1, 1, 1}}, {10, {3, 3, 3, 1}}, {2, {1, 0, 1, 0}}}) {
        options.count = static_cast<std::size_t>(count);
        const auto folder = openFolder(m_dir.path(), options);
        ASSERT_TRUE(folder);
        std::vector<int> found(4, 0);
        for (const ImageEntry& e : folder->entries)
            ++found[static_cast<std::size_t>(*e.label)];
        EXPECT_EQ(found, perClass) << count;
    }
}

TEST_F(Folder, BadFoldersGiveOneClearError)
{
    EXPECT_THAT(errorOf(openFolder(m_dir / "none")), HasSubstr("NotFound"));
    EXPECT_THAT(errorOf(openFolder(m_dir.path())), HasSubstr("no images in the folder"));
    add("notes.txt");
    EXPECT_THAT(errorOf(openFolder(m_dir.path())), HasSubstr("no images in the folder"));
    EXPECT_THAT(errorOf(openFolder(m_dir / "notes.txt")), HasSubstr("is not a folder"));
    add("a.ppm");
    FolderOptions options;
    options.labels = m_dir / "none.csv";
    EXPECT_THAT(errorOf(openFolder(m_dir.path(), options)), HasSubstr("NotFound"));
    options.labels.reset();
    options.classNames = m_dir / "none.txt";
    EXPECT_THAT(errorOf(openFolder(m_dir.path(), options)), HasSubstr("NotFound"));
}

TEST_F(Folder, UnreadableFolder)
{
    if (::geteuid() == 0)
        GTEST_SKIP() << "root may read everything";
    add("a.ppm");
    std::filesystem::permissions(m_dir.path(), std::filesystem::perms::none);
    EXPECT_THAT(errorOf(openFolder(m_dir.path())), HasSubstr("Io"));
    std::filesystem::permissions(m_dir.path(), std::filesystem::perms::owner_all);
}

TEST_F(Folder, ImagesBesideFoldersAreFlatAndTheRestIsSaid)
{
    add("a.ppm");
    add("sub/b.ppm");
    const auto folder = openFolder(m_dir.path());
    ASSERT_TRUE(folder);
    EXPECT_THAT(names(*folder), ElementsAre("a.ppm"));
    EXPECT_THAT(said(*folder), ElementsAre(HasSubstr("sub-folder ignored")));
}

Preprocess small()
{
    Preprocess p;
    p.cropHeight = p.cropWidth = 2;
    p.mean = {0.0F, 0.0F, 0.0F};
    p.stddev = {1.0F, 1.0F, 1.0F};
    return p;
}

TEST_F(Folder, SourceLoadsFromManyThreads)
{
    constexpr std::size_t kImages = 32;
    for (std::size_t i = 0; i < kImages; ++i)
        m_dir.write("i" + std::to_string(100 + i) + ".png",
                    test::png(2, 2, 1, std::vector<uint8_t>(4, static_cast<uint8_t>(i * 5))));
    const auto source = makeSource(*openFolder(m_dir.path()), small());
    ASSERT_EQ(source->size(), kImages);
    EXPECT_EQ(source->name(3), "i103.png");
    EXPECT_EQ(source->label(3), std::nullopt);
    std::vector<float> values(kImages * 12);
    std::vector<int> loaded(kImages, 0);
    ThreadPool pool(4);
    pool.parallelFor(kImages, [&](std::size_t i, int) {
        loaded[i] = source->load(i, std::span(values).subspan(i * 12, 12)).has_value();
    });
    for (std::size_t i = 0; i < kImages; ++i) {
        EXPECT_TRUE(loaded[i]);
        for (std::size_t k = 0; k < 12; ++k)
            EXPECT_FLOAT_EQ(values[i * 12 + k], static_cast<float>(i * 5) / 255.0F);
    }
}

TEST_F(Folder, SourceErrorsNameTheFile)
{
    m_dir.write("bad.jpg", "text");
    add("good.ppm");
    const auto source = makeSource(*openFolder(m_dir.path()), small());
    std::vector<float> values(12);
    const auto bad = source->load(0, values);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, ErrorCode::Malformed);
    EXPECT_THAT(bad.error().where, HasSubstr("bad.jpg"));
    EXPECT_TRUE(source->load(1, values));
    const auto room = source->load(1, std::span(values).first(11));
    ASSERT_FALSE(room);
    EXPECT_EQ(room.error().code, ErrorCode::ShapeMismatch);
    EXPECT_THAT(room.error().where, HasSubstr("good.ppm"));
    EXPECT_FALSE(source->load(2, values));
    EXPECT_EQ(source->name(2), "");
}

TEST_F(Folder, ThumbnailIsWhatTheModelSees)
{
    m_dir.write("a.ppm", test::ppm(4, 2, {1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0, 5, 0, 0, 6, 0, 0, 7, 0, 0, 8, 0, 0}));
    const auto folder = openFolder(m_dir.path());
    const auto seen = thumbnail(folder->entries[0], small());
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_EQ(seen->width, 2);
    EXPECT_EQ(seen->height, 2);
    EXPECT_THAT(seen->rgb, ElementsAre(2, 0, 0, 3, 0, 0, 6, 0, 0, 7, 0, 0));
}

} // namespace
} // namespace qs::images
