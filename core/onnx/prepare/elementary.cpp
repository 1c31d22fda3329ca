#include "core/onnx/prepare/expansion.h"

#include <limits>
#include <numeric>
#include <string>

namespace qs::onnx {

namespace {

std::string abs(Expansion& e)
{
    return e.add("Abs", {e.input(0)});
}

/// alpha Elu(x / alpha) with its alpha 1:  x where x > 0, alpha (exp(x / alpha) - 1) elsewhere.
Result<void> celu(Expansion& e)
{
    const float alpha = e.real("alpha", 1);
    if (alpha == 0)
        return fail(ErrorCode::Malformed, "its alpha is 0");
    const auto curve = e.add("Elu", {alpha == 1 ? e.input(0) : e.add("Div", {e.input(0), e.scalar(alpha)})});
    e.setLast("alpha", 1.0f);
    e.finish(alpha == 1 ? curve : e.add("Mul", {curve, e.scalar(alpha)}));
    return {};
}

/// gamma Elu(x).
Result<void> selu(Expansion& e)
{
    const auto curve = e.add("Elu", {e.input(0)});
    e.setLast("alpha", e.real("alpha", 1.67326319217681884765625f));
    e.finish(e.add("Mul", {curve, e.scalar(e.real("gamma", 1.05070102214813232421875f))}));
    return {};
}

/// x where x > alpha, 0 elsewhere.
Result<void> thresholdedRelu(Expansion& e)
{
    const auto above = e.add("Greater", {e.input(0), e.scalar(e.real("alpha", 1))});
    e.finish(e.add("Where", {above, e.input(0), e.scalar(0)}));
    return {};
}

/// x + bias below -lambd, x - bias above lambd, 0 between.
Result<void> shrink(Expansion& e)
{
    const float lambda = e.real("lambd", 0.5f);
    const auto bias = e.scalar(e.real("bias", 0));
    const auto below = e.add("Less", {e.input(0), e.scalar(-lambda)});
    const auto above = e.add("Greater", {e.input(0), e.scalar(lambda)});
    const auto high = e.add("Where", {above, e.add("Sub", {e.input(0), bias}), e.scalar(0)});
    e.finish(e.add("Where", {below, e.add("Add", {e.input(0), bias}), high}));
    return {};
}

/// x / (1 + |x|).
Result<void> softsign(Expansion& e)
{
    e.finish(e.add("Div", {e.input(0), e.add("Add", {abs(e), e.scalar(1)})}));
    return {};
}

Result<void> isInf(Expansion& e)
{
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const bool high = e.integer("detect_positive", 1) != 0, low = e.integer("detect_negative", 1) != 0;
    const auto x = high && low ? abs(e) : e.input(0);
    if (!high && !low) // nothing is found
        e.finish(e.add("Less", {abs(e), e.scalar(-1)}));
    else
        e.finish(e.add("Equal", {x, e.scalar(high ? infinity : -infinity)}));
    return {};
}

/// Sum of all inputs by their number.
Result<void> mean(Expansion& e)
{
    Expansion::Values all;
    for (int i = 0; i < e.inputCount(); ++i)
        all.push_back(e.input(i));
    std::string sum = all.front(); // by twos: every partial sum is a value of the file, where a quantizer can stand
    for (std::size_t i = 1; i < all.size(); ++i)
        sum = e.add("Add", {sum, all[i]});
    e.finish(e.add("Div", {sum, e.scalar(static_cast<float>(all.size()))}));
    return {};
}

/// A reduction with the axes and keepdims of the node.
std::string reduced(Expansion& e, std::string_view op, const std::string& x, bool keep)
{
    Expansion::Values inputs{x};
    const auto given = e.integers("axes");
    const bool asInput = op == "ReduceSum" ? e.opset() >= 13 : e.opset() >= 18;
    if (e.has(1))
        inputs.push_back(e.input(1));
    else if (!given.empty() && asInput)
        inputs.push_back(e.list(given));
    const auto y = e.add(op, inputs, "keepdims", int64_t{keep || e.integer("keepdims", 1) != 0});
    if (!given.empty() && !asInput)
        e.setLast("axes", given);
    return y;
}

Result<void> needAxes(const Expansion& e)
{
    if (e.integer("noop_with_empty_axes", 0) != 0 && !e.has(1) && e.integers("axes").empty())
        return fail(ErrorCode::Unsupported, "reduces over no axis (noop_with_empty_axes)");
    return {};
}

Result<void> reduceLogSum(Expansion& e)
{
    QS_CHECK(needAxes(e));
    e.finish(e.add("Log", {reduced(e, "ReduceSum", e.input(0), false)}));
    return {};
}

/// m + log(sum(exp(x - m))) with m the largest x, kept finite.
Result<void> reduceLogSumExp(Expansion& e)
{
    QS_CHECK(needAxes(e));
    constexpr float most = std::numeric_limits<float>::max();
    const auto finite = [&](const std::string& x) {
        return e.add("Min", {e.add("Max", {x, e.scalar(-most)}), e.scalar(most)});
    };
    const auto above = finite(reduced(e, "ReduceMax", e.input(0), true));
    const auto sum = reduced(e, "ReduceSum", e.add("Exp", {e.add("Sub", {e.input(0), above})}), false);
    const auto largest = e.integer("keepdims", 1) != 0 ? above : finite(reduced(e, "ReduceMax", e.input(0), false));
    e.finish(e.add("Add", {e.add("Log", {sum}), largest}));
    return {};
}

/// |x|^p, and its inverse.
std::string power(Expansion& e, const std::string& x, float p)
{
    return p == 1 ? x : p == 2 ? e.add("Mul", {x, x}) : e.add("Pow", {x, e.scalar(p)});
}

std::string root(Expansion& e, const std::string& x, float p)
{
    return p == 1 ? x : p == 2 ? e.add("Sqrt", {x}) : e.add("Pow", {x, e.scalar(1 / p)});
}

/// (sum over the window of |x|^p)^(1/p): the average with zeros around, times the size of the window.
Result<void> lpPool(Expansion& e)
{
    const auto p = static_cast<float>(e.integer("p", 2));
    const auto window = e.integers("kernel_shape");
    if (p < 1 || window.empty())
        return fail(ErrorCode::Malformed, "has no window, or p below 1");
    if (e.integer("ceil_mode", 0) != 0)
        return fail(ErrorCode::Unsupported, "rounds its size up (ceil_mode)");
    float size = 1;
    for (const int64_t side : window)
        size *= static_cast<float>(side);
    const auto average = e.add("AveragePool", {power(e, abs(e), p)}, "count_include_pad", int64_t{1});
    e.keepAttributes({"p", "count_include_pad"});
    e.finish(root(e, e.add("Mul", {average, e.scalar(size)}), p));
    return {};
}

/// x by its norm along an axis; zeros stay.
Result<void> lpNormalization(Expansion& e)
{
    const int64_t p = e.integer("p", 2);
    if (p != 1 && p != 2)
        return fail(ErrorCode::Malformed, "its p is not 1 or 2");
    const std::vector<int64_t> axes{e.integer("axis", -1)};
    const std::string op = p == 1 ? "ReduceL1" : "ReduceL2";
    const auto norm = e.opset() >= 18 ? e.add(op, {e.input(0), e.list(axes)}) : e.add(op, {e.input(0)}, "axes", axes);
    e.finish(e.add("Div", {e.input(0), e.add("Max", {norm, e.scalar(std::numeric_limits<float>::min())})}));
    return {};
}

/// (x - mean) / (deviation + 1e-9) over axes, [0, 2, 3] where it names none.
Result<void> meanVariance(Expansion& e)
{
    auto axes = e.integers("axes");
    if (!e.hasAttribute("axes"))
        axes = {0, 2, 3};
    for (const int64_t axis : axes)
        if (axis == 0)
            return fail(ErrorCode::Unsupported,
                        "normalises over the images of a batch (axis 0): the scores of one would depend on others");
    const auto centred = e.add("Sub", {e.input(0), e.reduceMean(e.input(0), axes)});
    const auto variance = e.reduceMean(e.add("Mul", {centred, centred}), axes);
    e.finish(e.add("Div", {centred, e.add("Add", {e.add("Sqrt", {variance}), e.scalar(1e-9f)})}));
    return {};
}

/// 1 at the first largest value along an axis, 0 elsewhere.
Result<void> hardmax(Expansion& e)
{
    const exec::ValueInfo* x = e.fact(0);
    if (!x)
        return {};
    const auto rank = static_cast<int64_t>(x->shape.rank());
    int64_t axis = e.integer("axis", e.opset() >= 13 ? -1 : 1);
    axis = axis < 0 ? axis + rank : axis;
    if (axis < 0 || axis >= rank)
        return fail(ErrorCode::Malformed, "its axis is out of range");
    if (e.opset() < 13 && axis != rank - 1)
        return fail(ErrorCode::Unsupported, "takes several axes as one, as before opset 13");
    const int64_t size = x->shape[static_cast<std::size_t>(axis)];
    if (size > 1 << 24)
        return fail(ErrorCode::TooLarge, "is over " + std::to_string(size) + " values");
    std::vector<int64_t> places(static_cast<std::size_t>(size)), sizes(x->shape.rank(), 1);
    std::iota(places.begin(), places.end(), 0);
    sizes[static_cast<std::size_t>(axis)] = size;
    const auto largest = e.add("ArgMax", {e.input(0)}, "axis", axis);
    const auto at = e.add("Reshape", {e.list(places), e.list(sizes)});
    e.finish(e.add("Cast", {e.add("Equal", {largest, at})}, "to", int64_t{1}));
    return {};
}

/// GlobalLpPool: the p-norm over all axes behind the channels.
Result<void> globalLpPool(Expansion& e)
{
    const exec::ValueInfo* x = e.fact(0);
    if (!x)
        return {};
    const auto p = static_cast<float>(e.integer("p", 2));
    if (x->shape.rank() < 3 || p < 1)
        return fail(ErrorCode::Malformed, "has no axes behind the channels, or p below 1");
    std::vector<int64_t> axes(x->shape.rank() - 2);
    std::iota(axes.begin(), axes.end(), 2);
    const auto powers = power(e, abs(e), p);
    const auto sum =
        e.opset() >= 13 ? e.add("ReduceSum", {powers, e.list(axes)}) : e.add("ReduceSum", {powers}, "axes", axes);
    e.finish(root(e, sum, p));
    return {};
}

std::optional<exec::ValueInfo> likeFirst(Infos inputs)
{
    return inputs.empty() ? std::nullopt : std::optional(inputs[0]);
}

std::optional<exec::ValueInfo> pooled(Infos inputs)
{
    if (inputs.empty() || inputs[0].shape.rank() < 3)
        return std::nullopt;
    exec::ValueInfo y = inputs[0];
    for (std::size_t axis = 2; axis < y.shape.rank(); ++axis)
        y.shape[axis] = 1;
    return y;
}

} // namespace

std::span<const ExpansionRule> elementaryExpansions()
{
    static constexpr ExpansionRule rules[] = {
        {"", "Celu", celu},
        {"", "GlobalLpPool", globalLpPool, pooled},
        {"", "Hardmax", hardmax, likeFirst},
        {"", "IsInf", isInf},
        {"", "LpNormalization", lpNormalization},
        {"", "LpPool", lpPool},
        {"", "Mean", mean},
        {"", "MeanVarianceNormalization", meanVariance},
        {"", "ReduceLogSum", reduceLogSum},
        {"", "ReduceLogSumExp", reduceLogSumExp},
        {"", "Selu", selu},
        {"", "Shrink", shrink},
        {"", "Softsign", softsign},
        {"", "ThresholdedRelu", thresholdedRelu},
    };
    return rules;
}

} // namespace qs::onnx
