#include "core/onnx/lowering.h"

#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <numeric>

namespace qs::onnx {

namespace {

using Sizes = std::vector<int64_t>;

Result<void> reshapeTo(Lowering& n, Sizes sizes)
{
    if (sizes.size() > Shape::kMaxRank)
        return fail(ErrorCode::Unsupported, "makes a tensor of more than 8 dimensions");
    const auto elements = countElements(sizes, Builder::kMaxElements);
    if (!elements || *elements != n.shape(0).elements())
        return fail(ErrorCode::ShapeMismatch,
                    "cannot give " + n.shape(0).text() + " the shape " + Shape(sizes).text());
    if (std::ranges::equal(sizes, n.shape(0)))
        return n.finishAs(n.input(0));
    graph::Attributes attributes;
    attributes.set("shape", std::move(sizes));
    return n.finish("Reshape", {n.input(0)}, std::move(attributes));
}

Result<void> reshape(Lowering& n)
{
    QS_ASSIGN(Sizes sizes, n.neededIntegers("shape", 1));
    const bool zeroCopies = n.attributes().integer("allowzero", 0) == 0;
    std::optional<std::size_t> open;
    int64_t known = 1;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (sizes[i] == 0 && zeroCopies) {
            if (i >= n.shape(0).rank())
                return fail(ErrorCode::Malformed, "copies a dimension that the input does not have");
            sizes[i] = n.shape(0)[i];
        }
        if (sizes[i] < -1 || (sizes[i] == -1 && open))
            return fail(ErrorCode::Malformed, "has a shape with a negative size, or with two open sizes");
        if (sizes[i] == -1)
            open = i;
        else if (sizes[i] != 0 && known > Builder::kMaxElements / sizes[i])
            return fail(ErrorCode::TooLarge, "has a shape of more than 2^31 elements");
        else
            known *= sizes[i];
    }
    if (open) {
        const int64_t elements = n.shape(0).elements();
        if (known == 0 || elements % known != 0)
            return fail(ErrorCode::ShapeMismatch,
                        "cannot split " + n.shape(0).text() + " into parts of " + std::to_string(known));
        sizes[*open] = elements / known;
    }
    return reshapeTo(n, std::move(sizes));
}

Result<void> flatten(Lowering& n)
{
    const int64_t rank = n.rank(0);
    int64_t axis = n.attributes().integer("axis", 1);
    if (axis < -rank || axis > rank)
        return fail(ErrorCode::Malformed, "its axis is out of range");
    const auto split = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    return reshapeTo(n, {n.shape(0).product(0, split), n.shape(0).product(split, n.shape(0).rank())});
}

Result<void> squeeze(Lowering& n)
{
    QS_ASSIGN(auto given, n.integers("axes", 1));
    Sizes axes;
    if (given) {
        QS_ASSIGN(axes, n.axes(std::move(*given), n.rank(0)));
    } else {
        for (int64_t i = 0; i < n.rank(0); ++i)
            if (n.shape(0)[static_cast<std::size_t>(i)] == 1)
                axes.push_back(i);
    }
    Sizes sizes;
    for (int64_t i = 0; i < n.rank(0); ++i) {
        const int64_t size = n.shape(0)[static_cast<std::size_t>(i)];
        if (!std::ranges::binary_search(axes, i))
            sizes.push_back(size);
        else if (size != 1)
            return fail(ErrorCode::ShapeMismatch, "squeezes axis " + std::to_string(i) + " of " + n.shape(0).text());
    }
    return reshapeTo(n, std::move(sizes));
}

Result<void> unsqueeze(Lowering& n)
{
    QS_ASSIGN(Sizes given, n.neededIntegers("axes", 1));
    const int64_t rank = n.rank(0) + static_cast<int64_t>(given.size());
    if (rank > static_cast<int64_t>(Shape::kMaxRank))
        return fail(ErrorCode::Unsupported, "makes a tensor of more than 8 dimensions");
    QS_ASSIGN(const Sizes axes, n.axes(std::move(given), rank));
    Sizes sizes(n.shape(0).begin(), n.shape(0).end());
    for (const int64_t axis : axes)
        sizes.insert(sizes.begin() + axis, 1);
    return reshapeTo(n, std::move(sizes));
}

Result<void> transpose(Lowering& n)
{
    Sizes perm = n.attributes().integers("perm");
    if (perm.empty()) {
        perm.resize(n.shape(0).rank());
        std::iota(perm.rbegin(), perm.rend(), 0);
    }
    QS_ASSIGN(const Sizes sorted, n.axes(perm, n.rank(0)));
    if (sorted.size() != n.shape(0).rank())
        return fail(ErrorCode::ShapeMismatch, "its permutation does not fit " + n.shape(0).text());
    for (int64_t& axis : perm)
        axis = axis < 0 ? axis + n.rank(0) : axis;
    if (std::ranges::is_sorted(perm))
        return n.finishAs(n.input(0));
    graph::Attributes attributes;
    attributes.set("perm", std::move(perm));
    return n.finish("Transpose", {n.input(0)}, std::move(attributes));
}

Result<void> slice(Lowering& n)
{
    QS_ASSIGN(const Sizes starts, n.neededIntegers("starts", 1));
    QS_ASSIGN(const Sizes ends, n.neededIntegers("ends", 2));
    QS_ASSIGN(auto axes, n.integers("axes", 3));
    QS_ASSIGN(auto steps, n.integers("steps", 4));
    if (!axes) {
        axes = Sizes(starts.size());
        std::iota(axes->begin(), axes->end(), 0);
    }
    if (!steps)
        steps = Sizes(starts.size(), 1);
    if (ends.size() != starts.size() || axes->size() != starts.size() || steps->size() != starts.size())
        return fail(ErrorCode::Malformed, "its starts, ends, axes and steps have different lengths");
    QS_CHECK(n.axes(*axes, n.rank(0)));
    bool whole = true;
    for (std::size_t i = 0; i < axes->size(); ++i) {
        int64_t& axis = (*axes)[i];
        axis = axis < 0 ? axis + n.rank(0) : axis;
        if ((*steps)[i] == 0)
            return fail(ErrorCode::Malformed, "has a step of 0");
        const int64_t size = n.shape(0)[static_cast<std::size_t>(axis)];
        whole = whole && (*steps)[i] == 1 && (starts[i] == 0 || starts[i] <= -size) && ends[i] >= size;
    }
    if (whole)
        return n.finishAs(n.input(0));
    graph::Attributes attributes;
    attributes.set("starts", starts);
    attributes.set("ends", ends);
    attributes.set("axes", std::move(*axes));
    attributes.set("steps", std::move(*steps));
    return n.finish("Slice", {n.input(0)}, std::move(attributes));
}

Result<void> split(Lowering& n)
{
    QS_ASSIGN(const int64_t axis, n.axis(0, n.rank(0)));
    QS_ASSIGN(auto sizes, n.integers("split", 1));
    const int64_t total = n.shape(0)[static_cast<std::size_t>(axis)];
    const int64_t parts = static_cast<int64_t>(n.outputCount());
    if (!sizes) {
        const int64_t wanted = n.attributes().integer("num_outputs", parts);
        if (wanted != parts || (n.opset() < 18 && total % parts != 0))
            return fail(ErrorCode::ShapeMismatch,
                        "cannot split " + std::to_string(total) + " into " + std::to_string(parts) + " equal parts");
        const int64_t chunk = (total + parts - 1) / parts;
        sizes = Sizes(static_cast<std::size_t>(parts), chunk);
        sizes->back() = total - chunk * (parts - 1);
    }
    int64_t sum = 0;
    for (const int64_t size : *sizes) {
        if (size < 0)
            return fail(ErrorCode::Malformed, "has a negative size");
        sum += size;
    }
    if (sum != total || static_cast<int64_t>(sizes->size()) != parts)
        return fail(ErrorCode::ShapeMismatch, "its " + std::to_string(sizes->size()) + " sizes sum up to " +
                                                  std::to_string(sum) + ", not to " + std::to_string(total));
    if (parts == 1)
        return n.finishAs(n.input(0));
    graph::Attributes attributes;
    attributes.set("axis", axis);
    attributes.set("split", std::move(*sizes));
    return n.finish("Split", {n.input(0)}, std::move(attributes));
}

Result<void> concat(Lowering& n)
{
    std::vector<TensorId> inputs;
    for (std::size_t i = 0; i < n.inputCount(); ++i) {
        if (!n.has(i) || n.dtype(i) != n.dtype(0) || n.rank(i) != n.rank(0))
            return fail(ErrorCode::ShapeMismatch, "input " + std::to_string(i) + " does not fit the first");
        inputs.push_back(n.input(i));
    }
    QS_ASSIGN(const int64_t axis, n.axis(0, n.rank(0)));
    // Parts of no elements are left out; inference sees that the others fit, but not those: here.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (n.shape(i)[static_cast<std::size_t>(axis)] != 0) {
            inputs[kept++] = inputs[i];
            continue;
        }
        for (std::size_t d = 0; d < n.shape(0).rank(); ++d)
            if (d != static_cast<std::size_t>(axis) && n.shape(i)[d] != n.shape(0)[d])
                return fail(ErrorCode::ShapeMismatch, "input " + std::to_string(i) + " does not fit the first");
    }
    inputs.resize(std::max<std::size_t>(kept, 1));
    if (inputs.size() == 1)
        return n.finishAs(inputs[0]);
    graph::Attributes attributes;
    attributes.set("axis", axis);
    return n.finish("Concat", std::move(inputs), std::move(attributes));
}

