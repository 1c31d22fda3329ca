#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <cstring>

namespace qs::exec {

namespace {

Result<void> expectIndices(Infos in, std::size_t index)
{
    if (in[index].dtype != DType::Int64 && in[index].dtype != DType::Int32)
        return mismatch("the indices are " + std::string(dtypeName(in[index].dtype)));
    return {};
}

/// An index as an offset along an axis of `size`; an index outside is moved to the nearest end, so that no file can
/// make us read foreign memory.
int64_t insideOf(int64_t v, int64_t size)
{
    if (v < 0)
        v = v < -size ? 0 : v + size;
    return std::min(v, size - 1);
}

/// Index i of `view` in this way.
int64_t indexAt(const ConstView& view, int64_t i, int64_t size)
{
    return insideOf(view.dtype == DType::Int64 ? view.as<int64_t>()[i] : view.as<int32_t>()[i], size);
}

InferResult inferGather(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 2, 2));
    QS_CHECK(expectIndices(in, 1));
    QS_ASSIGN(const std::size_t axis, resolveAxis(node.attributes.integer("axis", 0), in[0].shape.rank()));
    if (in[0].shape[axis] == 0 && in[1].shape.elements() > 0)
        return mismatch("the axis to gather from is empty");
    std::vector<int64_t> dims(in[0].shape.begin(), in[0].shape.begin() + axis);
    dims.insert(dims.end(), in[1].shape.begin(), in[1].shape.end());
    dims.insert(dims.end(), in[0].shape.begin() + axis + 1, in[0].shape.end());
    return oneOutput(in[0].dtype, dims);
}

void computeGather(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool*)
{
    const std::size_t axis = *resolveAxis(node.attributes.integer("axis", 0), in[0].shape.rank());
    const int64_t size = in[0].shape[axis];
    const int64_t outer = in[0].shape.product(0, axis);
    const auto bytes =
        static_cast<std::size_t>(in[0].shape.product(axis + 1, in[0].shape.rank())) * dtypeSize(in[0].dtype);
    const int64_t count = in[1].shape.elements();
    auto* dst = out[0].as<std::byte>();
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t i = 0; i < count; ++i, dst += bytes)
            std::memcpy(dst,
                        in[0].as<std::byte>() + static_cast<std::size_t>(o * size + indexAt(in[1], i, size)) * bytes,
                        bytes);
}

InferResult inferGatherElements(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 2, 2));
    QS_CHECK(expectIndices(in, 1));
    QS_ASSIGN(const std::size_t axis, resolveAxis(node.attributes.integer("axis", 0), in[0].shape.rank()));
    if (in[0].shape.rank() != in[1].shape.rank())
        return mismatch("data and indices have different ranks");
    for (std::size_t d = 0; d < in[0].shape.rank(); ++d)
        if ((d != axis && in[1].shape[d] > in[0].shape[d]) || (in[0].shape[d] == 0 && in[1].shape.elements() > 0))
            return mismatch("indices " + in[1].shape.text() + " reach outside " + in[0].shape.text());
    return oneOutput(in[0].dtype, in[1].shape);
}

void computeGatherElements(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                           std::span<std::byte>, ThreadPool* pool)
{
    const std::size_t axis = *resolveAxis(node.attributes.integer("axis", 0), in[0].shape.rank());
    const Shape& shape = out[0].shape;
    const Shape strides = contiguousStrides(in[0].shape);
    if (shape.elements() == 0)
        return;
    const std::size_t last = shape.rank() - 1;
    const int64_t inner = shape[last];
    const int64_t size = in[0].shape[axis];
    withSize(in[0].dtype, [&]<class T>(T) {
        const auto gather = [&]<class I>(const I* indices) {
            parallelChunks(pool, shape.elements() / inner, std::max<int64_t>(1, 8192 / inner),
                           [&](int64_t first, int64_t end) {
                               for (int64_t row = first; row < end; ++row) {
                                   int64_t rest = row;
                                   int64_t at = 0; // without the axis that is gathered from
                                   for (std::size_t d = last; d-- > 0;) {
                                       at += d == axis ? 0 : rest % shape[d] * strides[d];
                                       rest /= shape[d];
                                   }
                                   const T* src = in[0].as<T>() + at;
                                   const I* index = indices + row * inner;
                                   T* dst = out[0].as<T>() + row * inner;
                                   const int64_t step = axis == last ? 0 : 1;
                                   for (int64_t i = 0; i < inner; ++i)
                                       dst[i] = src[insideOf(index[i], size) * strides[axis] + i * step];
                               }
                           });
        };
        if (in[1].dtype == DType::Int64)
            gather(in[1].as<int64_t>());
        else
            gather(in[1].as<int32_t>());
    });
}

