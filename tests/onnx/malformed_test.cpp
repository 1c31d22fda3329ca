#include "tests/onnx/sound_model.h"
#include "tests/support/sanitized.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include <sys/resource.h>

namespace qs::onnx {
namespace {

struct Case {
    std::string name;
    ErrorCode code;
    std::string mention; ///< the text must name this node or tensor, or say this
    std::function<void(Sound&)> spoil;
};

void setDim(pb::ValueInfoProto& value, int axis, int64_t size)
{
    value.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(axis)->set_dim_value(size);
}

void makeExternal(pb::TensorProto& tensor, const std::string& location)
{
    tensor.clear_raw_data();
    tensor.set_data_location(pb::TensorProto::EXTERNAL);
    auto* entry = tensor.add_external_data();
    entry->set_key("location");
    entry->set_value(location);
}

std::vector<Case> cases()
{
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    return {
        {"NoGraph", ErrorCode::Malformed, "no graph", [](Sound& s) { s.b.model().clear_graph(); }},
        {"NoOutputs", ErrorCode::Malformed, "no output", [](Sound& s) { s.graph().clear_output(); }},
        {"NoInput", ErrorCode::Malformed, "no input", [](Sound& s) { s.graph().clear_input(); }},
        {"TwoInputs", ErrorCode::Unsupported, "'second'",
         [](Sound& s) {
             s.b.input("second", {1, 3, 8, 8});
             s.node(0).set_input(1, "second");
         }},
        {"NoOpset", ErrorCode::Malformed, "opset", [](Sound& s) { s.b.model().clear_opset_import(); }},
        {"Opset8", ErrorCode::Unsupported, "opset 8",
         [](Sound& s) { s.b.model().mutable_opset_import(0)->set_version(8); }},
        {"Opset99", ErrorCode::Unsupported, "opset 99",
         [](Sound& s) { s.b.model().mutable_opset_import(0)->set_version(99); }},
        {"Cycle", ErrorCode::Malformed, "cycle", [](Sound& s) { s.node(0).set_input(0, "mean"); }},
        {"SelfCycle", ErrorCode::Malformed, "node/mean", [](Sound& s) { s.node(1).set_input(0, "mean"); }},
        {"MissingInitializer", ErrorCode::Malformed, "conv.weight",
         [](Sound& s) { s.tensor("conv.weight").set_name("elsewhere"); }},
        {"MissingInput", ErrorCode::Malformed, "node/conv", [](Sound& s) { s.node(0).clear_input(); }},
        {"TooManyInputs", ErrorCode::Malformed, "node/mean",
         [](Sound& s) {
             for (int i = 0; i < 9; ++i)
                 s.node(1).add_input("conv");
         }},
        {"DuplicateInitializer", ErrorCode::Malformed, "conv.bias",
         [](Sound& s) { s.b.random("conv.bias", {6}, 1); }},
        {"DuplicateValue", ErrorCode::Malformed, "'mean'", [](Sound& s) { s.node(0).set_output(0, "mean"); }},
        {"OutputIsInput", ErrorCode::Malformed, "'image'", [](Sound& s) { s.node(0).set_output(0, "image"); }},
        {"OutputOfNobody", ErrorCode::Malformed, "'ghost'",
         [](Sound& s) { s.graph().mutable_output(0)->set_name("ghost"); }},
        {"ConstantOutput", ErrorCode::Malformed, "head.bias",
         [](Sound& s) { s.graph().mutable_output(0)->set_name("head.bias"); }},
        {"UnknownOperators", ErrorCode::Unsupported, "Frobnicate (node 'node/f1'), Zap (node 'node/z')",
         [](Sound& s) {
             s.b.node("Frobnicate", {"mean"}, "f1");
             s.b.node("Frobnicate", {"f1"}, "f2");
             s.b.node("Zap", {"f2"}, "z");
             s.node(2).set_input(0, "z");
         }},
        {"UnknownDomain", ErrorCode::Unsupported, "com.acme:Conv",
         [](Sound& s) { s.node(0).set_domain("com.acme"); }},
        {"Loop", ErrorCode::Unsupported, "Loop (node 'node/inserted')",
         [](Sound& s) {
             s.insert("Loop");
             auto* body = s.node(3).add_attribute();
             body->set_name("body");
             body->set_type(pb::AttributeProto::GRAPH);
             body->mutable_g()->add_node()->set_op_type("Identity");
             body->mutable_g()->mutable_node(0)->add_output("again");
         }},
        {"If", ErrorCode::Unsupported, "condition depends on the image", [](Sound& s) { s.insert("If"); }},
        {"AttentionInAWindow", ErrorCode::Unsupported, "left_window_size",
         [](Sound& s) {
             s.b.model().mutable_opset_import(0)->set_version(25);
             s.insert("Attention", {"mean", "mean"});
             s.b.with("left_window_size", int64_t{2});
         }},
        {"EnormousAxis", ErrorCode::Malformed, "node/inserted",
         [](Sound& s) {
             s.insert("RMSNormalization", {s.b.random("gamma", {6}, 1)});
             s.b.with("axis", -(int64_t{1} << 32));
         }},
        {"EnormousGroups", ErrorCode::ShapeMismatch, "node/inserted",
         [](Sound& s) {
             s.insert("GroupNorm", {s.b.random("gamma", {6}, 1), s.b.random("beta", {6}, 1)});
             s.b.with("groups", int64_t{1} << 32);
             s.node(3).set_domain("com.microsoft");
         }},
        {"HugeDims", ErrorCode::TooLarge, "conv.weight",
         [](Sound& s) {
             for (int i = 0; i < 4; ++i)
                 s.tensor("conv.weight").set_dims(i, int64_t{1} << 62);
         }},
        {"OverflowingDims", ErrorCode::TooLarge, "conv.weight",
         [](Sound& s) {
             for (int i = 0; i < 4; ++i)
                 s.tensor("conv.weight").set_dims(i, int64_t{1} << 32); // the product is 0 modulo 2^64
         }},
        {"NegativeDims", ErrorCode::Malformed, "conv.bias", [](Sound& s) { s.tensor("conv.bias").set_dims(0, -6); }},
        {"NineDims", ErrorCode::Unsupported, "conv.bias",
         [](Sound& s) {
             for (int i = 0; i < 8; ++i)
                 s.tensor("conv.bias").add_dims(1);
         }},
        {"ShortRawData", ErrorCode::Malformed, "conv.weight",
         [](Sound& s) { s.tensor("conv.weight").set_raw_data("abc"); }},
        {"LongRawData", ErrorCode::Malformed, "head.bias",
         [](Sound& s) { s.tensor("head.bias").mutable_raw_data()->append(4, 'x'); }},
        {"NoData", ErrorCode::Malformed, "head.bias", [](Sound& s) { s.tensor("head.bias").clear_raw_data(); }},
        {"StringWeights", ErrorCode::Unsupported, "head.weight",
         [](Sound& s) { s.tensor("head.weight").set_data_type(pb::TensorProto::STRING); }},
        {"UnknownType", ErrorCode::Unsupported, "head.weight",
         [](Sound& s) { s.tensor("head.weight").set_data_type(77); }},
        {"WrongDType", ErrorCode::Unsupported, "node/logits",
         [](Sound& s) { s.tensor("head.weight").set_data_type(pb::TensorProto::INT32); }},
        {"NanWeight", ErrorCode::NotFinite, "head.weight",
         [nan](Sound& s) {
             s.tensor("head.weight").mutable_raw_data()->replace(8, 4, reinterpret_cast<const char*>(&nan), 4);
         }},
        {"InfiniteWeight", ErrorCode::NotFinite, "conv.weight",
         [infinity](Sound& s) {
             s.tensor("conv.weight").mutable_raw_data()->replace(0, 4, reinterpret_cast<const char*>(&infinity), 4);
         }},
        {"WrongConvolutionWeight", ErrorCode::ShapeMismatch, "node/conv",
         [](Sound& s) {
             s.tensor("conv.weight").set_dims(0, 3);
             s.tensor("conv.weight").set_dims(1, 6);
         }},
        {"ZeroGroup", ErrorCode::ShapeMismatch, "node/conv",
         [](Sound& s) {
             auto* group = s.node(0).add_attribute();
             group->set_name("group");
             group->set_type(pb::AttributeProto::INT);
             group->set_i(0);
         }},
        {"ZeroStride", ErrorCode::Malformed, "node/conv",
         [](Sound& s) { s.node(0).mutable_attribute(0)->set_ints(0, 0); }},
        {"HugeStride", ErrorCode::Malformed, "node/conv",
         [](Sound& s) { s.node(0).mutable_attribute(0)->set_ints(0, std::numeric_limits<int64_t>::max()); }},
        {"WrongRankGemm", ErrorCode::ShapeMismatch, "node/logits", [](Sound& s) { s.node(2).set_input(0, "conv"); }},
        {"WrongGemmSizes", ErrorCode::ShapeMismatch, "node/logits",
         [](Sound& s) {
             s.tensor("head.weight").set_dims(0, 5);
             s.tensor("head.weight").set_dims(1, 6);
         }},
        {"AxisOutOfRange", ErrorCode::Malformed, "node/mean",
         [](Sound& s) { s.node(1).mutable_attribute(0)->set_ints(0, 7); }},
        {"AxisTwice", ErrorCode::Malformed, "node/mean",
         [](Sound& s) { s.node(1).mutable_attribute(0)->set_ints(0, -1); }},
        {"SplitSizes", ErrorCode::ShapeMismatch, "node/inserted",
         [](Sound& s) {
             s.b.ints("sizes", {2, 3});
             s.insert("Split", {"sizes"});
             s.node(3).add_output("rest");
             s.b.with("axis", int64_t{1});
         }},
        {"ReshapeCount", ErrorCode::ShapeMismatch, "node/inserted",
         [](Sound& s) {
             s.insert("Reshape", {s.b.ints("target", {1, 7})});
         }},
        {"ReshapeOverflow", ErrorCode::TooLarge, "node/inserted",
         [](Sound& s) {
             s.insert("Reshape", {s.b.ints("target", {int64_t{1} << 40, int64_t{1} << 40, -1})});
         }},
        {"ReshapeTwoOpen", ErrorCode::Malformed, "node/inserted",
         [](Sound& s) {
             s.insert("Reshape", {s.b.ints("target", {-1, -1})});
         }},
        {"ReshapeNineDims", ErrorCode::Unsupported, "node/inserted",
         [](Sound& s) {
             s.insert("Reshape", {s.b.ints("target", {1, 6, 1, 1, 1, 1, 1, 1, 1})});
         }},
        {"ReshapeByData", ErrorCode::Unsupported, "node/inserted", [](Sound& s) { s.insert("Reshape", {"mean"}); }},
        {"GatherOutOfRange", ErrorCode::ShapeMismatch, "node/inserted",
         [](Sound& s) {
             s.insert("Gather", {s.b.ints("indices", {0, 6})});
             s.b.with("axis", int64_t{1});
         }},
        {"ExpandHuge", ErrorCode::TooLarge, "node/inserted",
         [](Sound& s) {
             s.insert("Expand", {s.b.ints("target", {int64_t{1} << 31, 1, 6})});
         }},
        {"TileHuge", ErrorCode::TooLarge, "node/inserted",
         [](Sound& s) {
             s.insert("Tile", {s.b.ints("target", {int64_t{1} << 31, int64_t{1} << 31})});
         }},
        {"ConstantOfHugeShape", ErrorCode::TooLarge, "node/zeros",
         [](Sound& s) {
             s.b.node("ConstantOfShape", {s.b.ints("target", {int64_t{1} << 20, int64_t{1} << 20})}, "zeros");
             s.insert("Add", {"zeros"});
         }},
        {"ManyLargeConstants", ErrorCode::TooLarge, "256 MiB",
         [](Sound& s) {
             s.b.ints("target", {1 << 24});
             s.b.ints("from", {0});
             s.b.ints("to", {1});
             std::string sum = "mean";
             for (int i = 0; i < 20; ++i) {
                 s.b.node("ConstantOfShape", {"target"}, "zeros" + std::to_string(i));
                 s.b.node("Slice", {"zeros" + std::to_string(i), "from", "to"}, "first" + std::to_string(i));
                 sum = s.b.node("Add", {sum, "first" + std::to_string(i)}, "sum" + std::to_string(i));
             }
             s.node(2).set_input(0, sum);
         }},
        {"PadHuge", ErrorCode::TooLarge, "node/inserted",
         [](Sound& s) {
             s.insert("Pad", {s.b.ints("target", {0, 0, int64_t{1} << 40, int64_t{1} << 40})});
         }},
        {"SliceStepZero", ErrorCode::Malformed, "node/inserted",
         [](Sound& s) {
             s.insert("Slice", {s.b.ints("starts", {0}), s.b.ints("ends", {3}), s.b.ints("axes", {1}),
                                s.b.ints("steps", {0})});
         }},
        {"SplitIntoNothingAndAll", ErrorCode::Unsupported, "node/inserted",
         [](Sound& s) {
             s.insert("Split", {s.b.ints("sizes", {0, 6})});
             s.b.with("axis", int64_t{1});
             s.node(s.b.model().graph().node_size() - 1).add_output("the rest");
         }},
        {"ScatterOutOfRange", ErrorCode::ShapeMismatch, "node/inserted",
         [](Sound& s) {
             s.insert("ScatterND", {s.b.ints("where", {1}), s.b.random("what", {6}, 1)});
         }},
        {"ScatterWhereTheImageSays", ErrorCode::Unsupported, "depend on the image",
         [](Sound& s) {
             s.b.node("ArgMax", {"mean"}, "at");
             s.b.with("axis", int64_t{1});
             s.insert("ScatterElements", {"at", s.b.random("what", {1, 1}, 1)});
         }},
        {"GatherWhereTheImageSays", ErrorCode::Unsupported, "export the network before it chooses",
         [](Sound& s) {
             s.b.node("ArgMax", {"mean"}, "at");
             s.b.with("axis", int64_t{1});
             s.insert("GatherElements", {"at"});
         }},
        {"CutOutOfBoxes", ErrorCode::Unsupported, "boxes that the network itself has found",
         [](Sound& s) {
             s.insert("RoiAlign", {s.b.random("boxes", {1, 4}, 1), s.b.ints("of", {0})});
         }},
        {"Bits", ErrorCode::Unsupported, "bits of whole numbers",
         [](Sound& s) { s.insert("BitwiseAnd", {s.b.ints("one", {1})}); }},
        {"DropoutInTraining", ErrorCode::Unsupported, "model.eval()",
         [](Sound& s) {
             s.insert("Dropout", {s.b.random("share", {1}, 1), s.b.random("yes", {1}, 1)});
         }},
        {"OneHotOfNothing", ErrorCode::Malformed, "node/inserted",
         [](Sound& s) {
             s.insert("OneHot", {s.b.ints("depth", {0}), s.b.random("off and on", {2}, 1)});
         }},
        {"NormalisedByItsBatch", ErrorCode::Unsupported, "model.eval()",
         [](Sound& s) {
             s.insert("BatchNormalization", {s.b.random("g", {6}, 1), s.b.random("b", {6}, 1),
                                             s.b.random("m", {6}, 1), s.b.random("v", {6}, 1)});
             s.b.with("training_mode", int64_t{1});
         }},
        {"ConcatMismatch", ErrorCode::ShapeMismatch, "node/inserted",
         [](Sound& s) {
             s.insert("Concat", {"conv"});
             s.b.with("axis", int64_t{1});
         }},
        {"PermTwice", ErrorCode::Malformed, "node/inserted",
         [](Sound& s) {
             s.insert("Transpose");
             s.b.with("perm", Ints{0, 0});
         }},
        {"BroadcastMismatch", ErrorCode::ShapeMismatch, "node/inserted",
         [](Sound& s) { s.insert("Add", {s.b.random("seven", {7}, 1)}); }},
        {"TypesDiffer", ErrorCode::Malformed, "node/inserted",
         [](Sound& s) { s.insert("Add", {s.b.ints("one", {1})}); }},
        {"CastToString", ErrorCode::Unsupported, "node/inserted",
         [](Sound& s) {
             s.insert("Cast");
             s.b.with("to", int64_t{8});
         }},
        {"ZeroSizedInput", ErrorCode::Malformed, "'image'",
         [](Sound& s) { setDim(*s.graph().mutable_input(0), 2, 0); }},
        {"NegativeInput", ErrorCode::Malformed, "'image'",
         [](Sound& s) { setDim(*s.graph().mutable_input(0), 1, -3); }},
        {"HugeInput", ErrorCode::TooLarge, "'image'",
         [](Sound& s) { setDim(*s.graph().mutable_input(0), 0, int64_t{1} << 62); }},
        {"ThreeDimensionalInput", ErrorCode::Unsupported, "'image'",
         [](Sound& s) {
             s.graph()
                 .mutable_input(0)
                 ->mutable_type()
                 ->mutable_tensor_type()
                 ->mutable_shape()
                 ->mutable_dim()
                 ->RemoveLast();
         }},
        {"SequenceInput", ErrorCode::Unsupported, "'image'",
         [](Sound& s) { s.graph().mutable_input(0)->mutable_type()->mutable_sequence_type(); }},
        {"SparseInitializer", ErrorCode::Unsupported, "sparse", [](Sound& s) { s.graph().add_sparse_initializer(); }},
        {"NewlineInName", ErrorCode::Unsupported, "Frob?nicate", [](Sound& s) { s.insert("Frob\nnicate"); }},
        {"ExternalWithoutFolder", ErrorCode::Unsupported, "head.weight",
         [](Sound& s) { makeExternal(s.tensor("head.weight"), "weights.bin"); }},
    };
}

/// Of this process: the clock on the wall also counts what other programs of a busy machine do.
double processorSeconds(const rusage& usage)
{
    const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + time.tv_usec * 1e-6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Malformed : public testing::TestWithParam<Case> {};

TEST_P(Malformed, IsAnErrorOfOneLine)
{
    const Case& c = GetParam();
    Sound sound;
    c.spoil(sound);
    const std::string bytes = serialise(sound.b);
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    const auto model = importText(bytes);
    getrusage(RUSAGE_SELF, &after);
    ASSERT_FALSE(model);
    const std::string text = model.error().text();
    EXPECT_EQ(model.error().code, c.code) << errorCodeName(model.error().code) << ": " << text;
    EXPECT_NE(text.find(c.mention), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_LT(processorSeconds(after) - processorSeconds(before), 2 * test::kSlowdown);
    // Folded constants may take 256 MiB.
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 600 * 1024 * test::kSlowdown) << "kilobytes";
}

INSTANTIATE_TEST_SUITE_P(Cases, Malformed, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& test) { return test.param.name; });

TEST(MalformedBytes, TheSoundModelLoads)
{
    Sound sound;
    const auto model = importText(serialise(sound.b));
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_EQ(model->graph.nodes().size(), 3u);
    EXPECT_EQ(model->info.classes, 5);
    EXPECT_EQ(model->info.parameters, 6 * 3 * 16 + 6 + 30 + 5);
}

TEST(MalformedBytes, EveryTruncationIsAnError)
{
    Sound sound;
    const std::string bytes = serialise(sound.b);
    std::size_t loaded = 0;
    for (std::size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 37) {
        const auto model = importText(bytes.substr(0, size));
        loaded += model.has_value();
        if (!model) {
            EXPECT_EQ(model.error().text().find('\n'), std::string::npos);
        }
    }
    EXPECT_EQ(loaded, 0u);
}

TEST(MalformedBytes, EmptyRandomAndForeignFiles)
{
    EXPECT_EQ(importText("").error().code, ErrorCode::Malformed);
    EXPECT_EQ(importText("\x89PNG\r\n\x1a\n0123456789").error().code, ErrorCode::Malformed);
    std::mt19937 random(3);
    for (int i = 0; i < 200; ++i) {
        std::string bytes(64, 0);
        for (char& c : bytes)
            c = static_cast<char>(random());
        EXPECT_FALSE(importText(bytes));
    }
}

TEST(MalformedBytes, FlippedBytesNeverCrash)
{
    Sound sound;
    const std::string bytes = serialise(sound.b);
    std::mt19937 random(5);
    for (int i = 0; i < 2000; ++i) {
        std::string broken = bytes;
        for (int k = 0; k < 3; ++k)
            broken[random() % broken.size()] = static_cast<char>(random());
        if (const auto model = importText(broken); !model) {
            EXPECT_EQ(model.error().text().find('\n'), std::string::npos);
        }
    }
}

TEST(MalformedBytes, DeepNestingIsRefused)
{
    std::string inner;
    for (int i = 0; i < 4000; ++i) { // a graph within an attribute within a node within a graph ...
        std::string outer;
        for (const char tag :
             {'\x32', '\x2a', '\x0a'}) { // AttributeProto.g = 6, NodeProto.attribute = 5, GraphProto.node = 1
            outer = std::string(1, tag);
            std::size_t size = inner.size();
            for (; size > 127; size >>= 7)
                outer += static_cast<char>(size | 128);
            outer += static_cast<char>(size);
            inner = outer + inner;
        }
    }
    EXPECT_EQ(importText(inner).error().code, ErrorCode::Malformed);
}

TEST(ExternalData, LoadsFromTheFolderOnly)
{
    test::TempDir dir;
    Sound plain;
    const std::string weights = plain.tensor("head.weight").raw_data();
    dir.write("model/weights.bin", "12345678" + weights);
    dir.write("secret.bin", weights);
    std::filesystem::create_symlink(dir / "secret.bin", dir / "model/link.bin");
    std::filesystem::create_symlink(dir.path(), dir / "model/up");
    std::filesystem::create_symlink(dir / "model/weights.bin", dir / "model/inside.bin");
    const auto load = [&](const std::string& location, const std::string& offset, const std::string& length) {
        Sound s;
        pb::TensorProto& tensor = s.tensor("head.weight");
        makeExternal(tensor, location);
        for (const auto& [key, value] : {std::pair("offset", offset), std::pair("length", length)}) {
            if (value.empty())
                continue;
            auto* entry = tensor.add_external_data();
            entry->set_key(key);
            entry->set_value(value);
        }
        return importText(serialise(s.b), dir / "model");
    };
    const std::string size = std::to_string(weights.size());
    const auto good = load("weights.bin", "8", size);
    ASSERT_TRUE(good) << good.error().text();
    EXPECT_GT(good->info.fileBytes, weights.size());
    EXPECT_TRUE(load("weights.bin", "8", ""));
    EXPECT_TRUE(load("inside.bin", "8", size));
    EXPECT_TRUE(load("./weights.bin", "8", size));

    const struct {
        std::string location, offset, length;
        ErrorCode code;
    } refused[] = {
        {"../secret.bin", "", "", ErrorCode::Malformed},
        {"sub/../../secret.bin", "", "", ErrorCode::Malformed},
        {(dir / "secret.bin").string(), "", "", ErrorCode::Malformed},
        {"link.bin", "", "", ErrorCode::Malformed},
        {"up/secret.bin", "", "", ErrorCode::Malformed},
        {"", "", "", ErrorCode::Malformed},
        {".", "", "", ErrorCode::Malformed},
        {"missing.bin", "", "", ErrorCode::NotFound},
        {"weights.bin", "9", size, ErrorCode::Malformed},
        {"weights.bin", "0", "", ErrorCode::Malformed},
        {"weights.bin", "8", "4", ErrorCode::Malformed},
        {"weights.bin", "18446744073709551615", "2", ErrorCode::Malformed},
        {"weights.bin", "8", "18446744073709551615", ErrorCode::Malformed},
        {"weights.bin", "-8", size, ErrorCode::Malformed},
        {"weights.bin", "8", "many", ErrorCode::Malformed},
    };
    for (const auto& c : refused) {
        const auto model = load(c.location, c.offset, c.length);
        ASSERT_FALSE(model) << c.location;
        EXPECT_EQ(model.error().code, c.code) << model.error().text();
        EXPECT_NE(model.error().text().find("head.weight"), std::string::npos) << model.error().text();
    }
}

TEST(ImportFile, NamesTheFile)
{
    test::TempDir dir;
    EXPECT_EQ(importModel(dir / "none.onnx").error().code, ErrorCode::NotFound);
    EXPECT_EQ(importModel(dir.path()).error().code, ErrorCode::Io);
    const auto bad = importModel(dir.write("bad.onnx", "no model"));
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, ErrorCode::Malformed);
    EXPECT_NE(bad.error().text().find("bad.onnx"), std::string::npos);
}

} // namespace
} // namespace qs::onnx
