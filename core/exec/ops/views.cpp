#include "core/exec/ops/views.h"

#include "core/exec/ops/list.h"
#include "core/exec/ops/strided.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <numeric>

namespace qs::exec {

namespace {

InferResult inferIdentity(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 3));
    return oneOutput(in[0].dtype, in[0].shape);
}

InferResult inferReshape(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const auto wanted = integersOf(node, "shape");
    if (!wanted)
        return unsupported("the target shape is not constant");
    QS_CHECK(checkShape(std::vector<int64_t>(wanted->size(), 1)));
    const bool allowZero = node.attributes.integer("allowzero", 0) != 0;
    std::vector<int64_t> dims = *wanted;
    std::optional<std::size_t> open;
    for (std::size_t i = 0; i < dims.size(); ++i) {
        if (dims[i] == -1) {
            if (open)
                return mismatch("the target shape leaves two dimensions open");
            open = i;
            dims[i] = 1;
        } else if (dims[i] == 0 && !allowZero) {
            if (i >= in[0].shape.rank())
                return mismatch("the target shape copies dimension " + std::to_string(i) + ", which the input lacks");
            dims[i] = in[0].shape[i];
        }
    }
    QS_ASSIGN(Shape out, makeShape(dims));
    const int64_t have = in[0].shape.elements();
    if (open) {
        if (out.elements() == 0 || have % out.elements() != 0)
            return mismatch(in[0].shape.text() + " cannot be reshaped to fill the open dimension");
        out[*open] = have / out.elements();
    }
    if (out.elements() != have)
        return mismatch(in[0].shape.text() + " cannot be reshaped to " + out.text());
    return oneOutput(in[0].dtype, out);
}

InferResult inferFlatten(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const int64_t axis = node.attributes.integer("axis", 1);
    const std::size_t rank = in[0].shape.rank();
    std::size_t at = rank;
    if (axis != static_cast<int64_t>(rank)) {
        QS_ASSIGN(at, resolveAxis(axis, rank));
    }
    return oneOutput(in[0].dtype, Shape{in[0].shape.product(0, at), in[0].shape.product(at, rank)});
}

InferResult inferSqueeze(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const auto axes = integersOf(node, "axes");
    std::vector<bool> drop(in[0].shape.rank(), false);
    if (axes) {
        QS_ASSIGN(const auto resolved, resolveAxes(*axes, in[0].shape.rank()));
        for (const std::size_t a : resolved) {
            if (in[0].shape[a] != 1)
                return mismatch("dimension " + std::to_string(a) + " of " + in[0].shape.text() + " is not 1");
            drop[a] = true;
        }
    }
    Shape out;
    for (std::size_t i = 0; i < in[0].shape.rank(); ++i)
        if (axes ? !drop[i] : in[0].shape[i] != 1)
            out.push_back(in[0].shape[i]);
    return oneOutput(in[0].dtype, out);
}

InferResult inferUnsqueeze(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const auto axes = integersOf(node, "axes");
    if (!axes)
        return unsupported("the axes are not constant");
    const std::size_t rank = in[0].shape.rank() + axes->size();
    if (rank > Shape::kMaxRank)
        return fail(ErrorCode::TooLarge, "rank " + std::to_string(rank) + " is not supported");
    QS_ASSIGN(const auto resolved, resolveAxes(*axes, rank));
    Shape out;
    std::size_t next = 0;
    for (std::size_t i = 0; i < rank; ++i)
        out.push_back(std::binary_search(resolved.begin(), resolved.end(), i) ? 1 : in[0].shape[next++]);
    return oneOutput(in[0].dtype, out);
}

std::vector<int64_t> permutation(const graph::Node& node, std::size_t rank)
{
    std::vector<int64_t> perm = node.attributes.integers("perm");
    if (!node.attributes.has("perm")) {
        perm.resize(rank);
        std::iota(perm.rbegin(), perm.rend(), 0);
    }
    return perm;
}

InferResult inferTranspose(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const auto perm = permutation(node, in[0].shape.rank());
    if (perm.size() != in[0].shape.rank())
        return mismatch("perm has " + std::to_string(perm.size()) + " axes for a tensor of rank " +
                        std::to_string(in[0].shape.rank()));
    for (const int64_t p : perm)
        if (p < 0)
            return mismatch("perm has a negative axis");
    QS_CHECK(resolveAxes(perm, perm.size()));
    Shape out;
    for (const int64_t p : perm)
        out.push_back(in[0].shape[static_cast<std::size_t>(p)]);
    return oneOutput(in[0].dtype, out);
}