/// Index tuples: [..., k] with k <= rank of the data; what a tuple names has the remaining dimensions.
Result<std::size_t> tupleSize(const ValueInfo& data, const ValueInfo& indices, int64_t batch)
{
    if (indices.shape.rank() == 0)
        return mismatch("the indices are a scalar");
    const int64_t k = indices.shape.back();
    if (k < 1 || k + batch > static_cast<int64_t>(data.shape.rank()))
        return mismatch("index tuples of " + std::to_string(k) + " into rank " + std::to_string(data.shape.rank()));
    if (data.shape.elements() == 0)
        return mismatch("the data are empty");
    return static_cast<std::size_t>(k);
}

InferResult inferGatherND(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 2, 2));
    QS_CHECK(expectType(in, 1, DType::Int64));
    const int64_t batch = node.attributes.integer("batch_dims", 0);
    if (batch < 0 || batch >= static_cast<int64_t>(std::min(in[0].shape.rank(), in[1].shape.rank())))
        return mismatch("batch_dims is " + std::to_string(batch));
    QS_ASSIGN(const std::size_t k, tupleSize(in[0], in[1], batch));
    for (std::size_t d = 0; d < static_cast<std::size_t>(batch); ++d)
        if (in[0].shape[d] != in[1].shape[d])
            return mismatch("the batch dimensions differ");
    std::vector<int64_t> dims(in[1].shape.begin(), in[1].shape.end() - 1);
    dims.insert(dims.end(), in[0].shape.begin() + static_cast<std::size_t>(batch) + k, in[0].shape.end());
    return oneOutput(in[0].dtype, dims);
}

/// Offset, in elements of `data`, of the block that tuple number t names.
int64_t tupleOffset(const ConstView& indices, int64_t t, const Shape& data, std::size_t batch)
{
    const Shape strides = contiguousStrides(data);
    const auto k = static_cast<std::size_t>(indices.shape.back());
    int64_t at = 0;
    for (std::size_t j = 0; j < k; ++j)
        at += indexAt(indices, t * static_cast<int64_t>(k) + static_cast<int64_t>(j), data[batch + j]) *
              strides[batch + j];
    return at;
}

void computeGatherND(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                     std::span<std::byte>, ThreadPool*)
{
    const auto batch = static_cast<std::size_t>(node.attributes.integer("batch_dims", 0));
    const auto k = static_cast<std::size_t>(in[1].shape.back());
    const Shape& data = in[0].shape;
    const int64_t block = data.product(batch + k, data.rank());
    const int64_t perBatch = in[1].shape.product(batch, in[1].shape.rank() - 1);
    const std::size_t bytes = static_cast<std::size_t>(block) * dtypeSize(in[0].dtype);
    for (int64_t t = 0; t < in[1].shape.elements() / static_cast<int64_t>(k); ++t) {
        const int64_t base = t / perBatch * data.product(batch, data.rank());
        const int64_t at = base + tupleOffset(in[1], t, data, batch);
        std::memcpy(out[0].as<std::byte>() + static_cast<std::size_t>(t) * bytes,
                    in[0].as<std::byte>() + static_cast<std::size_t>(at) * dtypeSize(in[0].dtype), bytes);
    }
}

