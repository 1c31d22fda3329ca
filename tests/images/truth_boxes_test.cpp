#include "core/images/geometry.h"
#include "core/images/truths.h"
#include "tests/images/drawing.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace qs::images {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A photograph of 40 × 20, categories 7 "dog", 1 "cat" and 90 "brush", one dog.
json small()
{
    return json::parse(R"({"info": {"year": 2017}, "licenses": [{"id": 1}],
        "images": [{"id": 5, "file_name": "a.ppm", "width": 40, "height": 20, "license": 1}],
        "annotations": [{"id": 1, "image_id": 5, "category_id": 7, "bbox": [4, 2, 8, 10], "area": 50.5, "iscrowd": 0,
                         "segmentation": [[4, 2, 12, 2, 12, 12]]}],
        "categories": [{"id": 7, "name": "dog", "supercategory": "animal"}, {"id": 1, "name": "cat"},
                       {"id": 90, "name": "brush"}]})");
}

class TruthBoxes : public testing::Test {
protected:
    void SetUp() override { m_dir.write("images/a.ppm", test::drawing(40, 20, {})); }

    Result<Truths> open(const std::string& text, const Preprocess& p, const TruthOptions& options = {})
    {
        const auto folder = openFolder(m_dir / "images");
        if (!folder)
            return tl::unexpected(folder.error());
        return openTruths({TruthKind::Boxes, m_dir.write("boxes.json", text), options}, *folder, p);
    }
    /// "class: x0 y0 x1 y1 area" of the objects of an image, or the error without its folder.
    std::vector<std::string> boxes(const json& file, const Preprocess& p, const TruthOptions& options = {},
                                   std::size_t image = 0)
    {
        const auto truths = open(file.dump(), p, options);
        if (!truths)
            return {failed(truths.error())};
        const auto one = truths->source->of(image);
        if (!one)
            return {failed(one.error())};
        if (std::holds_alternative<std::monostate>(*one))
            return {"unknown"};
        std::vector<std::string> texts;
        for (const tasks::TrueBox& b : std::get<std::vector<tasks::TrueBox>>(*one)) {
            std::array<char, 96> text{};
            std::snprintf(text.data(), text.size(), "%d: %g %g %g %g, %g%s", b.category, double(b.x0), double(b.y0),
                          double(b.x1), double(b.y1), b.area, b.crowd ? " crowd" : "");
            texts.emplace_back(text.data());
        }
        return texts;
    }
    std::string failed(const Error& error) const
    {
        std::string text = std::string(errorCodeName(error.code)) + " " + error.text();
        for (const std::string& folder : {m_dir.path().string() + "/", std::string("images/")})
            if (const std::size_t at = text.find(folder); at != std::string::npos)
                text.erase(at, folder.size());
        return text;
    }
    std::string refused(const json& file) { return boxes(file, test::plain(20, 40)).at(0); }

    test::TempDir m_dir;
};

TEST_F(TruthBoxes, ClassesAreThePlaceOfTheSortedIdsOrTheIds)
{
    EXPECT_THAT(boxes(small(), test::plain(20, 40)), ElementsAre("1: 4 2 12 12, 50.5"));
    EXPECT_THAT(boxes(small(), test::plain(20, 40), {.categoryIds = true}), ElementsAre("7: 4 2 12 12, 50.5"));
    EXPECT_THAT(open(small().dump(), test::plain(20, 40))->classNames, ElementsAre("cat", "dog", "brush"));
    const auto names = open(small().dump(), test::plain(20, 40), {.categoryIds = true})->classNames;
    ASSERT_EQ(names.size(), 91u);
    EXPECT_EQ(names[0] + "," + names[1] + "," + names[7] + "," + names[90], ",cat,dog,brush");
    EXPECT_THAT(boxes(small(), test::plain(20, 40), {.classes = 2}), ElementsAre("1: 4 2 12 12, 50.5"));
    EXPECT_THAT(
        boxes(small(), test::plain(20, 40), {.classes = 2, .categoryIds = true}),
        ElementsAre("InvalidArgument boxes.json: an object in 'a.ppm' has the class 7, the model has 2 classes "
                    "(classes are the category ids)"));
}