Result<void> expand(Lowering& n)
{
    QS_ASSIGN(Sizes shape, n.neededIntegers("shape", 1));
    if (shape.size() > Shape::kMaxRank)
        return fail(ErrorCode::Unsupported, "makes a tensor of more than 8 dimensions");
    for (const int64_t size : shape)
        if (size < 0)
            return fail(ErrorCode::Malformed, "has a negative size");
    bool same = shape.size() <= n.shape(0).rank();
    for (std::size_t i = 0; same && i < shape.size(); ++i) {
        const int64_t wanted = shape[shape.size() - 1 - i];
        same = wanted == 1 || wanted == n.shape(0)[n.shape(0).rank() - 1 - i];
    }
    if (same)
        return n.finishAs(n.input(0));
    graph::Attributes attributes;
    attributes.set("shape", std::move(shape));
    return n.finish("Expand", {n.input(0)}, std::move(attributes));
}

Result<void> tile(Lowering& n)
{
    QS_ASSIGN(Sizes repeats, n.neededIntegers("repeats", 1));
    if (repeats.size() != n.shape(0).rank())
        return fail(ErrorCode::ShapeMismatch, "its repeats do not fit " + n.shape(0).text());
    for (const int64_t count : repeats)
        if (count < 0)
            return fail(ErrorCode::Malformed, "has a negative repeat");
    if (std::ranges::all_of(repeats, [](int64_t count) { return count == 1; }))
        return n.finishAs(n.input(0));
    graph::Attributes attributes;
    attributes.set("repeats", std::move(repeats));
    return n.finish("Tile", {n.input(0)}, std::move(attributes));
}