InferResult inferScatterND(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 3, 3));
    QS_CHECK(expectType(in, 1, DType::Int64));
    if (node.attributes.text("reduction", "none") != "none")
        return unsupported("ScatterND with a reduction");
    QS_ASSIGN(const std::size_t k, tupleSize(in[0], in[1], 0));
    Shape updates;
    std::vector<int64_t> dims(in[1].shape.begin(), in[1].shape.end() - 1);
    dims.insert(dims.end(), in[0].shape.begin() + k, in[0].shape.end());
    QS_ASSIGN(updates, makeShape(dims));
    if (!(updates == in[2].shape) || in[2].dtype != in[0].dtype)
        return mismatch("the updates are " + in[2].shape.text() + ", not " + updates.text());
    return oneOutput(in[0].dtype, in[0].shape);
}

void computeScatterND(const graph::Node&, std::span<const ConstView> in, std::span<const View> out,
                      std::span<std::byte>, ThreadPool*)
{
    const std::size_t size = dtypeSize(in[0].dtype);
    std::memcpy(out[0].data, in[0].data, static_cast<std::size_t>(in[0].shape.elements()) * size);
    const auto k = static_cast<std::size_t>(in[1].shape.back());
    const std::size_t bytes = static_cast<std::size_t>(in[0].shape.product(k, in[0].shape.rank())) * size;
    for (int64_t t = 0; t < in[1].shape.elements() / static_cast<int64_t>(k); ++t)
        std::memcpy(out[0].as<std::byte>() + static_cast<std::size_t>(tupleOffset(in[1], t, in[0].shape, 0)) * size,
                    in[2].as<std::byte>() + static_cast<std::size_t>(t) * bytes, bytes);
}

InferResult inferTopK(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    QS_ASSIGN(const std::size_t axis, resolveAxis(node.attributes.integer("axis", -1), in[0].shape.rank()));
    const auto k = integerOf(node, "k");
    if (!k)
        return unsupported("k is not constant");
    if (*k < 0 || *k > in[0].shape[axis])
        return mismatch("k is " + std::to_string(*k) + " of " + std::to_string(in[0].shape[axis]));
    Shape shape = in[0].shape;
    shape[axis] = *k;
    return std::vector<ValueInfo>{{DType::Float32, shape}, {DType::Int64, shape}};
}

void computeTopK(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                 std::span<std::byte>, ThreadPool*)
{
    const std::size_t axis = *resolveAxis(node.attributes.integer("axis", -1), in[0].shape.rank());
    const bool largest = node.attributes.integer("largest", 1) != 0;
    const int64_t size = in[0].shape[axis];
    const int64_t k = *integerOf(node, "k");
    const int64_t inner = in[0].shape.product(axis + 1, in[0].shape.rank());
    std::vector<std::pair<float, int64_t>> order(static_cast<std::size_t>(size));
    for (int64_t o = 0; o < in[0].shape.product(0, axis); ++o)
        for (int64_t i = 0; i < inner; ++i) {
            for (int64_t j = 0; j < size; ++j)
                order[static_cast<std::size_t>(j)] = {in[0].as<float>()[(o * size + j) * inner + i], j};
            // Among equals the first index first, as in a stable sort of everything.
            std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](const auto& a, const auto& b) {
                if (a.first != b.first)
                    return largest ? a.first > b.first : a.first < b.first;
                return a.second < b.second;
            });
            for (int64_t j = 0; j < k; ++j) {
                const int64_t to = (o * k + j) * inner + i;
                if (out[0].data)
                    out[0].as<float>()[to] = order[static_cast<std::size_t>(j)].first;
                if (out.size() > 1 && out[1].data)
                    out[1].as<int64_t>()[to] = order[static_cast<std::size_t>(j)].second;
            }
        }
}

} // namespace

std::span<const OpDef> gatherOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Gather", .infer = inferGather, .compute = computeGather},
        {.name = "GatherElements", .infer = inferGatherElements, .compute = computeGatherElements},
        {.name = "GatherND", .infer = inferGatherND, .compute = computeGatherND},
        {.name = "ScatterND", .infer = inferScatterND, .compute = computeScatterND},
        {.name = "TopK", .infer = inferTopK, .compute = computeTopK},
    };
    return ops;
}

} // namespace qs::exec
