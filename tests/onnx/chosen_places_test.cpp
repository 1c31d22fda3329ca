// Networks that choose places by their own scores: taken where the places surely lie inside, refused where they may
// not.
#include "core/exec/image_source.h"
#include "core/exec/program.h"
#include "core/onnx/import.h"
#include "tests/support/onnx_builder.h"

#include <gtest/gtest.h>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;
using test::OnnxBuilder;

constexpr int64_t kQueries = 4, kClasses = 3;

/// The best kQueries of an image's twelve numbers in six rows of two: "places" [1, 4] in 0 .. 11.
OnnxBuilder chooser()
{
    OnnxBuilder b(17);
    b.input("image", {1, 1, 3, 4});
    b.output("y", {1, kQueries, 2});
    b.ints("k", {kQueries});
    b.node("Flatten", {"image"}, "all");
    b.node("TopK", {"all", "k"}, "best");
    b.model().mutable_graph()->mutable_node()->rbegin()->add_output("places");
    b.ints("rows", {1, 6, 2});
    b.node("Reshape", {"image", "rows"}, "data");
    b.ints("three", {kClasses});
    b.ints("two", {2});
    b.ints("one", {1});
    b.ints("last", {-1});
    b.ints("twice", {1, 1, 2});
    return b;
}

/// y = rows of "data" that `places` name.
void gather(OnnxBuilder& b, const std::string& places)
{
    b.node("Unsqueeze", {places, "last"}, "column");
    b.node("Tile", {"column", "twice"}, "indices");
    b.node("GatherElements", {"data", "indices"}, "y");
    pb::AttributeProto& axis = *b.model().mutable_graph()->mutable_node()->rbegin()->add_attribute();
    axis.set_name("axis");
    axis.set_type(pb::AttributeProto::INT);
    axis.set_i(1);
}

Result<Model> import(OnnxBuilder& b)
{
    const std::string bytes = b.model().SerializeAsString();
    return importModel(std::as_bytes(std::span(bytes)));
}

TEST(ChosenPlaces, RowsOfTheBestPlacesAreTaken)
{
    OnnxBuilder b = chooser();
    b.node("Div", {"places", "two"}, "row"); // of the twelve numbers, two a row
    gather(b, "row");
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    const auto program = exec::Program::compile(*model);
    ASSERT_TRUE(program) << program.error().text();
    const std::vector<float> image{0, 11, 5, 1, 2, 3, 9, 4, 6, 7, 10, 8};
    exec::Workspace workspace;
    std::vector<float> row(static_cast<std::size_t>(kQueries) * 2);
    exec::run(*program, workspace, image.data(), row.data());
    // The largest are 11, 10, 9, 8, in rows 0, 5, 3, 5.
    EXPECT_EQ(row, (std::vector<float>{0, 11, 10, 8, 9, 4, 10, 8}));
}

TEST(ChosenPlaces, ArithmeticIsFollowed)
{
    for (const auto& [ops, inside] : std::vector<std::pair<std::vector<std::vector<std::string>>, bool>>{
             {{{"Mod", "places", "three", "p"}}, true},
             {{{"Div", "places", "three", "p"}}, true},
             {{{"Mod", "places", "three", "m"}, {"Mul", "m", "two", "p"}}, true},
             {{{"Mod", "places", "three", "m"}, {"Mul", "m", "three", "p"}}, false}, // up to 6 of 6 rows
             {{{"Div", "places", "two", "d"}, {"Sub", "d", "three", "p"}}, true},    // -3 .. 2 count from the end
             {{{"Div", "places", "two", "d"}, {"Add", "d", "one", "p"}}, false},
             {{{"Min", "places", "three", "p"}}, true},
             {{{"Max", "places", "three", "p"}}, false},
             {{{"Less", "places", "three", "c"}, {"Where", "c", "places", "one", "p"}}, false}, // as far as is known
         }) {
        OnnxBuilder b = chooser();
        for (const auto& op : ops)
            b.node(op[0], {op.begin() + 1, op.end() - 1}, op.back());
        gather(b, "p");
        const auto model = import(b);
        EXPECT_EQ(model.has_value(), inside) << ops[0][0] << ": " << (model ? "" : model.error().text());
        if (!model) {
            EXPECT_EQ(model.error().code, ErrorCode::Unsupported);
            EXPECT_NE(model.error().message.find("for an axis of 6"), std::string::npos) << model.error().text();
        }
    }
}

TEST(ChosenPlaces, DetectionsInOutputsOfTheirOwnCountWithTheirClasses)
{
    OnnxBuilder b(17);
    b.input("image", {1, 1, 4, 4});
    for (const auto& [name, dims] : std::vector<std::pair<std::string, OnnxBuilder::Ints>>{
             {"labels", {1, 8}}, {"scores", {1, 8}}, {"boxes", {1, 8, 4}}, {"mask", {1, 1, 4, 4}}})
        b.output(name, dims);
    b.model().mutable_graph()->mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
        pb::TensorProto::INT64);
    b.ints("k", {8});
    b.ints("last", {-1});
    b.ints("four", {1, 1, 4});
    b.node("Flatten", {"image"}, "all");
    b.node("TopK", {"all", "k"}, "scores");
    b.model().mutable_graph()->mutable_node()->rbegin()->add_output("labels");
    b.node("Unsqueeze", {"scores", "last"}, "column");
    b.node("Tile", {"column", "four"}, "boxes");
    b.node("Relu", {"image"}, "mask");
    const auto model = import(b);
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_EQ(model->info.counted, (std::vector<std::string>{"labels", "scores", "boxes"}));
    const auto program = exec::Program::compile(*model);
    ASSERT_TRUE(program) << program.error().text();
    std::vector<float> image(16), row(static_cast<std::size_t>(program->outputElements()));
    for (std::size_t i = 0; i < image.size(); ++i)
        image[i] = static_cast<float>(i * 7 % 16);
    exec::Workspace workspace;
    exec::run(*program, workspace, image.data(), row.data());
    ASSERT_EQ(row.size(), 8U + 8U + 32U);
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(row[8 + i], 15.0F - static_cast<float>(i));
        EXPECT_EQ(image[static_cast<std::size_t>(row[i])], row[8 + i]) << "the class is its place";
    }
}

} // namespace
} // namespace qs::onnx
