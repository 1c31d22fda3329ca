#include "core/base/file.h"
#include "core/images/check.h"
#include "core/images/doubts.h"
#include "core/images/folder.h"
#include "tests/support/assets.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_dir.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace qs::images {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names(const Result<ImageFolder>& folder)
{
    std::vector<std::string> list;
    if (!folder)
        return {folder.error().text()};
    for (const ImageEntry& e : folder->entries)
        list.push_back(e.name + (e.label ? "=" + std::to_string(*e.label) : ""));
    return list;
}

std::vector<std::string> said(const Result<ImageFolder>& folder)
{
    std::vector<std::string> list;
    for (const Doubt& doubt : folder->doubts)
        list.push_back(std::string(doubtName(doubt.kind)) + " " + doubt.text());
    return list;
}

class FolderDoubts : public testing::Test {
protected:
    void add(std::string_view name) { m_dir.write(name, test::plainPpm(4, 4, 1, 2, 3)); }
    Result<ImageFolder> open(int64_t classes, FolderOptions options = {}, int offset = 0)
    {
        return openFolder(m_dir.path(), options).and_then([&](const ImageFolder& f) {
            return fitLabels(f, classes, offset);
        });
    }
    test::TempDir m_dir;
};

TEST_F(FolderDoubts, SynsetsBecomeImagenetClasses)
{
    for (const char* synset : {"n02165105", "n01440764", "n03662601"})
        add(std::string(synset) + "/1.ppm");
    const auto folder = open(1000);
    EXPECT_THAT(names(folder), ElementsAre("n01440764/1.ppm=0", "n02165105/1.ppm=300", "n03662601/1.ppm=625"));
    EXPECT_THAT(said(folder),
                ElementsAre(AllOf(HasSubstr("3 class folders"), HasSubstr("synsets"), HasSubstr("0, 300, 625"))));
    EXPECT_EQ(folder->classNames[300], "n02165105");
    EXPECT_THAT(names(open(1001)), ElementsAre("n01440764/1.ppm=1", "n02165105/1.ppm=301", "n03662601/1.ppm=626"));
    const auto own = open(3);
    EXPECT_THAT(names(own), ElementsAre("n01440764/1.ppm=0", "n02165105/1.ppm=1", "n03662601/1.ppm=2"));
    EXPECT_THAT(said(own), IsEmpty()) << "a model of just these classes";
}

TEST_F(FolderDoubts, OtherNamesThanClassesAreSaid)
{
    add("cat/1.ppm");
    add("dog/1.ppm");
    EXPECT_THAT(said(open(2)), IsEmpty());
    EXPECT_THAT(said(open(10)), ElementsAre(AllOf(HasSubstr("classes 2 class folders, but the model has 10 classes"),
                                                  HasSubstr("--classes FILE"))));
    EXPECT_THAT(names(open(1)), ElementsAre(HasSubstr("outside the model's 1 classes")));
    m_dir.write("names.txt", "fish\ndog\nbird\ncat\nx\ny\nz\nu\nv\nw\n");
    FolderOptions options;
    options.classNames = m_dir / "names.txt";
    EXPECT_THAT(names(open(10, options)), ElementsAre("dog/1.ppm=1", "cat/1.ppm=3"));
    EXPECT_THAT(said(open(10, options)), IsEmpty());
    options = {};
    options.withoutLabels = true;
    EXPECT_THAT(said(open(10, options)), IsEmpty()) << "calibration needs no labels";
}