TEST_F(TruthBoxes, FormsOfNumbers)
{
    json file = small();
    json& one = file["annotations"][0];
    one["iscrowd"] = true;
    one["area"] = nullptr;
    one["image_id"] = 5.0;
    EXPECT_THAT(boxes(file, test::plain(20, 40)), ElementsAre("1: 4 2 12 12, 80 crowd"));
    one.erase("iscrowd");
    one.erase("segmentation");
    file["images"][0]["id"] = one["image_id"] = "five";
    one["bbox"] = {0.25, 0, 0, 3.5}; // no extent, but inside
    EXPECT_THAT(boxes(file, test::plain(20, 40)), ElementsAre("1: 0.25 0 0.25 3.5, 0"));
    EXPECT_TRUE(open("\xEF\xBB\xBF" + file.dump(), test::plain(20, 40)));
}

TEST_F(TruthBoxes, GoWithTheImageAndAreCutAtItsEdge)
{
    Preprocess yolo = test::plain(80, 80);
    yolo.to = ResizeTo::Input;
    yolo.resize = 80;
    EXPECT_THAT(boxes(small(), yolo), ElementsAre("1: 8 24 24 44, 50.5")); // twice as large, 20 down
    yolo.squash = true;
    EXPECT_THAT(boxes(small(), yolo), ElementsAre("1: 8 8 24 48, 50.5"));
    const Preprocess crop = test::plain(20, 20); // 10 columns off on either side
    EXPECT_THAT(boxes(small(), crop), ElementsAre("1: 0 2 2 12, 50.5"));
    json file = small();
    for (const json& box : {json{0, 0, 10, 20}, json{30, 5, 10, 4}, json{-5, -5, 100, 100}, json{12, 3, 4, 4}}) {
        json another = file["annotations"][0];
        another["bbox"] = box;
        file["annotations"].push_back(another);
    }
    EXPECT_THAT(boxes(file, crop), ElementsAre("1: 0 2 2 12, 50.5", "1: 0 0 20 20, 50.5", "1: 2 3 6 7, 50.5"));
    const auto truths = open(file.dump(), crop);
    ASSERT_EQ(truths->doubts.size(), 1u);
    EXPECT_EQ(truths->doubts[0].message, "the crop cuts into 2 and off 2 of 5 boxes: figures are of what is left");
    EXPECT_THAT(open(file.dump(), yolo)->doubts, IsEmpty());
}

TEST_F(TruthBoxes, AreWhereTheDrawnObjectsAreInEveryMode)
{
    for (const auto& [width, height] : {std::pair{120, 80}, {80, 121}, {33, 64}}) {
        const test::Rectangle box{std::round(0.3 * width), std::round(0.35 * height), std::round(0.75 * width),
                                  std::round(0.7 * height)};
        m_dir.write("images/a.ppm", test::drawing(width, height, box));
        json file = small();
        file["images"][0]["width"] = width;
        file["images"][0]["height"] = height;
        file["annotations"][0]["bbox"] = {box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0};
        const auto folder = openFolder(m_dir / "images");
        for (const auto& [name, p] : test::everyMode()) {
            std::vector<float> values(static_cast<std::size_t>(3 * p.cropWidth * p.cropHeight));
            ASSERT_TRUE(makeSource(*folder, p)->load(0, values));
            const auto truths = open(file.dump(), p);
            ASSERT_TRUE(truths) << truths.error().text();
            const auto found = std::get<std::vector<tasks::TrueBox>>(*truths->source->of(0));
            ASSERT_EQ(found.size(), 1u) << name;
            test::Rectangle seen{1e9, 1e9, -1, -1};
            for (int y = 0; y < p.cropHeight; ++y)
                for (int x = 0; x < p.cropWidth; ++x)
                    if (values[static_cast<std::size_t>(y * p.cropWidth + x)] > 0.5F)
                        seen = {std::min<double>(seen.x0, x), std::min<double>(seen.y0, y),
                                std::max<double>(seen.x1, x + 1), std::max<double>(seen.y1, y + 1)};
            EXPECT_NEAR(found[0].x0, seen.x0, 1) << name;
            EXPECT_NEAR(found[0].y0, seen.y0, 1) << name;
            EXPECT_NEAR(found[0].x1, seen.x1, 1) << name;
            EXPECT_NEAR(found[0].y1, seen.y1, 1) << name;
        }
    }
}

