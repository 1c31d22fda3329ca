#include "core/exec/ops/list.h"
#include "core/exec/ops/strided.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace qs::exec {

namespace {

InferResult inferConcat(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, in.size()));
    QS_ASSIGN(const std::size_t axis, resolveAxis(node.attributes.integer("axis", 0), in[0].shape.rank()));
    std::vector<int64_t> dims(in[0].shape.begin(), in[0].shape.end());
    for (std::size_t i = 1; i < in.size(); ++i) {
        if (!given(node, in, i) || in[i].dtype != in[0].dtype || in[i].shape.rank() != in[0].shape.rank())
            return mismatch("the inputs differ in type or rank");
        for (std::size_t d = 0; d < dims.size(); ++d)
            if (d != axis && in[i].shape[d] != dims[d])
                return mismatch(in[0].shape.text() + " and " + in[i].shape.text() + " cannot be joined along axis " +
                                std::to_string(axis));
        dims[axis] += in[i].shape[axis];
    }
    return oneOutput(in[0].dtype, dims);
}

void computeConcat(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool* pool)
{
    const std::size_t axis = *resolveAxis(node.attributes.integer("axis", 0), out[0].shape.rank());
    const Shape strides = contiguousStrides(out[0].shape);
    auto* dst = out[0].as<std::byte>();
    for (const ConstView& part : in) {
        copyStrided(part, dst, strides, pool);
        dst += part.shape[axis] * strides[axis] * static_cast<int64_t>(dtypeSize(out[0].dtype));
    }
}

InferResult inferTile(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const auto repeats = integersOf(node, "repeats");
    if (!repeats)
        return unsupported("the repeats are not constant");
    if (repeats->size() != in[0].shape.rank())
        return mismatch("there are " + std::to_string(repeats->size()) + " repeats for rank " +
                        std::to_string(in[0].shape.rank()));
    std::vector<int64_t> dims;
    for (std::size_t i = 0; i < repeats->size(); ++i) {
        if ((*repeats)[i] < 0 || (*repeats)[i] > kMaxElements)
            return mismatch("a repeat is " + std::to_string((*repeats)[i]));
        dims.push_back(in[0].shape[i] * (*repeats)[i]); // both at most 2^31
    }
    return oneOutput(in[0].dtype, dims);
}

/// One output axis read from an input axis: index[i] is the input's index, or -1 for a fill value.
using AxisMap = std::vector<int64_t>;

/// Outputs [first, first + count) of an axis that read neighbours from `from` on, or the fill value where it is -1.
struct Run {
    int64_t first, count, from;
};

std::vector<Run> runsOf(const AxisMap& map)
{
    std::vector<Run> runs;
    for (std::size_t i = 0; i < map.size(); ++i) {
        if (!runs.empty()) {
            Run& run = runs.back();
            if (map[i] < 0 ? run.from < 0 : run.from >= 0 && map[i] == run.from + run.count) {
                ++run.count;
                continue;
            }
        }
        runs.push_back({static_cast<int64_t>(i), 1, map[i] < 0 ? -1 : map[i]});
    }
    return runs;
}

/// dst[i, j, ...] = src[maps[0][i], maps[1][j], ...], or `fill` where a map says -1.
template <class T>
void gatherAxes(const T* src, const Shape& srcStrides, const std::vector<AxisMap>& maps, T fill, T* dst,
                const Shape& shape, ThreadPool* pool)
{
    if (shape.elements() == 0)
        return;
    if (shape.rank() == 0) {
        *dst = *src;
        return;
    }
    const std::size_t last = shape.rank() - 1;
    const int64_t inner = shape[last];
    const AxisMap& innerMap = maps[last];
    const auto runs = runsOf(innerMap);
    const bool adjacent = srcStrides[last] == 1;
    parallelChunks(pool, shape.elements() / inner, std::max<int64_t>(1, 8192 / inner), [&](int64_t r0, int64_t r1) {
        for (int64_t row = r0; row < r1; ++row) {
            int64_t rest = row;
            int64_t offset = 0;
            bool outside = false;
            for (std::size_t d = last; d-- > 0;) {
                const int64_t at = maps[d][static_cast<std::size_t>(rest % shape[d])];
                rest /= shape[d];
                outside = outside || at < 0;
                offset += at * srcStrides[d];
            }
            T* to = dst + row * inner;
            if (outside) {
                std::fill_n(to, inner, fill);
                continue;
            }
            for (const Run& run : runs) {
                if (run.from < 0)
                    std::fill_n(to + run.first, run.count, fill);
                else if (adjacent && run.count >= 4)
                    std::memcpy(to + run.first, src + offset + run.from,
                                static_cast<std::size_t>(run.count) * sizeof(T));
                else
                    for (int64_t i = 0; i < run.count; ++i)
                        to[run.first + i] = src[offset + (run.from + i) * srcStrides[last]];
            }
        }
    });
}

