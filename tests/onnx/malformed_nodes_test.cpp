// What preparing a file relies on, spoilt: nodes, attributes, codes and functions.
#include "tests/onnx/sound_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace qs::onnx {
namespace {

struct Case {
    std::string name;
    ErrorCode code;
    std::string mention;
    std::function<void(Sound&)> spoil;
};

/// The classifier's weight as codes [30] of one scale, reshaped.
void addCodes(Sound& s)
{
    pb::TensorProto& codes = *s.graph().add_initializer();
    codes.set_name("codes");
    codes.set_data_type(pb::TensorProto::INT8);
    codes.add_dims(6);
    codes.add_dims(5);
    codes.set_raw_data(std::string(30, 1));
    s.b.node("DequantizeLinear", {"codes", s.b.scalar("step", 0.1f)}, "decoded");
    s.node(2).set_input(1, "decoded");
}

/// local.F<level>: `calls` calls of the level below, one behind another.
void addFunction(Sound& s, int level, int calls)
{
    pb::FunctionProto& f = *s.b.model().add_functions();
    f.set_domain("local");
    f.set_name("F" + std::to_string(level));
    f.add_input("v0");
    f.add_output("v" + std::to_string(calls));
    for (int i = 0; i < calls; ++i) {
        pb::NodeProto& node = *f.add_node();
        node.set_op_type(level == 0 ? "Relu" : "F" + std::to_string(level - 1));
        node.set_domain(level == 0 ? "" : "local");
        node.add_input("v" + std::to_string(i));
        node.add_output("v" + std::to_string(i + 1));
    }
}

std::vector<Case> cases()
{
    return {
        {"NodeWithoutOutputs", ErrorCode::Malformed, "has no output",
         [](Sound& s) { s.graph().add_node()->set_op_type("DequantizeLinear"); }},
        {"CodesOfTooManyDimensions", ErrorCode::Unsupported, "9 dimensions",
         [](Sound& s) {
             addCodes(s);
             for (int i = 0; i < 7; ++i)
                 s.tensor("codes").add_dims(1);
         }},
        {"CodesOfNegativeSize", ErrorCode::Malformed, "negative size",
         [](Sound& s) {
             addCodes(s);
             s.tensor("codes").set_dims(0, -1);
         }},
        {"QuantizerWithoutScales", ErrorCode::Malformed, "scale",
         [](Sound& s) {
             addCodes(s);
             s.tensor("step").add_dims(0);
             s.tensor("step").clear_raw_data();
         }},
        {"AttributeOfAnotherType", ErrorCode::Malformed, "'keepdims' is of another type",
         [](Sound& s) {
             for (pb::AttributeProto& a : *s.node(1).mutable_attribute())
                 if (a.name() == "keepdims") {
                     a.clear_i();
                     a.set_type(pb::AttributeProto::FLOAT);
                     a.set_f(0);
                 }
         }},
        {"AttributeOfNoFunction", ErrorCode::Malformed, "refers to a function's",
         [](Sound& s) { s.node(1).mutable_attribute(0)->set_ref_attr_name("axes"); }},
        {"RandomNumbers", ErrorCode::Unsupported, "export in evaluation mode",
         [](Sound& s) { s.insert("RandomNormalLike"); }},
        {"OptimisedForOneMachine", ErrorCode::Unsupported, "save it with level 'basic'",
         [](Sound& s) { s.node(0).set_domain("com.microsoft.nchwc"); }},
        {"PostProcessing", ErrorCode::Unsupported, "before its post-processing",
         [](Sound& s) { s.insert("NonMaxSuppression"); }},
        {"NewMeaning", ErrorCode::Unsupported, "'mode', which opset 28 brought",
         [](Sound& s) {
             s.b.model().mutable_opset_import(0)->set_version(28);
             s.insert("SpaceToDepth");
             s.b.with("blocksize", int64_t{2});
             pb::AttributeProto& mode = *s.node(3).add_attribute();
             mode.set_name("mode");
             mode.set_type(pb::AttributeProto::STRING);
             mode.set_s("CRD");
         }},
        {"UnknownAspectRatio", ErrorCode::Malformed, "an aspect ratio policy that make no sense",
         [](Sound& s) {
             s.b.model().mutable_opset_import(0)->set_version(18);
             s.node(1).set_op_type("GlobalAveragePool");
             s.node(1).clear_attribute();
             s.b.node("Resize", {"image", "", "", s.b.ints("half", {1, 3, 4, 4})}, "smaller");
             auto& policy = *s.node(s.graph().node_size() - 1).add_attribute();
             policy.set_name("keep_aspect_ratio_policy");
             policy.set_type(pb::AttributeProto::STRING);
             policy.set_s("not_smallest");
             s.node(0).set_input(0, "smaller");
         }},
        {"NonZeroOfTheImage", ErrorCode::Unsupported, "before its post-processing",
         [](Sound& s) { s.insert("NonZero"); }},
        {"OpsetOfTomorrow", ErrorCode::Unsupported, "opset 29",
         [](Sound& s) { s.b.model().mutable_opset_import(0)->set_version(29); }},
        {"FunctionOfAnotherOpset", ErrorCode::Unsupported, "and Softmax may mean something else there",
         [](Sound& s) {
             addFunction(s, 0, 1);
             pb::FunctionProto& f = *s.b.model().mutable_functions(0);
             f.add_opset_import()->set_version(11);
             f.mutable_node(0)->set_op_type("Softmax");
             s.insert("F0");
             s.node(3).set_domain("local");
         }},
        {"FunctionsThatDouble", ErrorCode::TooLarge, "65536 nodes",
         [](Sound& s) {
             for (int level = 0; level < 30; ++level)
                 addFunction(s, level, 2);
             s.insert("F29");
             s.node(3).set_domain("local");
         }},
        {"FunctionsOfManyBytes", ErrorCode::TooLarge, "256 MiB",
         [](Sound& s) {
             for (int level = 0; level < 3; ++level)
                 addFunction(s, level, 16);
             pb::NodeProto& heavy = *s.b.model().mutable_functions(0)->add_node();
             heavy.set_op_type("Constant");
             heavy.add_output("unread");
             pb::AttributeProto& a = *heavy.add_attribute();
             a.set_name("value");
             a.set_type(pb::AttributeProto::TENSOR);
             a.mutable_t()->set_raw_data(std::string(1 << 20, 'x'));
             s.insert("F2");
             s.node(3).set_domain("local");
         }},
    };
}

class MalformedNodes : public testing::TestWithParam<Case> {};

TEST_P(MalformedNodes, AreAnErrorThatNamesTheCause)
{
    Sound sound;
    GetParam().spoil(sound);
    const std::string bytes = serialise(sound.b);
    for (const bool floatNetwork : {false, true}) {
        const auto model = importModel(std::as_bytes(std::span(bytes)), {}, {.floatNetwork = floatNetwork});
        ASSERT_FALSE(model);
        EXPECT_EQ(model.error().code, GetParam().code) << model.error().text();
        EXPECT_NE(model.error().text().find(GetParam().mention), std::string::npos) << model.error().text();
    }
}

TEST(NewerOpsets, FilesWhoseOperatorsAreUnchangedLoad)
{
    for (int64_t opset = 18; opset <= 28; ++opset) {
        Sound sound;
        sound.b.model().mutable_opset_import(0)->set_version(opset);
        sound.node(1).set_op_type("GlobalAveragePool");
        sound.node(1).clear_attribute();
        sound.node(1).set_output(0, "pooled");
        sound.b.node("Flatten", {"pooled"}, "mean");
        const auto model = importText(serialise(sound.b));
        ASSERT_TRUE(model) << opset << ": " << model.error().text();
        EXPECT_EQ(model->info.opset, opset);
    }
}

TEST(Functions, OfAnotherOpsetWhoseOperatorsAreUnchangedAreExpanded)
{
    Sound sound;
    addFunction(sound, 0, 2);
    sound.b.model().mutable_functions(0)->add_opset_import()->set_version(11);
    sound.insert("F0");
    sound.node(3).set_domain("local");
    const auto model = importText(serialise(sound.b));
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_EQ(std::ranges::count_if(model->graph.nodes(), [](const graph::Node& node) { return node.op == "Relu"; }),
              2);
}

INSTANTIATE_TEST_SUITE_P(Cases, MalformedNodes, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

} // namespace
} // namespace qs::onnx
