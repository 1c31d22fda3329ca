#include "core/kernels/reduce.h"
#include "core/exec/ops/list.h"
#include "core/exec/ops/strided.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace qs::exec {

namespace {

/// The axes that a reduction removes. Errors: ShapeMismatch.
Result<std::vector<std::size_t>> reducedAxes(const graph::Node& node, std::size_t rank)
{
    const auto axes = integersOf(node, "axes");
    if (axes && !axes->empty())
        return resolveAxes(*axes, rank);
    std::vector<std::size_t> all;
    if (node.attributes.integer("noop_with_empty_axes", 0) == 0)
        for (std::size_t i = 0; i < rank; ++i)
            all.push_back(i);
    return all;
}

Shape reducedShape(const Shape& shape, const std::vector<std::size_t>& axes, bool keep)
{
    Shape out;
    for (std::size_t i = 0; i < shape.rank(); ++i) {
        const bool reduced = std::find(axes.begin(), axes.end(), i) != axes.end();
        if (!reduced || keep)
            out.push_back(reduced ? 1 : shape[i]);
    }
    return out;
}

InferResult inferReduce(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    const bool integer = in[0].dtype == DType::Int64 || in[0].dtype == DType::Int32;
    const bool fraction = node.op == "ReduceMean" || node.op == "ReduceL2";
    if (in[0].dtype != DType::Float32 && (!integer || fraction))
        return unsupported(node.op + " of " + std::string(dtypeName(in[0].dtype)));
    QS_ASSIGN(const auto axes, reducedAxes(node, in[0].shape.rank()));
    int64_t count = 1;
    for (const std::size_t a : axes)
        count *= in[0].shape[a];
    if (count == 0 && (node.op == "ReduceMax" || node.op == "ReduceMin" || node.op == "ReduceMean"))
        return mismatch(node.op + " over nothing");
    return oneOutput(in[0].dtype, reducedShape(in[0].shape, axes, node.attributes.integer("keepdims", 1) != 0));
}

enum class Fold { Sum, Max, Min, Prod, Absolute, Square };

Fold foldOf(std::string_view op)
{
    if (op == "ReduceMax")
        return Fold::Max;
    if (op == "ReduceMin")
        return Fold::Min;
    if (op == "ReduceProd")
        return Fold::Prod;
    if (op == "ReduceL1")
        return Fold::Absolute;
    if (op == "ReduceL2" || op == "ReduceSumSquare")
        return Fold::Square;
    return Fold::Sum;
}

/// One result: the fold over the reduced dimensions that start at src.
template <class T, class A>
A foldOne(Fold fold, const StridedLoop<1>& loop, const T* src)
{
    A acc = fold == Fold::Prod ? A{1} : A{0};
    bool first = true;
    loop.forRows(0, loop.rows(), [&](const std::array<int64_t, 1>& at) {
        const T* p = src + at[0];
        const int64_t stride = loop.innerStride(0);
        for (int64_t i = 0; i < loop.inner(); ++i) {
            const A v = static_cast<A>(p[i * stride]);
            switch (fold) {
            case Fold::Sum:
                acc += v;
                break;
            case Fold::Prod:
                acc *= v;
                break;
            case Fold::Square:
                acc += v * v;
                break;
            case Fold::Absolute:
                acc += v < A{0} ? A{0} - v : v;
                break;
            case Fold::Max:
                acc = first || v > acc || v != v ? v : acc;
                break;
            case Fold::Min:
                acc = first || v < acc || v != v ? v : acc;
                break;
            }
            first = false;
        }
    });
    return acc;
}

std::optional<kernels::Fold> kernelOf(Fold fold)
{
    switch (fold) {
    case Fold::Sum:
        return kernels::Fold::Sum;
    case Fold::Absolute:
        return kernels::Fold::Absolute;
    case Fold::Square:
        return kernels::Fold::Square;
    case Fold::Max:
        return kernels::Fold::Max;
    case Fold::Min:
        return kernels::Fold::Min;
    case Fold::Prod:
        break;
    }
    return std::nullopt;
}

/// Floats through the kernels, where either what is reduced or what is kept lies side by side. finish(v) is the
/// result.
template <class Finish>
bool reduceFloats(kernels::Fold fold, const StridedLoop<1>& outer, const StridedLoop<1>& inner, const float* src,
                  float* dst, ThreadPool* pool, Finish finish)
{
    const int64_t count = inner.rows() * inner.inner();
    const int64_t columns = outer.inner();
    const bool rows = inner.innerStride(0) == 1 && inner.inner() >= 8;
    if (count == 0 || (!rows && (outer.innerStride(0) != 1 || columns < 8)))
        return false;
    const auto oneRow = [&](const float* from) {
        double sum = kernels::foldStart(fold);
        inner.forRows(0, inner.rows(), [&](const std::array<int64_t, 1>& at) {
            const double part = kernels::foldRow(fold, {from + at[0], static_cast<std::size_t>(inner.inner())});
            if (fold == kernels::Fold::Max)
                sum = part > sum || part != part ? part : sum;
            else if (fold == kernels::Fold::Min)
                sum = part < sum || part != part ? part : sum;
            else
                sum += part;
        });
        return sum;
    };
    // Kept columns are worked off in pieces whose sums lie on the stack.
    constexpr int64_t kPiece = 512;
    const int64_t pieces = rows ? 1 : (columns + kPiece - 1) / kPiece;
    const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, count * columns / pieces));
    parallelChunks(pool, outer.rows() * pieces, grain, [&](int64_t first, int64_t last) {
        for (int64_t part = first; part < last; ++part)
            outer.forRows(part / pieces, part / pieces + 1, [&](const std::array<int64_t, 1>& at) {
                float* to = dst + part / pieces * columns;
                if (rows) {
                    for (int64_t i = 0; i < columns; ++i)
                        to[i] = finish(oneRow(src + at[0] + i * outer.innerStride(0)));
                    return;
                }
                const int64_t c0 = part % pieces * kPiece;
                const auto width = static_cast<std::size_t>(std::min(columns, c0 + kPiece) - c0);
                std::array<double, kPiece> sums;
                std::fill_n(sums.begin(), width, kernels::foldStart(fold));
                inner.forRows(0, inner.rows(), [&](const std::array<int64_t, 1>& row) {
                    for (int64_t j = 0; j < inner.inner(); ++j)
                        kernels::foldInto(fold, {src + at[0] + c0 + row[0] + j * inner.innerStride(0), width},
                                          {sums.data(), width});
                });
                for (std::size_t i = 0; i < width; ++i)
                    to[c0 + static_cast<int64_t>(i)] = finish(sums[i]);
            });
    });
    return true;
}

