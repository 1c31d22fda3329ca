#include "core/images/imagenet_synsets.h"
#include "core/images/labels.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace qs::images {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LabelForms : public testing::Test {
protected:
    LabelForms()
    {
        context.images = {"a.jpg", "b.jpg", "c d.jpg"};
        context.exists = [this](const std::string& name) { return std::ranges::count(context.images, name) > 0; };
    }

    /// "a.jpg=1 b.jpg=2 ...", or "code where: message".
    std::string read(std::string_view content)
    {
        const auto path = m_dir.write("labels.txt", content);
        const auto labels = readLabels(path, context);
        if (!labels)
            return std::string(errorCodeName(labels.error().code)) + " " + labels.error().text();
        std::string text;
        for (const auto& [name, labelled] : labels->classOf)
            text += (text.empty() ? "" : " ") + name + "=" + std::to_string(labelled.label);
        return text;
    }

    test::TempDir m_dir;
    LabelContext context;
};

const char* const kRight = "a.jpg=3 b.jpg=625 c d.jpg=0";

TEST_F(LabelForms, EverySeparatorAndBothOrders)
{
    for (const std::string separator : {",", ";", "\t", " ", ", ", "  "}) {
        EXPECT_EQ(read("a.jpg" + separator + "3\nb.jpg" + separator + "625\nc d.jpg" + separator + "0\n"), kRight)
            << separator;
        EXPECT_EQ(read("3" + separator + "a.jpg\n625" + separator + "b.jpg\n0" + separator + "c d.jpg\n"), kRight)
            << separator;
    }
}

TEST_F(LabelForms, HeadersQuotesFloatsAndWindows)
{
    EXPECT_EQ(read("file;class\na.jpg;3\nb.jpg;625\nc d.jpg;0\n"), kRight);
    EXPECT_EQ(read("\xEF\xBB\xBF\"label\",\"image\"\r\n\"3.0\",\"a.jpg\"\r\n625.00,b.jpg\r\n0,\"c d.jpg\"\r\n"),
              kRight);
    EXPECT_EQ(read(",file,label\n0,a.jpg,3\n1,b.jpg,625\n2,c d.jpg,0\n"), kRight);
    EXPECT_EQ(read("0,a.jpg,3\n1,b.jpg,625\n2,c d.jpg,0\n"), kRight) << "row numbers without a header";
}

TEST_F(LabelForms, OneClassALineInTheOrderOfTheFiles)
{
    EXPECT_EQ(read("3\n625\n0\n"), kRight);
    EXPECT_EQ(read("label\n3.0\n625\n0\n"), kRight);
    EXPECT_EQ(read("n01443537\nn01440764\nn01440764\n"), "a.jpg=1 b.jpg=0 c d.jpg=0");
    EXPECT_THAT(read("3\n625\n"), HasSubstr("2 classes without names of files, the folder has 3 images"));
    context.images = {"img1.jpg", "img10.jpg", "img2.jpg"};
    EXPECT_THAT(read("1\n2\n3\n"), HasSubstr("is not that by number"));
    context.images = {"img01.jpg", "img02.jpg", "img10.jpg"};
    EXPECT_EQ(read("1\n2\n3\n"), "img01.jpg=1 img02.jpg=2 img10.jpg=3");
}

TEST_F(LabelForms, NamesAndSynsets)
{
    context.classes =
        ClassList({"tench, Tinca tinca", "crane", "n02123045 tabby", "crane", "great white shark, white shark"});
    EXPECT_EQ(read("a.jpg,tench\nb.jpg,Great_White_Shark\n\"c d.jpg\",n02123045\n"), "a.jpg=0 b.jpg=4 c d.jpg=2");
    EXPECT_EQ(read("a.jpg,\"tench, Tinca tinca\"\n"), "a.jpg=0");
    EXPECT_THAT(read("a.jpg,crane\n"), HasSubstr("labels.txt:1: the class 'crane'")) << "two classes have the name";
    EXPECT_THAT(read("a.jpg,tench\nb.jpg,dog\n"), HasSubstr("labels.txt:2: the class 'dog'"));
    context.classes = {};
    EXPECT_EQ(read("ImageId,PredictionString\na,n01440764 85 1 499 272\nb,n01443537 1 2 3 4 n01443537 4 4 5 6\n"),
              "a.jpg=0 b.jpg=1");
}