void computeTile(const graph::Node&, std::span<const ConstView> in, std::span<const View> out, std::span<std::byte>,
                 ThreadPool* pool)
{
    std::vector<AxisMap> maps(out[0].shape.rank());
    for (std::size_t d = 0; d < maps.size(); ++d)
        for (int64_t i = 0; i < out[0].shape[d]; ++i)
            maps[d].push_back(i % in[0].shape[d]);
    withSize(in[0].dtype, [&]<class T>(T) {
        gatherAxes<T>(in[0].as<T>(), in[0].strides, maps, T{}, out[0].as<T>(), out[0].shape, pool);
    });
}

/// Begins and ends of a Pad for every axis.
Result<std::vector<int64_t>> resolvePads(const graph::Node& node, std::size_t rank)
{
    const auto pads = integersOf(node, "pads");
    if (!pads)
        return unsupported("the pads are not constant");
    std::vector<int64_t> all(2 * rank, 0);
    if (const auto axes = integersOf(node, "axes")) {
        QS_CHECK(resolveAxes(*axes, rank));
        if (pads->size() != 2 * axes->size())
            return mismatch("pads and axes do not fit together");
        for (std::size_t i = 0; i < axes->size(); ++i) {
            const auto a =
                static_cast<std::size_t>((*axes)[i] < 0 ? (*axes)[i] + static_cast<int64_t>(rank) : (*axes)[i]);
            all[a] = (*pads)[i];
            all[a + rank] = (*pads)[i + axes->size()];
        }
    } else {
        if (pads->size() != 2 * rank)
            return mismatch("there are " + std::to_string(pads->size()) + " pads for rank " + std::to_string(rank));
        all = *pads;
    }
    for (const int64_t p : all)
        if (p < -kMaxElements || p > kMaxElements)
            return fail(ErrorCode::TooLarge, "a pad of " + std::to_string(p) + " is too large");
    return all;
}

InferResult inferPad(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const std::string mode = node.attributes.text("mode", "constant");
    if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
        return unsupported("Pad with mode \"" + mode + "\"");
    const std::size_t rank = in[0].shape.rank();
    QS_ASSIGN(const auto pads, resolvePads(node, rank));
    std::vector<int64_t> dims;
    for (std::size_t i = 0; i < rank; ++i) {
        dims.push_back(in[0].shape[i] + pads[i] + pads[i + rank]);
        const int64_t most = std::max(pads[i], pads[i + rank]);
        if (mode != "constant" && most > 0 && (in[0].shape[i] == 0 || (mode == "reflect" && most >= in[0].shape[i])))
            return mismatch("a pad of " + std::to_string(most) + " is too large to " + mode + " an axis of " +
                            std::to_string(in[0].shape[i]));
    }
    return oneOutput(in[0].dtype, dims);
}

AxisMap padMap(const std::string& mode, int64_t size, int64_t before, int64_t outSize)
{
    AxisMap map;
    for (int64_t i = 0; i < outSize; ++i) {
        int64_t at = i - before;
        if (mode == "constant")
            at = at >= 0 && at < size ? at : -1;
        else if (mode == "edge")
            at = std::clamp<int64_t>(at, 0, size - 1);
        else if (mode == "wrap")
            at = (at % size + size) % size;
        else if (size > 1)
            at = at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at;
        map.push_back(mode == "reflect" ? std::clamp<int64_t>(at, 0, size - 1) : at);
    }
    return map;
}

void computePad(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                std::span<std::byte>, ThreadPool* pool)
{
    const std::string mode = node.attributes.text("mode", "constant");
    const std::size_t rank = in[0].shape.rank();
    const auto pads = *resolvePads(node, rank);
    std::vector<AxisMap> maps;
    for (std::size_t d = 0; d < rank; ++d)
        maps.push_back(padMap(mode, in[0].shape[d], pads[d], out[0].shape[d]));
    const double value = numberOf(node, "value").value_or(numberOf(node, "constant_value").value_or(0));
    withType(in[0].dtype, [&]<class T>(T) {
        gatherAxes<T>(in[0].as<T>(), in[0].strides, maps, static_cast<T>(value), out[0].as<T>(), out[0].shape, pool);
    });
}