TEST_F(FolderDoubts, FoldersByNumber)
{
    for (const char* name : {"2/a.ppm", "10/a.ppm", "1/a.ppm"})
        add(name);
    EXPECT_THAT(names(open(11)), ElementsAre("1/a.ppm=1", "2/a.ppm=2", "10/a.ppm=10"));
    EXPECT_THAT(said(open(11)), ElementsAre(HasSubstr("taken as classes from 0: 1, 2, 10")));
    EXPECT_THAT(names(open(10)), ElementsAre("1/a.ppm=0", "2/a.ppm=1", "10/a.ppm=9"));
    EXPECT_THAT(said(open(10)), ElementsAre(HasSubstr("classes plus one")));
    test::TempDir other;
    for (int i = 0; i < 12; ++i)
        other.write(std::to_string(i) + "/a.ppm", test::plainPpm(4, 4, 1, 2, 3));
    const auto all = fitLabels(*openFolder(other.path()), 12);
    EXPECT_THAT(said(all), IsEmpty());
    EXPECT_EQ(names(all)[10], "10/a.ppm=10") << "by number, not by letters";
}

TEST_F(FolderDoubts, ImagesOneLevelAboveOrBelow)
{
    add("train/cat/1.ppm");
    add("train/dog/1.ppm");
    add("val/cat/2.ppm");
    add("val/dog/2.ppm");
    const auto folder = open(2);
    EXPECT_THAT(names(folder), ElementsAre("cat/2.ppm=0", "dog/2.ppm=1"));
    EXPECT_THAT(said(folder), ElementsAre(AllOf(HasSubstr("looked for in val/"), HasSubstr("not in train/"))));
    FolderOptions calibration;
    calibration.withoutLabels = calibration.forCalibration = true;
    EXPECT_THAT(names(open(2, calibration)), ElementsAre("cat/1.ppm", "dog/1.ppm"));

    test::TempDir deep;
    for (const char* name : {"n01440764/images/x.ppm", "n02165105/images/y.ppm"})
        deep.write(name, test::plainPpm(4, 4, 1, 2, 3));
    const auto below = fitLabels(*openFolder(deep.path()), 1000);
    EXPECT_THAT(names(below), ElementsAre("n01440764/images/x.ppm=0", "n02165105/images/y.ppm=300"));
    EXPECT_THAT(said(below), ElementsAre(HasSubstr("one folder deeper"), HasSubstr("synsets")));

    test::TempDir flat;
    flat.write("train/a.ppm", test::plainPpm(4, 4, 1, 2, 3));
    flat.write("val/b.ppm", test::plainPpm(4, 4, 1, 2, 3));
    EXPECT_THAT(names(openFolder(flat.path())), ElementsAre("b.ppm")) << "parts of a data set are no classes";
}

TEST_F(FolderDoubts, FilesOfOtherKindsAreCounted)
{
    for (const char* name : {"a.ppm", "b.gif", "c.GIF", "d.avif", "notes.txt", "e.jfif"})
        add(name);
    const auto folder = open(10);
    EXPECT_THAT(names(folder), ElementsAre("a.ppm", "e.jfif"));
    EXPECT_THAT(said(folder),
                ElementsAre("skipped-files 3 image files are of a kind that is not read: 1 .avif, 2 .gif: convert "
                            "them to PNG or JPEG"));
}

TEST_F(FolderDoubts, DamagedImagesAreCountedAndLeftOut)
{
    for (int i = 0; i < 20; ++i)
        add("i" + std::to_string(100 + i) + ".ppm");
    m_dir.write("i105.ppm", "P6\n4 4\n255\nshort");
    m_dir.write("i107.jpg", "");
    const Context context;
    const auto checked = withoutDamaged(*openFolder(m_dir.path()), {}, context);
    ASSERT_TRUE(checked) << checked.error().text();
    EXPECT_EQ(checked->entries.size(), 19u);
    EXPECT_THAT(said(checked), ElementsAre(AllOf(HasSubstr("2 images of 21 cannot be read"),
                                                 HasSubstr("(i105.ppm); 1 × the file is empty (i107.jpg)"))));
    EXPECT_EQ(checked->doubts[0].evidence.at("damaged"), 2);
    ThreadPool pool(3);
    Context threads;
    threads.pool = &pool;
    EXPECT_THAT(said(withoutDamaged(*openFolder(m_dir.path()), {}, threads)), said(checked));
    const auto strict = withoutDamaged(*openFolder(m_dir.path()), {0}, context);
    ASSERT_FALSE(strict);
    EXPECT_THAT(strict.error().text(),
                AllOf(HasSubstr("i105.ppm"), HasSubstr("2 of 21"), HasSubstr("--max-bad-images")));
    const auto all = openFolder(m_dir.path());
    for (const auto& entry : all->entries)
        m_dir.write(entry.name, "");
    const auto none = withoutDamaged(*openFolder(m_dir.path()), {1000}, context);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().text(), HasSubstr("none of the 21 images can be read"));
}

