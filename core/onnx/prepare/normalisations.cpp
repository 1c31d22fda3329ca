#include "core/onnx/prepare/expansion.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace qs::onnx {

namespace {

std::string layerNorm(Expansion& e, const std::string& x, const std::string& gamma, const std::string& beta,
                      float epsilon)
{
    Expansion::Values inputs{x, gamma};
    if (!beta.empty())
        inputs.push_back(beta);
    const auto y = e.add("LayerNormalization", inputs, "axis", int64_t{-1});
    e.setLast("epsilon", epsilon);
    return y;
}

/// x / √(mean(x²) + epsilon) · gamma over the axes.
std::string rmsNorm(Expansion& e, const std::string& x, const std::string& gamma, float epsilon,
                    const std::vector<int64_t>& axes)
{
    const auto squares = e.reduceMean(e.add("Pow", {x, e.scalar(2)}), axes);
    const auto root = e.add("Sqrt", {e.add("Add", {squares, e.scalar(epsilon)})});
    return e.add("Mul", {e.add("Div", {x, root}), gamma});
}

Result<void> needNoStatistics(const Expansion& e, int last)
{
    for (int output = 1; output <= last; ++output)
        if (e.wants(output))
            return fail(ErrorCode::Unsupported, "its statistics are used as outputs");
    return {};
}

/// SkipLayerNormalization: x, skip, gamma, beta, bias -> y, mean, deviation, sum.
Result<void> skipLayerNorm(Expansion& e)
{
    QS_CHECK(needNoStatistics(e, 2));
    auto sum = e.add("Add", {e.input(0), e.input(1)});
    if (e.has(4))
        sum = e.add("Add", {sum, e.input(4)});
    const auto y = layerNorm(e, sum, e.input(2), e.input(3), e.real("epsilon", 1e-12f));
    e.finish(y);
    e.finish(sum, 3);
    return {};
}

/// SkipSimplifiedLayerNormalization: x, skip, gamma, bias -> y, mean, deviation, sum.
Result<void> skipRmsNorm(Expansion& e)
{
    QS_CHECK(needNoStatistics(e, 2));
    auto sum = e.add("Add", {e.input(0), e.input(1)});
    if (e.has(3))
        sum = e.add("Add", {sum, e.input(3)});
    const auto y = rmsNorm(e, sum, e.input(2), e.real("epsilon", 1e-12f), {-1});
    e.finish(y);
    e.finish(sum, 3);
    return {};
}

/// RMSNormalization of opset 23 and ONNX Runtime's SimplifiedLayerNormalization: axes from `axis` on.
Result<void> rms(Expansion& e)
{
    QS_CHECK(needNoStatistics(e, 1));
    int64_t axis = e.integer("axis", -1);
    if (axis >= 0) {
        const exec::ValueInfo* x = e.fact(0);
        if (!x)
            return {};
        axis -= static_cast<int64_t>(x->shape.rank());
    }
    if (axis < -static_cast<int64_t>(Shape::kMaxRank) || axis >= 0)
        return fail(ErrorCode::Malformed, "its axis is out of range");
    std::vector<int64_t> axes(static_cast<std::size_t>(-axis));
    std::iota(axes.begin(), axes.end(), axis);
    e.finish(rmsNorm(e, e.input(0), e.input(1), e.real("epsilon", 1e-5f), axes));
    return {};
}

std::optional<exec::ValueInfo> likeFirst(Infos inputs)
{
    return inputs.empty() ? std::nullopt : std::optional(inputs[0]);
}

/// GroupNorm of com.microsoft: [n, h, w, c] (channels_last) or [n, c, h, w], gamma, beta; activation 1 is SiLU.
Result<void> groupNorm(Expansion& e)
{
    const bool last = e.integer("channels_last", 1) != 0;
    auto x = last ? e.transpose(e.input(0), {0, 3, 1, 2}) : e.input(0);
    const auto sizes = e.sizesOfWeight(1);
    if (!sizes || sizes->size() != 1)
        return fail(ErrorCode::Unsupported, "its scale is not a weight of the file");
    const int64_t groups = e.integer("groups", 1);
    constexpr int64_t kMostGroups = 1 << 16;
    if (groups < 1 || groups > std::min((*sizes)[0], kMostGroups) || (*sizes)[0] % groups != 0)
        return fail(ErrorCode::ShapeMismatch, "cannot split " + std::to_string((*sizes)[0]) + " channels into " +
                                                  std::to_string(groups) + " groups");
    const std::vector<float> ones(static_cast<std::size_t>(groups), 1.0f);
    const std::vector<float> zeros(ones.size(), 0.0f);
    auto y = e.add("Reshape", {x, e.list({0, groups, -1})});
    y = e.add("InstanceNormalization", {y, e.floats({groups}, ones), e.floats({groups}, zeros)});
    e.setLast("epsilon", e.real("epsilon", 1e-5f));
    y = e.add("Reshape", {y, e.add("Shape", {x})});
    const auto channel = [&](int i) { return e.add("Reshape", {e.input(i), e.list({1, -1, 1, 1})}); };
    y = e.add("Add", {e.add("Mul", {y, channel(1)}), channel(2)});
    if (e.integer("activation", 0) != 0)
        y = e.add("Mul", {y, e.add("Sigmoid", {y})});
    e.finish(last ? e.transpose(y, {0, 2, 3, 1}) : y);
    return {};
}

/// The standard operator under another domain.
Result<void> standard(Expansion& e)
{
    Expansion::Values inputs;
    for (int i = 0; i < e.inputCount(); ++i)
        inputs.push_back(e.input(i));
    const auto y = e.add(e.op(), inputs);
    e.keepAttributes();
    e.finish(y);
    return {};
}

} // namespace

std::span<const ExpansionRule> normalisationExpansions()
{
    static constexpr ExpansionRule rules[] = {
        {"", "RMSNormalization", rms, likeFirst},
        {"", "SimplifiedLayerNormalization", rms, likeFirst},
        {"com.microsoft", "GroupNorm", groupNorm},
        {"com.microsoft", "DequantizeLinear", standard},
        {"com.microsoft", "LayerNormalization", standard},
        {"com.microsoft", "QuantizeLinear", standard},
        {"com.microsoft", "SimplifiedLayerNormalization", rms, likeFirst},
        {"com.microsoft", "SkipLayerNormalization", skipLayerNorm},
        {"com.microsoft", "SkipSimplifiedLayerNormalization", skipRmsNorm},
    };
    return rules;
}

} // namespace qs::onnx