struct SliceAxis {
    int64_t start = 0;
    int64_t step = 1;
    int64_t count = 0;
};

/// What a Slice takes of every axis.
Result<std::vector<SliceAxis>> resolveSlice(const graph::Node& node, const Shape& shape)
{
    const auto starts = integersOf(node, "starts");
    const auto ends = integersOf(node, "ends");
    if (!starts || !ends)
        return unsupported("starts and ends are not constant");
    std::vector<int64_t> axes(starts->size());
    std::iota(axes.begin(), axes.end(), 0);
    if (const auto given = integersOf(node, "axes"))
        axes = *given;
    const auto steps = integersOf(node, "steps").value_or(std::vector<int64_t>(starts->size(), 1));
    if (ends->size() != starts->size() || axes.size() != starts->size() || steps.size() != starts->size())
        return mismatch("starts, ends, axes and steps have different lengths");
    QS_CHECK(resolveAxes(axes, shape.rank()));
    std::vector<SliceAxis> out(shape.rank());
    for (std::size_t i = 0; i < shape.rank(); ++i)
        out[i].count = shape[i];
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto axis =
            static_cast<std::size_t>(axes[i] < 0 ? axes[i] + static_cast<int64_t>(shape.rank()) : axes[i]);
        const int64_t size = shape[axis];
        const int64_t step = steps[i];
        if (step == 0 || step == INT64_MIN)
            return mismatch("a step is 0");
        const auto place = [&](int64_t v) { return v < 0 ? (v < -size ? -1 : v + size) : v; };
        SliceAxis& s = out[axis];
        s.step = step;
        if (step > 0) {
            s.start = std::clamp<int64_t>(place((*starts)[i]), 0, size);
            const int64_t end = std::clamp<int64_t>(place((*ends)[i]), 0, size);
            s.count = end > s.start ? (end - s.start - 1) / step + 1 : 0;
        } else {
            s.start = std::clamp<int64_t>(place((*starts)[i]), size > 0 ? 0 : -1, size - 1);
            const int64_t end = std::clamp<int64_t>(place((*ends)[i]), -1, size - 1);
            s.count = size > 0 && s.start > end ? (s.start - end - 1) / -step + 1 : 0;
        }
    }
    return out;
}

InferResult inferSlice(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_ASSIGN(const auto axes, resolveSlice(node, in[0].shape));
    Shape out;
    for (const SliceAxis& a : axes)
        out.push_back(a.count);
    return oneOutput(in[0].dtype, out);
}

InferResult inferSplit(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_ASSIGN(const std::size_t axis, resolveAxis(node.attributes.integer("axis", 0), in[0].shape.rank()));
    const int64_t size = in[0].shape[axis];
    const std::size_t count = std::max<std::size_t>(node.outputs.size(), 1);
    std::vector<int64_t> sizes;
    if (const auto split = integersOf(node, "split")) {
        sizes = *split;
    } else {
        const int64_t part = (size + static_cast<int64_t>(count) - 1) / static_cast<int64_t>(count);
        for (std::size_t i = 0; i < count; ++i)
            sizes.push_back(std::clamp<int64_t>(size - static_cast<int64_t>(i) * part, 0, part));
    }
    if (sizes.size() < count) // a node that is still being built may not have its outputs yet
        return mismatch("Split names " + std::to_string(sizes.size()) + " sizes for " + std::to_string(count) +
                        " outputs");
    int64_t sum = 0;
    for (const int64_t s : sizes) {
        if (s < 0 || s > size - sum)
            return mismatch("the parts do not add up to the " + std::to_string(size) + " elements of the axis");
        sum += s;
    }
    if (sum != size)
        return mismatch("the parts do not add up to the " + std::to_string(size) + " elements of the axis");
    std::vector<ValueInfo> out;
    for (const int64_t s : sizes) {
        Shape shape = in[0].shape;
        shape[axis] = s;
        out.push_back({in[0].dtype, shape});
    }
    return out;
}

InferResult inferExpand(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const auto wanted = integersOf(node, "shape");
    if (!wanted)
        return unsupported("the target shape is not constant");
    QS_ASSIGN(const Shape target, makeShape(*wanted));
    QS_ASSIGN(const Shape out, broadcastShapes(in[0].shape, target));
    return oneOutput(in[0].dtype, out);
}

/// All views compute the same way: a copy of what the view looks at. A Reshape of contiguous memory is one too.
void computeView(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                 std::span<std::byte>, ThreadPool* pool)
{
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (!out[i].data)
            continue;
        const auto map = mapView(node, i, in[0].shape, in[0].strides, out[i].shape);
        assert(map);
        ConstView view{static_cast<const std::byte*>(in[0].data) +
                           map->offset * static_cast<int64_t>(dtypeSize(in[0].dtype)),
                       in[0].dtype, out[i].shape, map->strides};
        copyStrided(view, out[i].data, pool);
    }
}

} // namespace