TEST_F(FolderDoubts, EveryReasonIsCountedAndTheFirstNamesAreShown)
{
    add("a.ppm");
    m_dir.write("b.png", "no image");
    for (const char* name : {"c.jpg", "d.jpg", "e.jpg", "f.png"})
        m_dir.write(name, "");
    const auto checked = withoutDamaged(*openFolder(m_dir.path()), {}, Context{});
    EXPECT_THAT(said(checked), ElementsAre(HasSubstr("5 images of 6 cannot be read and are left out: 4 × the file is "
                                                     "empty (c.jpg, d.jpg, e.jpg, ...); 1 × not a JPEG")));
    const auto strict = withoutDamaged(*openFolder(m_dir.path()), {2}, Context{});
    ASSERT_FALSE(strict);
    EXPECT_THAT(strict.error().text(), AllOf(HasSubstr("5 of 6 images"), HasSubstr("4 × the file is empty"),
                                             HasSubstr("2 may: --max-bad-images")));
}

TEST_F(FolderDoubts, DataThatACodecFillsInAreSaidAndUsed)
{
    add("a.ppm");
    std::string bytes = readText(std::filesystem::path(QUANTOSCOPE_DEMO_FOLDER) / "images/test/0338.jpg").value();
    m_dir.write("whole.jpg", bytes);
    // Zeros in the middle of the coded data, which end a block early.
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2), 64, '\0');
    m_dir.write("zeros.jpg", bytes);
    const auto checked = withoutDamaged(*openFolder(m_dir.path()), {}, Context{});
    ASSERT_TRUE(checked) << checked.error().text();
    EXPECT_EQ(checked->entries.size(), 3U);
    EXPECT_THAT(said(checked), ElementsAre(AllOf(HasSubstr("1 image of 3 has damaged parts"), HasSubstr("JPEG"),
                                                 HasSubstr("(zeros.jpg)"))));
}

// B6: three of four damaged images ended everything; the one that can be read is enough.
TEST_F(FolderDoubts, OneReadableImageIsEnough)
{
    add("a.ppm");
    for (const char* name : {"b.png", "c.jpg", "d.jpg"})
        m_dir.write(name, "no image");
    const auto checked = withoutDamaged(*openFolder(m_dir.path()), {}, Context{});
    ASSERT_TRUE(checked) << checked.error().text();
    EXPECT_EQ(checked->entries.size(), 1U);
    EXPECT_THAT(said(checked), ElementsAre(AllOf(HasSubstr("3 images of 4 cannot be read"), HasSubstr("b.png"))));
}

TEST_F(FolderDoubts, OffsetMovesLabelsAndStaysInside)
{
    add("a.ppm");
    m_dir.write("labels.csv", "a.ppm,3\n");
    EXPECT_THAT(names(open(10, {}, -1)), ElementsAre("a.ppm=2"));
    EXPECT_THAT(names(open(3)), ElementsAre(AllOf(HasSubstr("labels.csv:1: the label 3 is outside"))));
    EXPECT_THAT(names(open(10, {}, -4)), ElementsAre(HasSubstr("labels.csv:1: the label -1")));
    FolderOptions none;
    none.withoutLabels = true;
    EXPECT_THAT(names(open(3, none)), ElementsAre("a.ppm"));
}