template <class T>
void reduce(const graph::Node& node, const ConstView& in, const std::vector<std::size_t>& axes, T* dst,
            ThreadPool* pool)
{
    Shape kept, keptStrides, gone, goneStrides;
    for (std::size_t i = 0; i < in.shape.rank(); ++i) {
        const bool reduced = std::find(axes.begin(), axes.end(), i) != axes.end();
        (reduced ? gone : kept).push_back(in.shape[i]);
        (reduced ? goneStrides : keptStrides).push_back(in.strides[i]);
    }
    const StridedLoop<1> outer(kept, {keptStrides});
    const StridedLoop<1> inner(gone, {goneStrides});
    const int64_t count = gone.elements();
    const Fold fold = foldOf(node.op);
    // Floats are added in double, integers in wrapping 64 bits.
    using A = std::conditional_t<std::is_same_v<T, float>, double, int64_t>;
    if constexpr (std::is_same_v<T, float>)
        if (const auto kernel = kernelOf(fold))
            if (reduceFloats(*kernel, outer, inner, in.as<float>(), dst, pool, [&](double v) {
                    return static_cast<float>(node.op == "ReduceMean" ? v / static_cast<double>(count)
                                              : node.op == "ReduceL2" ? std::sqrt(v)
                                                                      : v);
                }))
                return;
    parallelChunks(pool, outer.rows(), std::max<int64_t>(1, 16384 / std::max<int64_t>(1, count * outer.inner())),
                   [&](int64_t r0, int64_t r1) {
                       T* to = dst + r0 * outer.inner();
                       outer.forRows(r0, r1, [&](const std::array<int64_t, 1>& at) {
                           for (int64_t i = 0; i < outer.inner(); ++i) {
                               const T* src = in.as<T>() + at[0] + i * outer.innerStride(0);
                               A v;
                               if constexpr (std::is_same_v<T, float>) {
                                   v = foldOne<T, double>(fold, inner, src);
                                   if (node.op == "ReduceMean")
                                       v /= static_cast<double>(count);
                                   else if (node.op == "ReduceL2")
                                       v = std::sqrt(v);
                               } else {
                                   v = static_cast<A>(foldOne<T, uint64_t>(fold, inner, src));
                                   if (fold == Fold::Max || fold == Fold::Min || fold == Fold::Absolute)
                                       v = foldOne<T, int64_t>(fold, inner, src);
                               }
                               *to++ = static_cast<T>(v);
                           }
                       });
                   });
}

void computeReduce(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool* pool)
{
    const auto axes = *reducedAxes(node, in[0].shape.rank());
    if (in[0].dtype == DType::Float32)
        reduce<float>(node, in[0], axes, out[0].as<float>(), pool);
    else if (in[0].dtype == DType::Int64)
        reduce<int64_t>(node, in[0], axes, out[0].as<int64_t>(), pool);
    else
        reduce<int32_t>(node, in[0], axes, out[0].as<int32_t>(), pool);
}

InferResult inferArg(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    QS_ASSIGN(const std::size_t axis, resolveAxis(node.attributes.integer("axis", 0), in[0].shape.rank()));
    if (in[0].shape[axis] == 0)
        return mismatch(node.op + " over nothing");
    return oneOutput(DType::Int64, reducedShape(in[0].shape, {axis}, node.attributes.integer("keepdims", 1) != 0));
}