TEST_F(TruthBoxes, ImagesWithoutObjectsAndWithoutAnEntry)
{
    m_dir.write("images/b.ppm", test::drawing(40, 20, {}));
    m_dir.write("images/c.ppm", test::drawing(40, 20, {}));
    json file = small();
    file["images"][0]["file_name"] = "val2017/a.jpg"; // another folder, another format
    file["images"].push_back({{"id", 6}, {"file_name", "b.ppm"}});
    file["images"].push_back({{"id", 7}, {"file_name", "elsewhere.jpg"}});
    const Preprocess p = test::plain(20, 40);
    EXPECT_THAT(boxes(file, p), ElementsAre("unknown")); // .jpg is not the .ppm
    file["images"][0]["file_name"] = "val2017/a.ppm";
    EXPECT_THAT(boxes(file, p), ElementsAre("1: 4 2 12 12, 50.5"));
    EXPECT_THAT(boxes(file, p, {}, 1), IsEmpty());
    EXPECT_THAT(boxes(file, p, {}, 2), ElementsAre("unknown"));
    const auto truths = open(file.dump(), p);
    EXPECT_EQ(truths->known, 2u);
    EXPECT_EQ(truths->doubts.at(0).message, "2 of 3 images have a truth; 1 image has none: c.ppm");
    file["images"][1]["file_name"] = "test/a.ppm";
    EXPECT_EQ(refused(file), "Malformed boxes.json: 'val2017/a.ppm' and 'test/a.ppm' are both the image a.ppm");
    EXPECT_THAT(refused(json::parse(R"({"images": [], "annotations": [], "categories": []})")),
                HasSubstr("InvalidArgument boxes.json: tells nothing of the 3 images"));
}

TEST_F(TruthBoxes, PhotographsOfAnotherSize)
{
    json file = small();
    file["images"][0]["width"] = 80; // a copy of half the size
    file["images"][0]["height"] = 40;
    EXPECT_THAT(boxes(file, test::plain(20, 40)), ElementsAre("1: 2 1 6 6, 50.5"));
    file["images"][0]["height"] = 80;
    EXPECT_EQ(refused(file), "ShapeMismatch a.ppm: has 40 × 20 pixels, boxes.json says 80 × 80");
    file["images"][0]["width"] = 20;
    file["images"][0]["height"] = 40;
    EXPECT_EQ(refused(file),
              "ShapeMismatch a.ppm: has 40 × 20 pixels, boxes.json says 20 × 40; rotations in EXIF are "
              "not applied");
}