std::optional<Shape> reshapeStrides(const Shape& from, const Shape& strides, const Shape& to)
{
    Shape out = to;
    std::size_t i = 0;
    std::size_t j = 0;
    // Groups of dimensions of equal size on both sides; inside a group the memory must be evenly spaced.
    while (i < from.rank() || j < to.rank()) {
        std::size_t i1 = i;
        std::size_t j1 = j;
        int64_t have = i1 < from.rank() ? from[i1++] : 1;
        int64_t want = j1 < to.rank() ? to[j1++] : 1;
        while (have != want) {
            if (have < want) {
                if (i1 == from.rank())
                    return std::nullopt;
                have *= from[i1++];
            } else {
                if (j1 == to.rank())
                    return std::nullopt;
                want *= to[j1++];
            }
        }
        int64_t step = 1;
        bool found = false;
        int64_t next = 0;
        for (std::size_t k = i1; k-- > i;) {
            if (from[k] == 1)
                continue;
            if (found && strides[k] != next)
                return std::nullopt;
            if (!found)
                step = strides[k];
            found = true;
            next = strides[k] * from[k];
        }
        for (std::size_t k = j1; k-- > j;) {
            out[k] = step;
            step *= to[k];
        }
        i = i1;
        j = j1;
    }
    return out;
}

std::optional<ViewMap> mapView(const graph::Node& node, std::size_t output, const Shape& inShape,
                               const Shape& inStrides, const Shape& outShape)
{
    if (node.op == "Transpose") {
        ViewMap map;
        for (const int64_t p : permutation(node, inShape.rank()))
            map.strides.push_back(inStrides[static_cast<std::size_t>(p)]);
        return map;
    }
    if (node.op == "Slice") {
        const auto axes = resolveSlice(node, inShape);
        ViewMap map;
        for (std::size_t i = 0; i < inShape.rank(); ++i) {
            map.strides.push_back((*axes)[i].count > 1 ? inStrides[i] * (*axes)[i].step : inStrides[i]);
            map.offset += (*axes)[i].count > 0 ? inStrides[i] * (*axes)[i].start : 0;
        }
        return map;
    }
    if (node.op == "Split") {
        const auto axis = *resolveAxis(node.attributes.integer("axis", 0), inShape.rank());
        ViewMap map{inStrides, 0};
        const auto sizes = integersOf(node, "split");
        const auto count = static_cast<int64_t>(std::max<std::size_t>(node.outputs.size(), 1));
        const int64_t part = (inShape[axis] + count - 1) / count;
        int64_t start = 0;
        for (std::size_t i = 0; i < output; ++i)
            start += sizes ? (*sizes)[i] : std::clamp<int64_t>(inShape[axis] - start, 0, part);
        map.offset = outShape[axis] > 0 ? start * inStrides[axis] : 0;
        return map;
    }
    if (node.op == "Expand")
        return ViewMap{broadcastStrides(inShape, inStrides, outShape), 0};
    if (inShape.elements() == 0)
        return ViewMap{contiguousStrides(outShape), 0};
    if (auto strides = reshapeStrides(inShape, inStrides, outShape))
        return ViewMap{*strides, 0};
    return std::nullopt;
}

std::span<const OpDef> viewOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Dropout", .infer = inferIdentity, .compute = computeView, .acceptsStrides = true, .isView = true},
        {.name = "Expand", .infer = inferExpand, .compute = computeView, .acceptsStrides = true, .isView = true},
        {.name = "Flatten", .infer = inferFlatten, .compute = computeView, .isView = true},
        {.name = "Identity", .infer = inferIdentity, .compute = computeView, .acceptsStrides = true, .isView = true},
        {.name = "Reshape", .infer = inferReshape, .compute = computeView, .isView = true},
        {.name = "Slice", .infer = inferSlice, .compute = computeView, .acceptsStrides = true, .isView = true},
        {.name = "Split", .infer = inferSplit, .compute = computeView, .acceptsStrides = true, .isView = true},
        {.name = "Squeeze", .infer = inferSqueeze, .compute = computeView, .isView = true},
        {.name = "Transpose",
         .infer = inferTranspose,
         .compute = computeView,
         .acceptsStrides = true,
         .isView = true},
        {.name = "Unsqueeze", .infer = inferUnsqueeze, .compute = computeView, .isView = true},
    };
    return ops;
}

} // namespace qs::exec