void computeArg(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                std::span<std::byte>, ThreadPool*)
{
    const std::size_t axis = *resolveAxis(node.attributes.integer("axis", 0), in[0].shape.rank());
    const bool last = node.attributes.integer("select_last_index", 0) != 0;
    const bool most = node.op == "ArgMax";
    const int64_t size = in[0].shape[axis];
    const int64_t inner = in[0].shape.product(axis + 1, in[0].shape.rank());
    int64_t* dst = out[0].as<int64_t>();
    for (int64_t o = 0; o < in[0].shape.product(0, axis); ++o)
        for (int64_t i = 0; i < inner; ++i) {
            const float* src = in[0].as<float>() + o * size * inner + i;
            int64_t best = 0;
            for (int64_t j = 1; j < size; ++j) {
                const float a = src[j * inner];
                const float b = src[best * inner];
                if ((most ? a > b : a < b) || (last && a == b))
                    best = j;
            }
            *dst++ = best;
        }
}

InferResult inferCumSum(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    if (in[0].dtype != DType::Float32 && in[0].dtype != DType::Int64 && in[0].dtype != DType::Int32)
        return unsupported("CumSum of " + std::string(dtypeName(in[0].dtype)));
    const auto axis = integerOf(node, "axis");
    if (!axis)
        return unsupported("the axis is not constant");
    QS_CHECK(resolveAxis(*axis, in[0].shape.rank()));
    return oneOutput(in[0].dtype, in[0].shape);
}

void computeCumSum(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool*)
{
    const std::size_t axis = *resolveAxis(*integerOf(node, "axis"), in[0].shape.rank());
    const bool exclusive = node.attributes.integer("exclusive", 0) != 0;
    const bool reverse = node.attributes.integer("reverse", 0) != 0;
    const int64_t size = in[0].shape[axis];
    const int64_t inner = in[0].shape.product(axis + 1, in[0].shape.rank());
    const auto sum = [&]<class T, class A>(const T* src, T* dst, A) {
        // All columns of a row at once, so that memory is walked in order.
        constexpr int64_t kPiece = 256;
        std::array<A, kPiece> acc;
        for (int64_t o = 0; o < in[0].shape.product(0, axis); ++o)
            for (int64_t i0 = 0; i0 < inner; i0 += kPiece) {
                const int64_t width = std::min(kPiece, inner - i0);
                std::fill_n(acc.begin(), width, A{});
                for (int64_t j = 0; j < size; ++j) {
                    const int64_t at = (o * size + (reverse ? size - 1 - j : j)) * inner + i0;
                    if constexpr (std::is_same_v<T, float>)
                        if (width > 4) {
                            const auto n = static_cast<std::size_t>(width);
                            kernels::cumulateInto({src + at, n}, {acc.data(), n}, {dst + at, n}, exclusive);
                            continue;
                        }
                    for (int64_t i = 0; i < width; ++i) {
                        const A before = acc[static_cast<std::size_t>(i)];
                        const A after = before + static_cast<A>(src[at + i]);
                        dst[at + i] = static_cast<T>(exclusive ? before : after);
                        acc[static_cast<std::size_t>(i)] = after;
                    }
                }
            }
    };
    if (in[0].dtype == DType::Float32)
        sum(in[0].as<float>(), out[0].as<float>(), double{});
    else if (in[0].dtype == DType::Int64)
        sum(in[0].as<int64_t>(), out[0].as<int64_t>(), uint64_t{});
    else
        sum(in[0].as<int32_t>(), out[0].as<int32_t>(), uint64_t{});
}

} // namespace

std::span<const OpDef> reduceOps()
{
    static constexpr OpDef ops[] = {
        {.name = "ArgMax", .infer = inferArg, .compute = computeArg},
        {.name = "ArgMin", .infer = inferArg, .compute = computeArg},
        {.name = "CumSum", .infer = inferCumSum, .compute = computeCumSum},
        {.name = "ReduceL1", .infer = inferReduce, .compute = computeReduce, .acceptsStrides = true},
        {.name = "ReduceL2", .infer = inferReduce, .compute = computeReduce, .acceptsStrides = true},
        {.name = "ReduceMax", .infer = inferReduce, .compute = computeReduce, .acceptsStrides = true},
        {.name = "ReduceMean", .infer = inferReduce, .compute = computeReduce, .acceptsStrides = true},
        {.name = "ReduceMin", .infer = inferReduce, .compute = computeReduce, .acceptsStrides = true},
        {.name = "ReduceProd", .infer = inferReduce, .compute = computeReduce, .acceptsStrides = true},
        {.name = "ReduceSum", .infer = inferReduce, .compute = computeReduce, .acceptsStrides = true},
        {.name = "ReduceSumSquare", .infer = inferReduce, .compute = computeReduce, .acceptsStrides = true},
    };
    return ops;
}

} // namespace qs::exec
