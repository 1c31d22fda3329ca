#include "core/onnx/index_range.h"

#include "core/graph/op_traits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>

namespace qs::onnx {

namespace {

using Known = std::optional<Range>;

constexpr int kDeepest = 64;
constexpr double kLargest = 1 << 24; ///< whole numbers up to it are exact in float

Range united(const Range& a, const Range& b)
{
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

template <class T>
Known extremes(std::span<const T> values)
{
    if (values.empty())
        return std::nullopt;
    const auto [low, high] = std::ranges::minmax(values);
    return Range{static_cast<double>(low), static_cast<double>(high)};
}

Known rangeOf(const Tensor& constant)
{
    switch (constant.dtype()) {
    case DType::Int64:
        return extremes(constant.data<int64_t>());
    case DType::Int32:
        return extremes(constant.data<int32_t>());
    case DType::Bool:
        return Range{0, 1};
    case DType::Float32: {
        const auto values = constant.floats();
        return std::ranges::all_of(values, [](float v) { return std::isfinite(v); }) ? extremes(values)
                                                                                     : std::nullopt;
    }
    default:
        return std::nullopt;
    }
}

/// Ends of what f makes of all pairs of numbers, for an f that is monotone in each of both.
template <class F>
Range corners(const Range& a, const Range& b, F f)
{
    const std::array all{f(a.low, b.low), f(a.low, b.high), f(a.high, b.low), f(a.high, b.high)};
    return {std::ranges::min(all), std::ranges::max(all)};
}

Known remainder(const Range& a, const Range& b, bool signOfDividend)
{
    if (b.low < 1) // numbers from 1 on alone: what they leave is less
        return std::nullopt;
    const double most = std::max(0.0, b.high - 1);
    if (a.low >= 0)
        return Range{0, std::min(a.high, most)};
    return Range{signOfDividend ? std::max(a.low, -most) : 0, most};
}

class Ranges {
public:
    explicit Ranges(const Builder& builder) : m_builder(builder) {}

    Known of(TensorId id, int depth = 0)
    {
        if (!id.valid() || depth > kDeepest)
            return std::nullopt;
        if (const auto known = m_known.find(id); known != m_known.end())
            return known->second;
        Known range = compute(id, depth);
        if (range && !(std::abs(range->low) <= kLargest && std::abs(range->high) <= kLargest))
            range.reset();
        return m_known[id] = range;
    }

private:
    Known compute(TensorId id, int depth)
    {
        if (const Tensor* constant = m_builder.constant(id))
            return rangeOf(*constant);
        const graph::Node* node = m_builder.producer(id);
        if (!node)
            return std::nullopt;
        const auto input = [&](std::size_t i) {
            return i < node->inputs.size() ? of(node->inputs[i], depth + 1) : Known();
        };
        if (m_builder.value(id).dtype == DType::Bool)
            return Range{0, 1};
        if (node->op == "TopK" || node->op == "ArgMax" || node->op == "ArgMin")
            return placesOf(*node, id);
        if (graph::has(*node, graph::OpTrait::Moves) && !graph::has(*node, graph::OpTrait::Fills))
            return moved(*node, depth);
        if (node->inputs.size() == 1)
            return unary(*node, id, input(0));
        if (node->op == "Where")
            return joined(input(1), input(2));
        return node->inputs.size() == 2 ? binary(*node, id, input(0), input(1)) : std::nullopt;
    }

    Known placesOf(const graph::Node& node, TensorId id) const
    {
        if (node.op == "TopK" && (node.outputs.size() < 2 || node.outputs[1] != id))
            return std::nullopt;
        const Shape& shape = m_builder.value(node.inputs[0]).shape;
        const auto axis = static_cast<std::size_t>(node.attributes.integer("axis", 0));
        return axis < shape.rank() ? Known(Range{0, static_cast<double>(shape[axis]) - 1}) : std::nullopt;
    }

    /// Elements of the data inputs.
    Known moved(const graph::Node& node, int depth)
    {
        Known range = of(node.inputs[0], depth + 1);
        if (graph::has(node, graph::OpTrait::Joins))
            for (std::size_t i = 1; i < node.inputs.size(); ++i)
                range = joined(range, of(node.inputs[i], depth + 1));
        return range;
    }

    static Known joined(const Known& a, const Known& b) { return a && b ? Known(united(*a, *b)) : std::nullopt; }

    Known unary(const graph::Node& node, TensorId id, const Known& x) const
    {
        if (!x)
            return std::nullopt;
        if (node.op == "Cast") {
            const bool whole = m_builder.value(id).dtype != DType::Float32;
            return whole ? Range{std::trunc(x->low), std::trunc(x->high)} : *x;
        }
        if (node.op == "Floor")
            return Range{std::floor(x->low), std::floor(x->high)};
        if (node.op == "Ceil")
            return Range{std::ceil(x->low), std::ceil(x->high)};
        if (node.op == "Round")
            return Range{std::nearbyint(x->low), std::nearbyint(x->high)};
        if (node.op == "Neg")
            return Range{-x->high, -x->low};
        if (node.op == "ReduceMax" || node.op == "ReduceMin")
            return x;
        return std::nullopt;
    }

    Known binary(const graph::Node& node, TensorId id, const Known& a, const Known& b) const
    {
        if (!a || !b)
            return std::nullopt;
        const bool whole = m_builder.value(id).dtype != DType::Float32;
        if (node.op == "Add")
            return Range{a->low + b->low, a->high + b->high};
        if (node.op == "Sub")
            return Range{a->low - b->high, a->high - b->low};
        if (node.op == "Mul")
            return corners(*a, *b, [](double x, double y) { return x * y; });
        if (node.op == "Div" && (b->low > 0 || b->high < 0))
            return corners(*a, *b, [&](double x, double y) { return whole ? std::trunc(x / y) : x / y; });
        if (node.op == "Mod" && whole)
            return remainder(*a, *b, node.attributes.integer("fmod", 0) != 0);
        if (node.op == "Max")
            return Range{std::max(a->low, b->low), std::max(a->high, b->high)};
        if (node.op == "Min")
            return Range{std::min(a->low, b->low), std::min(a->high, b->high)};
        return std::nullopt;
    }

    const Builder& m_builder;
    std::map<TensorId, Known> m_known;
};

} // namespace

std::optional<Range> rangeOf(const Builder& builder, TensorId value)
{
    return Ranges(builder).of(value);
}

} // namespace qs::onnx