TEST(PreprocessDoubts, PixelsOf255)
{
    Preprocess p;
    p.mean = {123.675F, 116.28F, 103.53F};
    p.stddev = {58.395F, 57.12F, 57.375F};
    const auto doubts = preprocessDoubts(p);
    ASSERT_EQ(doubts.size(), 1u);
    EXPECT_EQ(doubts[0].cure, "--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225");
    p.stddev = {1, 1, 1};
    EXPECT_THAT(preprocessDoubts(p)[0].cure, HasSubstr("--std 0.003922,"));
    p.mean = {-123.0F, -117.0F, -104.0F};
    EXPECT_EQ(preprocessDoubts(p).size(), 1u);
    p.mean = {0, 0, 0};
    p.stddev = {255, 255, 255};
    EXPECT_EQ(preprocessDoubts(p).size(), 1u);
    for (const PreprocessPreset& preset : preprocessPresets())
        EXPECT_THAT(preprocessDoubts(*preprocessPreset(preset.name, 224, 224)), IsEmpty()) << preset.name;
    EXPECT_EQ(*preprocessPreset("half", 32, 32), *preprocessPreset("inception", 32, 32));
    EXPECT_EQ(*preprocessPreset("none", 32, 32), *preprocessPreset("unit", 32, 32));
}

TEST(PreprocessDoubts, AlternativesKeepTheSizesAndDifferClearly)
{
    const auto namesFor = [](const char* preset) {
        std::vector<std::string> found;
        const Preprocess p = *preprocessPreset(preset, 48, 64);
        for (const Alternative& other : alternativesTo(p)) {
            found.push_back(other.name);
            EXPECT_EQ(other.preprocess.cropWidth, 64);
            EXPECT_EQ(other.preprocess.resize, p.resize);
            EXPECT_NE(normalisationOptions(other.preprocess), normalisationOptions(p));
        }
        return found;
    };
    EXPECT_THAT(namesFor("imagenet"), ElementsAre("inception", "unit", "bytes"));
    EXPECT_THAT(namesFor("clip"), ElementsAre("inception", "unit", "bytes"));
    EXPECT_THAT(namesFor("inception"), ElementsAre("imagenet", "unit", "bytes"));
    EXPECT_THAT(namesFor("bytes"), ElementsAre("imagenet", "inception", "unit"));
    EXPECT_EQ(normalisationOptions(*preprocessPreset("inception", 32, 32)), "--mean 0.5,0.5,0.5 --std 0.5,0.5,0.5");
}

TEST(OtherImages, AreNamed)
{
    const test::TempDir dir;
    std::string animated("RIFF\x20\0\0\0WEBPVP8X\x0A\0\0\0\x02\0\0\0\x0F\0\0\x0F\0\0", 30);
    animated.resize(40, '\0');
    const auto webp = decodeImage(dir.write("a.webp", animated));
    ASSERT_FALSE(webp);
    EXPECT_THAT(webp.error().message, HasSubstr("animated WebP"));
    const auto gif = decodeImage(dir.write("b.jpg", "GIF89a\1\0\1\0"));
    ASSERT_FALSE(gif);
    EXPECT_THAT(gif.error().message, HasSubstr("GIF"));
}

TEST(RealFolders, AreSilent)
{
    const char* assets = std::getenv("QUANTOSCOPE_TEST_ASSETS");
    if (!assets)
        GTEST_SKIP() << test::kNoAssets;
    const std::pair<const char*, int64_t> folders[] = {
        {"imagenet-val", 1000}, {"imagenet-calib", 1000}, {"cifar10-test", 10}, {"cifar10-calib", 10}};
    for (const auto& [name, classes] : folders) {
        const auto folder = openFolder(std::filesystem::path(assets) / "images" / name)
                                .and_then([&, c = classes](const ImageFolder& f) { return fitLabels(f, c); });
        ASSERT_TRUE(folder) << folder.error().text();
        EXPECT_THAT(said(folder), IsEmpty()) << name;
        EXPECT_THAT(said(withoutDamaged(*folder, {0}, Context{})), IsEmpty()) << name;
    }
}

} // namespace
} // namespace qs::images