TEST_F(TruthBoxes, MalformedFilesNameTheirPlace)
{
    const auto changed = [&](const char* pointer, const json& value) {
        json file = small();
        file[json::json_pointer(pointer)] = value;
        return refused(file);
    };
    EXPECT_EQ(
        changed("/annotations/0/bbox", {1, 2, 3}),
        "Malformed boxes.json: annotations[0].bbox: must be [x, y, width, height] in pixels, sides of at least 0");
    for (const json& bad : {json{1, 2, -3, 4}, json{1, 2, "3", 4}, json{1, 2, nullptr, 4}, json(4),
                            json{1e300, 2, 3, 4}, json::array(), json{{1, 2, 3, 4}}, json()})
        EXPECT_THAT(changed("/annotations/0/bbox", bad), HasSubstr("annotations[0].bbox: must be [x,")) << bad;
    EXPECT_EQ(changed("/annotations/0/image_id", 4),
              "Malformed boxes.json: annotations[0].image_id: no image has the id 4");
    EXPECT_THAT(changed("/annotations/0/image_id", 4.5), HasSubstr("image_id: must be a whole number"));
    EXPECT_EQ(changed("/annotations/0/category_id", 2),
              "Malformed boxes.json: annotations[0].category_id: no category has the id 2");
    EXPECT_THAT(changed("/annotations/0/category_id", "dog"), HasSubstr("category_id: must be a whole number"));
    EXPECT_THAT(changed("/annotations/0/area", -1), HasSubstr("annotations[0].area: must be a number"));
    EXPECT_THAT(changed("/annotations/0/iscrowd", 2), HasSubstr("annotations[0].iscrowd: must be 0 or 1"));
    EXPECT_THAT(changed("/annotations/0", 3), HasSubstr("annotations[0]: must be an object"));
    EXPECT_THAT(changed("/annotations", json::object()), HasSubstr("boxes.json: annotations: must be a list"));
    EXPECT_THAT(changed("/images/0/id", nullptr), HasSubstr("images[0].id: must be a whole number"));
    EXPECT_THAT(changed("/images/0/file_name", ""), HasSubstr("images[0].file_name: must be the name"));
    EXPECT_THAT(changed("/images/0/width", "wide"), HasSubstr("images[0].width: must be a whole number of pixels"));
    EXPECT_THAT(changed("/images/0/height", 0), HasSubstr("images[0].height: must be"));
    EXPECT_THAT(changed("/images/-", {{"id", 5}, {"file_name", "b"}}),
                HasSubstr("images[1].id: the id 5 is that of"));
    EXPECT_THAT(changed("/images/-", {{"id", 6}, {"file_name", "a.ppm"}}),
                HasSubstr("images[1].file_name: 'a.ppm' is"));
    EXPECT_THAT(changed("/categories/1/id", 7), HasSubstr("categories[1].id: the id 7 is that of an earlier"));
    EXPECT_THAT(changed("/categories/1/id", 1'000'000), HasSubstr("categories[1].id: must be a whole number from 0"));
    EXPECT_THAT(changed("/categories/1/id", 18'000'000'000'000'000'000U), HasSubstr("categories[1].id: must be"));
    EXPECT_THAT(changed("/categories/1/name", 3), HasSubstr("categories[1].name: must be text"));

    const auto text = [&](const std::string& content) {
        const auto truths = open(content, test::plain(20, 40));
        return truths ? std::string("none") : failed(truths.error());
    };
    EXPECT_THAT(text(""), HasSubstr("Malformed boxes.json: is no JSON: parse error at line 1, column 1"));
    EXPECT_THAT(text(small().dump(1).substr(0, 300)),
                HasSubstr("Malformed boxes.json: is no JSON: parse error at line"));
    EXPECT_THAT(text("[1, 2]"), HasSubstr("must be a JSON object with images"));
    EXPECT_THAT(text("{\"images\": 1e999}"), HasSubstr("is no JSON"));
    EXPECT_THAT(text("{\"licenses\": " + std::string(100'000, '[')), HasSubstr("nested deeper than 64"));
    EXPECT_THAT(text("{\"images\": " + std::string(100'000, '[')), HasSubstr("nested deeper than 64"));
    EXPECT_THAT(text("{\"licenses\": [}"), HasSubstr("is no JSON"));
    EXPECT_THAT(text("{\"images\": []}"), HasSubstr("categories: must be a list"));
    EXPECT_THAT(text(std::string("{\"images\": [\"\xFF\"]}")), HasSubstr("is no JSON"));
}

TEST_F(TruthBoxes, StopsWhenAsked)
{
    std::stop_source stop;
    stop.request_stop();
    Context context;
    context.stop = stop.get_token();
    const auto folder = openFolder(m_dir / "images");
    const auto truths = openTruths({TruthKind::Boxes, m_dir.write("boxes.json", small().dump())}, *folder,
                                   test::plain(4, 4), context);
    ASSERT_FALSE(truths);
    EXPECT_EQ(truths.error().code, ErrorCode::Cancelled);
}

} // namespace
} // namespace qs::images
