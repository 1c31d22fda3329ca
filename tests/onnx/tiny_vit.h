#pragma once

#include "tests/support/onnx_builder.h"

#include <filesystem>
#include <string>

namespace qs::test {

struct TinyVitOptions {
    int64_t opset = 13;
    bool dynamicBatch = true;
    bool headTransposed = true; ///< Gemm with transB
    float headAlpha = 1;
};

/// A transformer with one block as old exporters write it (decomposed LayerNorm and GELU, axes as attributes):
/// [N, 3, 8, 8] -> 4 tokens of 16 channels, 2 heads, 5 classes. Values are named after what they are.
inline std::filesystem::path writeTinyVit(const std::filesystem::path& path, const TinyVitOptions& options = {})
{
    OnnxBuilder b(options.opset);
    const int64_t batch = options.dynamicBatch ? -1 : 1;
    b.input("image", {batch, 3, 8, 8});
    b.output("logits", {batch, 5});
    const bool old = options.opset < 13;
    const bool veryOld = options.opset < 18;
    const auto reduceMean = [&](const std::string& x, int64_t axis, int64_t keep, const std::string& y) {
        if (veryOld) {
            b.node("ReduceMean", {x}, y);
            b.with("axes", OnnxBuilder::Ints{axis}).with("keepdims", keep);
        } else {
            const std::string axes = b.ints(y + ".axes", {axis});
            b.node("ReduceMean", {x, axes}, y);
            b.with("keepdims", keep);
        }
        return y;
    };
    const auto layerNorm = [&](const std::string& x, const std::string& name) {
        const std::string mean = reduceMean(x, -1, 1, name + ".mean");
        const std::string centred = b.node("Sub", {x, mean}, name + ".centred");
        const std::string square = b.node("Pow", {centred, b.scalar(name + ".two", 2)}, name + ".square");
        const std::string variance = reduceMean(square, -1, 1, name + ".variance");
        const std::string shifted = b.node("Add", {variance, b.scalar(name + ".epsilon", 1e-6f)}, name + ".shifted");
        const std::string root = b.node("Sqrt", {shifted}, name + ".root");
        const std::string normal = b.node("Div", {centred, root}, name + ".normal");
        const std::string scaled = b.node("Mul", {normal, b.random(name + ".gamma", {16}, 1)}, name + ".scaled");
        return b.node("Add", {scaled, b.random(name + ".beta", {16}, 0.3f)}, name);
    };
    const auto linear = [&](const std::string& x, int64_t k, int64_t n, const std::string& name, bool biasFirst) {
        const std::string product =
            b.node("MatMul", {x, b.random(name + ".weight", {k, n}, 0.25f)}, name + ".product");
        const std::string bias = b.random(name + ".bias", {n}, 0.2f);
        return biasFirst ? b.node("Add", {bias, product}, name) : b.node("Add", {product, bias}, name);
    };

    b.node("Conv", {"image", b.random("patch.weight", {16, 3, 4, 4}, 0.15f), b.random("patch.bias", {16}, 0.1f)},
           "patch");
    b.with("strides", OnnxBuilder::Ints{4, 4}).with("kernel_shape", OnnxBuilder::Ints{4, 4});
    b.node("Reshape", {"patch", b.ints("patch.shape", {0, 16, 4})}, "flat");
    b.node("Transpose", {"flat"}, "tokens");
    b.with("perm", OnnxBuilder::Ints{0, 2, 1});
    b.node("Add", {"tokens", b.random("position", {1, 4, 16}, 0.5f)}, "embedded");

    layerNorm("embedded", "norm1");
    const auto heads = [&](const std::string& x, const OnnxBuilder::Ints& perm, const std::string& name) {
        b.node("Reshape", {x, b.ints(name + ".shape", {0, 4, 2, 8})}, name + ".split");
        b.node("Transpose", {name + ".split"}, name);
        b.with("perm", perm);
        return name;
    };
    heads(linear("norm1", 16, 16, "query", true), {0, 2, 1, 3}, "queries");
    heads(linear("norm1", 16, 16, "key", false), {0, 2, 3, 1}, "keys");
    heads(linear("norm1", 16, 16, "value", true), {0, 2, 1, 3}, "values");
    b.node("MatMul", {"queries", "keys"}, "scores");
    b.node("Mul", {"scores", b.scalar("scores.factor", 0.35355339f)}, "scaled");
    b.node("Softmax", {"scaled"}, "attention");
    b.with("axis", old ? int64_t{3} : int64_t{-1});
    b.node("MatMul", {"attention", "values"}, "mixed");
    b.node("Transpose", {"mixed"}, "mixed.tokens");
    b.with("perm", OnnxBuilder::Ints{0, 2, 1, 3});
    b.node("Reshape", {"mixed.tokens", b.ints("mixed.shape", {0, 4, 16})}, "merged");
    b.node("Add", {linear("merged", 16, 16, "proj", true), "embedded"}, "residual1");

    layerNorm("residual1", "norm2");
    linear("norm2", 16, 32, "fc1", true);
    b.node("Div", {"fc1", b.scalar("gelu.root", 1.41421356f)}, "gelu.scaled");
    b.node("Erf", {"gelu.scaled"}, "gelu.erf");
    b.node("Add", {"gelu.erf", b.scalar("gelu.one", 1)}, "gelu.shifted");
    b.node("Mul", {"fc1", "gelu.shifted"}, "gelu.product");
    b.node("Mul", {"gelu.product", b.scalar("gelu.half", 0.5f)}, "gelu");
    b.node("Add", {linear("gelu", 32, 16, "fc2", false), "residual1"}, "residual2");
    layerNorm("residual2", "norm");
    reduceMean("norm", 1, 0, "pooled");
    const OnnxBuilder::Ints headShape = options.headTransposed ? OnnxBuilder::Ints{5, 16} : OnnxBuilder::Ints{16, 5};
    b.node("Gemm", {"pooled", b.random("head.weight", headShape, 0.5f), b.random("head.bias", {5}, 0.2f)}, "logits");
    b.with("transB", int64_t{options.headTransposed}).with("alpha", options.headAlpha);
    return b.write(path);
}

} // namespace qs::test