Result<void> pad(Lowering& n)
{
    QS_ASSIGN(const Sizes given, n.neededIntegers("pads", 1));
    const auto rank = n.shape(0).rank();
    QS_ASSIGN(const auto value, n.reals("value", 2));
    QS_ASSIGN(auto axes, n.integers("axes", 3));
    if (!axes) {
        axes = Sizes(rank);
        std::iota(axes->begin(), axes->end(), 0);
    }
    QS_CHECK(n.axes(*axes, n.rank(0)));
    if (given.size() != 2 * axes->size() || (value && value->size() > 1))
        return fail(ErrorCode::Malformed, "its pads do not fit " + n.shape(0).text());
    Sizes pads(2 * rank, 0);
    for (std::size_t i = 0; i < axes->size(); ++i) {
        const int64_t axis = (*axes)[i] < 0 ? (*axes)[i] + n.rank(0) : (*axes)[i];
        pads[static_cast<std::size_t>(axis)] = given[i];
        pads[static_cast<std::size_t>(axis) + rank] = given[i + axes->size()];
    }
    if (std::ranges::all_of(pads, [](int64_t p) { return p == 0; }))
        return n.finishAs(n.input(0));
    graph::Attributes attributes;
    attributes.set("pads", std::move(pads));
    attributes.set("mode", n.attributes().text("mode", "constant"));
    attributes.set("value", value && !value->empty() ? value->front() : 0.0f);
    return n.finish("Pad", {n.input(0)}, std::move(attributes));
}

Result<void> depthSpace(Lowering& n)
{
    QS_CHECK(n.needRank(0, 4, 4));
    const int64_t block = n.attributes().integer("blocksize", 0);
    if (block < 1 || block > 1024)
        return fail(ErrorCode::Malformed, "has a block size of " + std::to_string(block));
    graph::Attributes attributes;
    attributes.set("blocksize", block);
    if (n.op() == "DepthToSpace")
        attributes.set("mode", n.attributes().text("mode", "DCR"));
    return n.finish(n.op(), {n.input(0)}, std::move(attributes));
}

Result<void> triangle(Lowering& n)
{
    QS_ASSIGN(const auto k, n.integers("k", 1));
    QS_CHECK(n.needRank(0, 2, Shape::kMaxRank));
    graph::Attributes attributes;
    attributes.set("k", k && !k->empty() ? k->front() : int64_t{0});
    attributes.set("upper", n.attributes().integer("upper", 1));
    return n.finish("Trilu", {n.input(0)}, std::move(attributes));
}

Result<void> cumulativeSum(Lowering& n)
{
    QS_ASSIGN(Sizes given, n.neededIntegers("axis", 1));
    QS_ASSIGN(const Sizes axes, n.axes(std::move(given), n.rank(0)));
    if (axes.size() != 1)
        return fail(ErrorCode::Malformed, "has not one axis");
    graph::Attributes attributes;
    attributes.set("axis", axes.front());
    attributes.set("exclusive", n.attributes().integer("exclusive", 0));
    attributes.set("reverse", n.attributes().integer("reverse", 0));
    return n.finish("CumSum", {n.input(0)}, std::move(attributes));
}

constexpr Rule kRules[] = {
    {"Reshape", 1, 2, reshape},
    {"Flatten", 1, 1, flatten},
    {"Squeeze", 1, 2, squeeze},
    {"Unsqueeze", 1, 2, unsqueeze},
    {"Transpose", 1, 1, transpose},
    {"Slice", 1, 5, slice},
    {"Split", 1, 2, split},
    {"Concat", 1, 4096, concat},
    {"Expand", 2, 2, expand},
    {"Tile", 2, 2, tile},
    {"Pad", 1, 4, pad},
    {"DepthToSpace", 1, 1, depthSpace},
    {"SpaceToDepth", 1, 1, depthSpace},
    {"Trilu", 1, 2, triangle},
    {"CumSum", 2, 2, cumulativeSum},
};

} // namespace

std::span<const Rule> movementRules()
{
    return kRules;
}

} // namespace qs::onnx