InferResult inferBlocks(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const int64_t block = node.attributes.integer("blocksize", 0);
    const Shape& s = in[0].shape;
    const bool toSpace = node.op == "DepthToSpace";
    const std::string mode = node.attributes.text("mode", "DCR");
    if (mode != "DCR" && mode != "CRD")
        return unsupported("DepthToSpace with mode \"" + mode + "\"");
    if (s.rank() != 4 || block < 1 || block > 4096)
        return mismatch(node.op + " needs four dimensions and a positive block size");
    if (toSpace ? s[1] % (block * block) != 0 : s[2] % block != 0 || s[3] % block != 0)
        return mismatch(s.text() + " cannot be divided into blocks of " + std::to_string(block));
    const std::vector<int64_t> dims =
        toSpace ? std::vector<int64_t>{s[0], s[1] / (block * block), s[2] * block, s[3] * block}
                : std::vector<int64_t>{s[0], s[1] * block * block, s[2] / block, s[3] / block};
    return oneOutput(in[0].dtype, dims);
}

void computeBlocks(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool* pool)
{
    const int64_t b = node.attributes.integer("blocksize", 1);
    const Shape& s = in[0].shape;
    // As a transposition of six dimensions: the shape that is read, and its strides in the input.
    Shape shape;
    Shape strides;
    if (node.op == "DepthToSpace") {
        const int64_t c = s[1] / (b * b);
        const int64_t plane = s[2] * s[3];
        const bool dcr = node.attributes.text("mode", "DCR") == "DCR";
        shape = {s[0], c, s[2], b, s[3], b};
        strides = {s[1] * plane,         dcr ? plane : b * b * plane, s[3], (dcr ? b * c : b) * plane, 1,
                   (dcr ? c : 1) * plane};
    } else {
        const int64_t h = s[2] / b;
        const int64_t w = s[3] / b;
        shape = {s[0], b, b, s[1], h, w};
        strides = {s[1] * s[2] * s[3], s[3], 1, s[2] * s[3], b * s[3], b};
    }
    copyStrided({in[0].data, in[0].dtype, shape, strides}, out[0].data, pool);
}

InferResult inferTrilu(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    if (in[0].shape.rank() < 2)
        return mismatch("Trilu needs two dimensions");
    return oneOutput(in[0].dtype, in[0].shape);
}

void computeTrilu(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                  std::span<std::byte>, ThreadPool*)
{
    const int64_t k = std::clamp<int64_t>(integerOf(node, "k").value_or(0), -kMaxElements, kMaxElements);
    const bool upper = node.attributes.integer("upper", 1) != 0;
    const std::size_t rank = out[0].shape.rank();
    const int64_t rows = out[0].shape[rank - 2];
    const int64_t columns = out[0].shape[rank - 1];
    withSize(in[0].dtype, [&]<class T>(T) {
        const T* src = in[0].as<T>();
        T* dst = out[0].as<T>();
        for (int64_t row = 0; row < out[0].shape.product(0, rank - 1); ++row, src += columns, dst += columns) {
            // Columns [0, cut) and [cut, columns): one part is copied, the other is zero.
            const int64_t cut = std::clamp<int64_t>(row % rows + k + (upper ? 0 : 1), 0, columns);
            std::fill_n(upper ? dst : dst + cut, upper ? cut : columns - cut, T{});
            if (upper)
                std::copy(src + cut, src + columns, dst + cut);
            else
                std::copy_n(src, cut, dst);
        }
    });
}

} // namespace

std::span<const OpDef> movementOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Concat", .infer = inferConcat, .compute = computeConcat, .acceptsStrides = true},
        {.name = "DepthToSpace", .infer = inferBlocks, .compute = computeBlocks},
        {.name = "Pad", .infer = inferPad, .compute = computePad, .acceptsStrides = true},
        {.name = "SpaceToDepth", .infer = inferBlocks, .compute = computeBlocks},
        {.name = "Tile", .infer = inferTile, .compute = computeTile, .acceptsStrides = true},
        {.name = "Trilu", .infer = inferTrilu, .compute = computeTrilu},
    };
    return ops;
}

} // namespace qs::exec
