#include "core/base/file.h"
#include "core/onnx/export_file.h"
#include "tests/onnx/tiny_vit.h"
#include "tests/support/temp_dir.h"

#include <csignal>
#include <gtest/gtest.h>
#include <iterator>

#include <algorithm>

#include <sys/resource.h>

namespace qs::onnx {
namespace {

namespace pb = quantoscope_onnx;
using test::OnnxBuilder;

std::string hashOf(const std::filesystem::path& path)
{
    return contentHash(readText(path).value());
}

ExportFile openFile(const std::filesystem::path& path)
{
    auto file = ExportFile::open(path, hashOf(path));
    EXPECT_TRUE(file) << file.error().text();
    return std::move(*file);
}

TEST(ExportFile, NotTheFileThatWasImported)
{
    const test::TempDir folder;
    const auto path = test::writeTinyVit(folder / "m.onnx");
    const auto file = ExportFile::open(path, "0123");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::Malformed);
    EXPECT_NE(file.error().text().find("changed"), std::string::npos);
    EXPECT_EQ(ExportFile::open(folder / "none.onnx", "").error().code, ErrorCode::NotFound);
}

TEST(ExportFile, FinishOfAnUntouchedFileKeepsEverything)
{
    const test::TempDir folder;
    const auto path = test::writeTinyVit(folder / "m.onnx");
    ExportFile file = openFile(path);
    const std::string before = file.model().SerializeAsString();
    file.finish();
    EXPECT_EQ(file.model().SerializeAsString(), before);
}

TEST(ExportFile, FinishDropsWhatNobodyReads)
{
    const test::TempDir folder;
    OnnxBuilder b(13);
    b.input("x", {1, 4});
    b.output("y", {1, 4});
    b.floats("used", {4}, {1, 2, 3, 4});
    b.floats("unused", {4}, {1, 2, 3, 4});
    b.node("Add", {"x", "used"}, "a");
    b.node("Mul", {"a", "unused"}, "dead");
    b.node("Relu", {"a"}, "y");
    b.input("used", {4}); // listed as input, as files of IR 3 do
    ExportFile file = openFile(b.write(folder / "m.onnx"));
    file.placeAfter({makeNode("Neg", "n", {"a"}, "negative")}, 0);
    file.node(2).set_input(0, "negative");
    file.finish();
    const pb::GraphProto& graph = file.model().graph();
    ASSERT_EQ(graph.node_size(), 3);
    EXPECT_EQ(graph.node(1).op_type(), "Neg");
    ASSERT_EQ(graph.initializer_size(), 1);
    EXPECT_EQ(graph.initializer(0).name(), "used");
    ASSERT_EQ(graph.input_size(), 1);
    EXPECT_EQ(graph.input(0).name(), "x");
}

TEST(ExportFile, ConstantsAreSeenThroughIdentityAndCast)
{
    const test::TempDir folder;
    OnnxBuilder b(13);
    b.input("x", {1, 4});
    b.output("y", {1, 4});
    b.floats("gain", {4}, {1, 2, 3, 4});
    b.node("Identity", {"gain"}, "same");
    b.node("Cast", {"same"}, "cast");
    b.node("Relu", {"gain"}, "other");
    b.node("Mul", {"x", "cast"}, "y");
    b.write(folder / "m.onnx");
    const ExportFile file = openFile(folder / "m.onnx");
    for (const char* name : {"gain", "same", "cast"}) {
        ASSERT_NE(file.constant(name), nullptr) << name;
        EXPECT_EQ(file.constant(name)->dims(0), 4);
    }
    for (const char* name : {"x", "y", "other"})
        EXPECT_EQ(file.constant(name), nullptr) << name;
}

TEST(ExportFile, WhatEditsTakeFromFurtherOutputsComesBack)
{
    const test::TempDir folder;
    OnnxBuilder b(13);
    b.input("x", {1, 4});
    b.output("y", {1, 4});
    b.output("z", {1, 4});
    b.node("Neg", {"x"}, "inner");
    b.node("Abs", {"inner"}, "swallowed");
    b.node("Relu", {"swallowed"}, "y");
    b.node("Tanh", {"swallowed"}, "z");
    b.write(folder / "m.onnx");
    ExportFile file = openFile(folder / "m.onnx");
    file.beginEdits();
    file.node(0).set_output(0, "y"); // Neg gives y itself: Abs and Relu are folded into it
    file.remove(1);
    file.remove(2);
    file.finish();
    std::vector<std::string> ops;
    for (const pb::NodeProto& node : file.model().graph().node())
        ops.push_back(node.op_type() + " " + node.input(0) + " " + node.output(0));
    std::ranges::sort(ops);
    EXPECT_EQ(ops, (std::vector<std::string>{"Abs inner swallowed", "Neg x inner", "Neg x y", "Tanh swallowed z"}));
}

TEST(ExportFile, NewNamesAreUnique)
{
    const test::TempDir folder;
    ExportFile file = openFile(test::writeTinyVit(folder / "m.onnx"));
    EXPECT_EQ(file.unique("logits"), "logits_2");
    EXPECT_EQ(file.unique("logits"), "logits_3");
    EXPECT_EQ(file.unique("fresh"), "fresh");
    EXPECT_EQ(file.unique("node/logits"), "node/logits_2");
}

TEST(ExportFile, LargeModelsHaveTheirWeightsBesideThem)
{
    const test::TempDir folder;
    const auto path = test::writeTinyVit(folder / "m.onnx");
    ExportFile file = openFile(path);
    const std::string inlineBytes = file.model().SerializeAsString();
    const auto bytes = writeModel(file.model(), folder / "split.onnx", 4096);
    ASSERT_TRUE(bytes) << bytes.error().text();
    const auto data = folder / "split.onnx.data";
    ASSERT_TRUE(std::filesystem::exists(data));
    EXPECT_EQ(*bytes, std::filesystem::file_size(folder / "split.onnx") + std::filesystem::file_size(data));
    EXPECT_LT(std::filesystem::file_size(folder / "split.onnx"), inlineBytes.size());
    EXPECT_EQ(openFile(folder / "split.onnx").model().SerializeAsString(), inlineBytes);
}

TEST(ExportFile, FailedWriteLeavesNothingBehind)
{
    const test::TempDir folder;
    ExportFile file = openFile(test::writeTinyVit(folder / "m.onnx"));
    EXPECT_EQ(writeModel(file.model(), folder / "no" / "such" / "folder.onnx").error().code, ErrorCode::Io);
    folder.write("old.onnx", "old");
    std::filesystem::create_directory(folder / "taken");
    folder.write("taken/inside", "x");
    EXPECT_EQ(writeModel(file.model(), folder / "taken").error().code, ErrorCode::Io); // a folder cannot be replaced
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 3);
}

/// As a full disk does, a limit stops the file in its middle.
TEST(ExportFile, AFileThatStopsInItsMiddleLeavesTheOldOne)
{
    const test::TempDir folder;
    ExportFile file = openFile(test::writeTinyVit(folder / "m.onnx"));
    folder.write("out.onnx", "the old file");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit low{64, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
    const auto written = writeModel(file.model(), folder / "out.onnx");
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::Io);
    EXPECT_NE(written.error().text().find("out.onnx"), std::string::npos);
    EXPECT_EQ(readText(folder / "out.onnx").value(), "the old file");
    const auto files = std::filesystem::directory_iterator(folder.path());
    EXPECT_EQ(std::distance(begin(files), end(files)), 2); // m.onnx, out.onnx
}

} // namespace
} // namespace qs::onnx