TEST_F(LabelForms, NamesInOtherForms)
{
    EXPECT_EQ(read("val/a.jpg 3\n./b.jpg 625\n/data/x 1\n").substr(0, 9), "Malformed") << "leaves the folder";
    EXPECT_EQ(read("val/a.jpg 3\n./b.jpg 625\nval/c d.jpg 0\n"), kRight);
    EXPECT_EQ(read("a,3\nb,625\n"), "a.jpg=3 b.jpg=625");
}

TEST_F(LabelForms, AmbiguityIsRefused)
{
    EXPECT_THAT(read("a.jpg,3,7\nb.jpg,625,9\n"), HasSubstr("columns 2 and 3 could both be the class"));
    EXPECT_EQ(read("file,label,other\na.jpg,3,7\nb.jpg,625,9\n"), "a.jpg=3 b.jpg=625");
    EXPECT_EQ(read("a.jpg,0,n01440764\nb.jpg,1,n01443537\n"), "a.jpg=0 b.jpg=1") << "both say the same";
    context.images = {"1.jpg", "2.jpg"};
    EXPECT_THAT(read("1,2\n2,1\n"), HasSubstr("several columns name images"));
    EXPECT_EQ(read("file,label\n1,2\n2,1\n"), "1.jpg=2 2.jpg=1");
}

TEST_F(LabelForms, JsonMapsAndLists)
{
    EXPECT_EQ(read(R"({"a.jpg": 3, "b.jpg": "625", "c d.jpg": 0.0})"), kRight);
    EXPECT_EQ(read(R"({"3": ["a.jpg"], "625": ["b.jpg"], "0": ["c d.jpg"]})"), kRight);
    EXPECT_EQ(read("[3, 625, 0]"), kRight);
    EXPECT_EQ(read(R"([["a.jpg", 3], [625, "b.jpg"], ["c d.jpg", 0]])"), kRight);
    EXPECT_EQ(read(R"([{"file_name": "a.jpg", "label": 3}, {"file_name": "b.jpg", "label": 625}])"),
              "a.jpg=3 b.jpg=625");
    for (const char* bad : {"{", "[1, 2]", R"([{"x": 1}])", R"({"a.jpg": {"y": 1}})", R"([3, ["a.jpg", 1], 2])"})
        EXPECT_THAT(read(bad), HasSubstr("Malformed")) << bad;
}

TEST(ClassListFile, Forms)
{
    const test::TempDir dir;
    const auto names = [&](std::string_view content) {
        const auto list = readClassList(dir.write("classes", content));
        return list ? list->names() : std::vector<std::string>{list.error().text()};
    };
    const auto two = ElementsAre("tench", "goldfish");
    EXPECT_THAT(names("tench\r\ngoldfish\r\n\r\n"), two);
    EXPECT_THAT(names("n01440764 tench\nn01443537 goldfish\n"), two);
    EXPECT_THAT(names(R"(["tench", "goldfish"])"), two);
    EXPECT_THAT(names(R"({"1": ["n01443537", "goldfish"], "0": ["n01440764", "tench"]})"), two);
    EXPECT_THAT(names(R"({"goldfish": 1, "tench": 0})"), two);
    EXPECT_THAT(names(R"({"0": "tench", "2": "goldfish"})"), ElementsAre(HasSubstr("class 1 has no name")));
    EXPECT_THAT(names(R"({"0": "tench", "0": "goldfish"})"), ElementsAre(HasSubstr("given twice"))); // one was lost
    EXPECT_THAT(names("{\"0\": \"tench\", // a comment\n \"1\": \"goldfish\"}"), two);
}

TEST(ImagenetSynsets, AreClassesInOrder)
{
    EXPECT_EQ(imagenetClass("n01440764"), 0);
    EXPECT_EQ(imagenetClass("n02165105"), 300);
    EXPECT_EQ(imagenetClass("n03662601"), 625);
    EXPECT_EQ(imagenetClass("n15075141"), 999);
    EXPECT_EQ(imagenetClass("n00000000"), std::nullopt);
    EXPECT_EQ(imagenetClass("n1440764"), std::nullopt);
    EXPECT_EQ(imagenetClass("x01440764"), std::nullopt);
}

} // namespace
} // namespace qs::images
