#pragma once

#include "core/onnx/import.h"
#include "tests/support/onnx_builder.h"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace qs::onnx {

namespace pb = quantoscope_onnx;
using test::OnnxBuilder;
using Ints = OnnxBuilder::Ints;

inline std::string serialise(OnnxBuilder& builder)
{
    return builder.model().SerializeAsString();
}

inline Result<Model> importText(const std::string& bytes, const std::filesystem::path& folder = {})
{
    return importModel(std::as_bytes(std::span(bytes)), folder);
}

/// [1, 3, 8, 8] -> convolution -> mean -> linear -> [1, 5]: a sound model that the cases break.
struct Sound {
    OnnxBuilder b{17};

    Sound()
    {
        b.input("image", {1, 3, 8, 8});
        b.output("logits", {1, 5});
        b.node("Conv", {"image", b.random("conv.weight", {6, 3, 4, 4}, 0.1f), b.random("conv.bias", {6}, 0.1f)},
               "conv");
        b.with("strides", Ints{4, 4});
        b.node("ReduceMean", {"conv"}, "mean");
        b.with("axes", Ints{2, 3}).with("keepdims", int64_t{0});
        b.node("Gemm", {"mean", b.random("head.weight", {6, 5}, 0.1f), b.random("head.bias", {5}, 0.1f)}, "logits");
    }

    pb::GraphProto& graph() { return *b.model().mutable_graph(); }
    pb::NodeProto& node(int i) { return *graph().mutable_node(i); }
    pb::TensorProto& tensor(const std::string& name)
    {
        for (pb::TensorProto& t : *graph().mutable_initializer())
            if (t.name() == name)
                return t;
        return *graph().add_initializer();
    }
    /// Puts a node between the mean [1, 6] and the classifier.
    void insert(const std::string& op, std::vector<std::string> more = {})
    {
        more.insert(more.begin(), "mean");
        b.node(op, more, "inserted");
        node(2).set_input(0, "inserted");
    }
};

} // namespace qs::onnx
