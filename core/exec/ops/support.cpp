#include "core/exec/ops/support.h"

#include <algorithm>
#include <cmath>

namespace qs::exec {

tl::unexpected<Error> mismatch(std::string message)
{
    return fail(ErrorCode::ShapeMismatch, std::move(message));
}
tl::unexpected<Error> unsupported(std::string message)
{
    return fail(ErrorCode::Unsupported, std::move(message));
}

Result<void> expectInputs(const graph::Node& node, Infos inputs, std::size_t least, std::size_t most)
{
    for (std::size_t i = 0; i < least; ++i)
        if (!given(node, inputs, i))
            return mismatch(node.op + " needs " + std::to_string(least) + " input(s), input " + std::to_string(i) +
                            " is missing");
    if (inputs.size() > most)
        return mismatch(node.op + " takes at most " + std::to_string(most) + " input(s), not " +
                        std::to_string(inputs.size()));
    return {};
}

Result<void> expectType(Infos inputs, std::size_t index, DType type)
{
    if (inputs[index].dtype != type)
        return unsupported("input " + std::to_string(index) + " is " + std::string(dtypeName(inputs[index].dtype)) +
                           ", only " + std::string(dtypeName(type)) + " is supported");
    return {};
}

Result<void> checkShape(std::span<const int64_t> dims)
{
    if (dims.size() > Shape::kMaxRank)
        return fail(ErrorCode::TooLarge, "rank " + std::to_string(dims.size()) + " is more than the supported " +
                                             std::to_string(Shape::kMaxRank));
    int64_t elements = 1;
    for (const int64_t d : dims) {
        if (d < 0)
            return mismatch("a dimension would be " + std::to_string(d));
        if (d > kMaxElements)
            return fail(ErrorCode::TooLarge, "a dimension of " + std::to_string(d) + " is too large");
        if (d == 0)
            continue;
        if (elements > kMaxElements / d)
            return fail(ErrorCode::TooLarge, "more than 2^31 elements in one tensor");
        elements *= d;
    }
    return {};
}

Result<Shape> makeShape(std::span<const int64_t> dims)
{
    QS_CHECK(checkShape(dims));
    return Shape(dims);
}

InferResult oneOutput(DType type, const Shape& shape)
{
    return oneOutput(type, shape.dims());
}

InferResult oneOutput(DType type, std::span<const int64_t> dims)
{
    QS_ASSIGN(const Shape shape, makeShape(dims));
    return std::vector<ValueInfo>{{type, shape}};
}

Result<std::size_t> resolveAxis(int64_t axis, std::size_t rank)
{
    const auto r = static_cast<int64_t>(rank);
    if (axis < -r || axis >= r)
        return mismatch("axis " + std::to_string(axis) + " is outside a tensor of rank " + std::to_string(rank));
    return static_cast<std::size_t>(axis < 0 ? axis + r : axis);
}

Result<std::vector<std::size_t>> resolveAxes(std::span<const int64_t> axes, std::size_t rank)
{
    std::vector<std::size_t> resolved;
    for (const int64_t axis : axes) {
        QS_ASSIGN(const std::size_t a, resolveAxis(axis, rank));
        resolved.push_back(a);
    }
    std::sort(resolved.begin(), resolved.end());
    if (std::adjacent_find(resolved.begin(), resolved.end()) != resolved.end())
        return mismatch("an axis is named twice");
    return resolved;
}

Result<Shape> broadcastShapes(const Shape& a, const Shape& b)
{
    Shape out;
    const std::size_t rank = std::max(a.rank(), b.rank());
    for (std::size_t i = 0; i < rank; ++i) {
        const int64_t x = i + a.rank() < rank ? 1 : a[i + a.rank() - rank];
        const int64_t y = i + b.rank() < rank ? 1 : b[i + b.rank() - rank];
        if (x != y && x != 1 && y != 1)
            return mismatch(a.text() + " and " + b.text() + " cannot be broadcast to one shape");
        out.push_back(x == 1 ? y : x);
    }
    return out;
}

Shape broadcastStrides(const Shape& shape, const Shape& strides, const Shape& target)
{
    Shape out;
    const std::size_t missing = target.rank() - shape.rank();
    for (std::size_t i = 0; i < target.rank(); ++i)
        out.push_back(i < missing || (shape[i - missing] == 1 && target[i] != 1) ? 0 : strides[i - missing]);
    return out;
}

std::optional<std::vector<double>> numbersOf(const graph::Node& node, std::string_view name)
{
    const auto it = node.attributes.all().find(name);
    if (it == node.attributes.all().end())
        return std::nullopt;
    std::vector<double> out;
    if (const auto* i = std::get_if<int64_t>(&it->second))
        out.push_back(static_cast<double>(*i));
    else if (const auto* f = std::get_if<float>(&it->second))
        out.push_back(*f);
    else if (const auto* is = std::get_if<std::vector<int64_t>>(&it->second))
        out.assign(is->begin(), is->end());
    else if (const auto* fs = std::get_if<std::vector<float>>(&it->second))
        out.assign(fs->begin(), fs->end());
    else if (const auto* t = std::get_if<Tensor>(&it->second); t && !t->empty())
        withType(t->dtype(), [&]<class T>(T) {
            for (const T v : t->data<T>())
                out.push_back(static_cast<double>(v));
        });
    else
        return std::nullopt;
    return out;
}

std::optional<double> numberOf(const graph::Node& node, std::string_view name)
{
    const auto values = numbersOf(node, name);
    if (!values || values->size() != 1)
        return std::nullopt;
    return values->front();
}

std::optional<std::vector<int64_t>> integersOf(const graph::Node& node, std::string_view name)
{
    const auto it = node.attributes.all().find(name);
    if (it == node.attributes.all().end())
        return std::nullopt;
    if (const auto* i = std::get_if<int64_t>(&it->second))
        return std::vector<int64_t>{*i};
    if (const auto* is = std::get_if<std::vector<int64_t>>(&it->second))
        return *is;
    if (const auto* t = std::get_if<Tensor>(&it->second); t && !t->empty() && t->dtype() != DType::Float32) {
        std::vector<int64_t> out;
        withType(t->dtype(), [&]<class T>(T) {
            if constexpr (!std::is_same_v<T, float>)
                out.assign(t->data<T>().begin(), t->data<T>().end());
        });
        return out;
    }
    return std::nullopt;
}

std::optional<int64_t> integerOf(const graph::Node& node, std::string_view name)
{
    const auto values = integersOf(node, name);
    if (!values || values->size() != 1)
        return std::nullopt;
    return values->front();
}

void parallelChunks(ThreadPool* pool, int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body)
{
    const int64_t chunks = (count + grain - 1) / std::max<int64_t>(grain, 1);
    if (!pool || pool->size() == 1 || chunks <= 1) {
        if (count > 0)
            body(0, count);
        return;
    }
    pool->parallelForNear(static_cast<std::size_t>(chunks), [&](std::size_t i, int) {
        const int64_t first = static_cast<int64_t>(i) * grain;
        body(first, std::min(count, first + grain));
    });
}

} // namespace qs::exec
