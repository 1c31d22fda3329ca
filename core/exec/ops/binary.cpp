#include "core/exec/ops/list.h"
#include "core/exec/ops/strided.h"
#include "core/exec/ops/support.h"
#include "core/kernels/elementwise.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace qs::exec {

namespace {

constexpr int64_t kGrain = 8192;

InferResult inferBroadcast(const graph::Node& node, Infos in, std::size_t most)
{
    QS_CHECK(expectInputs(node, in, most == 2 ? 2 : 1, most));
    Shape shape = in[0].shape;
    for (std::size_t i = 1; i < in.size(); ++i) {
        QS_ASSIGN(shape, broadcastShapes(shape, in[i].shape));
        if (in[i].dtype != in[0].dtype && node.op != "Pow")
            return mismatch("the inputs are " + std::string(dtypeName(in[0].dtype)) + " and " +
                            std::string(dtypeName(in[i].dtype)));
    }
    return oneOutput(in[0].dtype, shape);
}

InferResult inferArithmetic(const graph::Node& node, Infos in)
{
    auto out = inferBroadcast(node, in, 2);
    if (out && in[0].dtype == DType::Bool)
        return unsupported(node.op + " of booleans");
    return out;
}

InferResult inferVariadic(const graph::Node& node, Infos in)
{
    auto out = inferBroadcast(node, in, std::numeric_limits<std::size_t>::max());
    if (out && in[0].dtype == DType::Bool)
        return unsupported(node.op + " of booleans");
    return out;
}

InferResult inferLogical(const graph::Node& node, Infos in)
{
    auto out = inferBroadcast(node, in, 2);
    if (out && in[0].dtype != DType::Bool)
        return unsupported(node.op + " of " + std::string(dtypeName(in[0].dtype)));
    return out;
}

InferResult inferCompare(const graph::Node& node, Infos in)
{
    auto out = inferBroadcast(node, in, 2);
    if (out)
        out->front().dtype = DType::Bool;
    return out;
}

InferResult inferWhere(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 3, 3));
    QS_CHECK(expectType(in, 0, DType::Bool));
    if (in[1].dtype != in[2].dtype)
        return mismatch("the two choices have different types");
    QS_ASSIGN(Shape shape, broadcastShapes(in[0].shape, in[1].shape));
    QS_ASSIGN(shape, broadcastShapes(shape, in[2].shape));
    return oneOutput(in[1].dtype, shape);
}

/// dst = f(a, b) with both broadcast to the shape of dst.
template <class A, class B, class Y, class F>
void zip(const ConstView& a, const ConstView& b, const Shape& shape, Y* dst, ThreadPool* pool, F&& f)
{
    const StridedLoop<3> loop(shape, {broadcastStrides(a.shape, a.strides, shape),
                                      broadcastStrides(b.shape, b.strides, shape), contiguousStrides(shape)});
    const int64_t inner = loop.inner();
    const int64_t sa = loop.innerStride(0);
    const int64_t sb = loop.innerStride(1);
    parallelChunks(pool, loop.rows(), std::max<int64_t>(1, kGrain / std::max<int64_t>(1, inner)),
                   [&](int64_t first, int64_t last) {
                       loop.forRows(first, last, [&](const std::array<int64_t, 3>& at) {
                           const A* pa = a.as<A>() + at[0];
                           const B* pb = b.as<B>() + at[1];
                           Y* py = dst + at[2];
                           // The usual strides by themselves: the compiler makes vectors of them.
                           if (sa == 1 && sb == 1) {
                               for (int64_t i = 0; i < inner; ++i)
                                   py[i] = f(pa[i], pb[i]);
                           } else if (sa == 1 && sb == 0) {
                               const B value = *pb;
                               for (int64_t i = 0; i < inner; ++i)
                                   py[i] = f(pa[i], value);
                           } else if (sa == 0 && sb == 1) {
                               const A value = *pa;
                               for (int64_t i = 0; i < inner; ++i)
                                   py[i] = f(value, pb[i]);
                           } else {
                               for (int64_t i = 0; i < inner; ++i)
                                   py[i] = f(pa[i * sa], pb[i * sb]);
                           }
                       });
                   });
}

/// A row whose operands are not adjacent in memory, by pieces.
void binaryGathered(kernels::BinaryOp op, int64_t count, const float* a, int64_t sa, const float* b, int64_t sb,
                    float* dst)
{
    constexpr int64_t kPiece = 256;
    float x[kPiece];
    float y[kPiece];
    for (int64_t i = 0; i < count; i += kPiece) {
        const int64_t n = std::min(kPiece, count - i);
        for (int64_t j = 0; j < n; ++j) {
            x[j] = a[(i + j) * sa];
            y[j] = b[(i + j) * sb];
        }
        kernels::binary(op, kernels::Broadcast::None, 1, static_cast<std::size_t>(n), x, y, dst + i);
    }
}

/// The float operators that have a kernel; it sees rows in which each operand is contiguous or one number.
void computeKernel(kernels::BinaryOp op, const ConstView& a, const ConstView& b, const Shape& shape, float* dst,
                   ThreadPool* pool)
{
    const StridedLoop<3> loop(shape, {broadcastStrides(a.shape, a.strides, shape),
                                      broadcastStrides(b.shape, b.strides, shape), contiguousStrides(shape)});
    const int64_t inner = loop.inner();
    const int64_t sa = loop.innerStride(0);
    const int64_t sb = loop.innerStride(1);
    const float* pa = a.as<float>();
    const float* pb = b.as<float>();
    const auto cols = static_cast<std::size_t>(inner);
    if (loop.rank == 1 && sa == 1 && sb <= 1 && inner > 2 * kGrain) { // one long row: cut it
        parallelChunks(pool, inner, kGrain, [&](int64_t first, int64_t last) {
            kernels::binary(op, sb == 0 ? kernels::Broadcast::Scalar : kernels::Broadcast::None, 1,
                            static_cast<std::size_t>(last - first), pa + first, pb + first * sb, dst + first);
        });
        return;
    }
    const auto& outer = loop.strides[loop.rank == 1 ? 0 : loop.rank - 2];
    const bool plain = loop.rank == 2 && sa == 1 && outer[0] == inner && sb + outer[1] == 1 && sb * outer[1] == 0;
    parallelChunks(pool, loop.rows(), std::max<int64_t>(1, kGrain / std::max<int64_t>(1, inner)),
                   [&](int64_t first, int64_t last) {
                       if (plain && inner > 0) { // a bias for each row, or one number a row
                           kernels::binary(op, sb == 1 ? kernels::Broadcast::Row : kernels::Broadcast::Column,
                                           static_cast<std::size_t>(last - first), cols, pa + first * inner,
                                           pb + (sb == 1 ? 0 : first), dst + first * inner);
                           return;
                       }
                       loop.forRows(first, last, [&](const std::array<int64_t, 3>& at) {
                           const float* x = pa + at[0];
                           const float* y = pb + at[1];
                           float* z = dst + at[2];
                           if (sa == 1 && sb <= 1 && sb >= 0)
                               kernels::binary(op, sb == 0 ? kernels::Broadcast::Scalar : kernels::Broadcast::None, 1,
                                               cols, x, y, z);
                           else if (sa == 0 && sb == 1)
                               kernels::binary(op, kernels::Broadcast::Scalar, 1, cols, y, x, z, true);
                           else
                               binaryGathered(op, inner, x, sa, y, sb, z);
                       });
                   });
}

template <class T>
T wrap(std::make_unsigned_t<T> v)
{
    return static_cast<T>(v);
}

/// body(f) with the integer operator f(a, b): it wraps instead of overflowing; division by zero gives 0. Mod has the
/// sign of the divisor, or of the dividend with `remainder`.
template <class T, class Body>
void withArithmetic(std::string_view op, bool remainder, Body body)
{
    using U = std::make_unsigned_t<T>;
    const auto negated = [](T a) { return wrap<T>(static_cast<U>(U{0} - static_cast<U>(a))); };
    const auto minusOne = [](T b) { return std::is_signed_v<T> && b == static_cast<T>(-1); };
    if (op == "Add")
        body([](T a, T b) { return wrap<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b))); });
    else if (op == "Sub")
        body([](T a, T b) { return wrap<T>(static_cast<U>(static_cast<U>(a) - static_cast<U>(b))); });
    else if (op == "Mul")
        body([](T a, T b) { return wrap<T>(static_cast<U>(uint64_t{static_cast<U>(a)} * static_cast<U>(b))); });
    else if (op == "Min")
        body([](T a, T b) { return std::min(a, b); });
    else if (op == "Max")
        body([](T a, T b) { return std::max(a, b); });
    else if (op == "Div")
        body([=](T a, T b) { return b == 0 ? T{0} : minusOne(b) ? negated(a) : static_cast<T>(a / b); });
    else
        body([=](T a, T b) {
            if (b == 0 || minusOne(b))
                return T{0};
            const T r = static_cast<T>(a % b);
            return !remainder && r != 0 && (r < 0) != (b < 0) ? static_cast<T>(r + b) : r;
        });
}

std::optional<kernels::BinaryOp> kernelOf(std::string_view op)
{
    using kernels::BinaryOp;
    constexpr std::pair<std::string_view, BinaryOp> table[] = {
        {"Add", BinaryOp::Add}, {"Sum", BinaryOp::Add}, {"Sub", BinaryOp::Sub}, {"Mul", BinaryOp::Mul},
        {"Div", BinaryOp::Div}, {"Min", BinaryOp::Min}, {"Max", BinaryOp::Max},
    };
    for (const auto& [name, kernel] : table)
        if (name == op)
            return kernel;
    return std::nullopt;
}

void computePow(const ConstView& a, const ConstView& b, const View& out, ThreadPool* pool)
{
    withType(a.dtype, [&]<class A>(A) {
        withType(b.dtype, [&]<class B>(B) {
            if constexpr (std::is_same_v<A, float> && std::is_same_v<B, float>) {
                if (b.shape.elements() == 1) {
                    const float* src = a.as<float>();
                    const float p = *b.as<float>();
                    if (a.contiguous() && a.shape == out.shape) {
                        parallelChunks(pool, a.shape.elements(), kGrain, [&](int64_t first, int64_t last) {
                            const auto n = static_cast<std::size_t>(last - first);
                            kernels::unary(kernels::UnaryOp::Pow, {src + first, n}, {out.as<float>() + first, n}, p);
                        });
                        return;
                    }
                }
            }
            zip<A, B>(a, b, out.shape, out.as<A>(), pool, [](A x, B y) {
                if constexpr (std::is_same_v<A, float>) {
                    return std::pow(x, static_cast<float>(y));
                } else {
                    constexpr auto low = static_cast<double>(std::numeric_limits<A>::lowest());
                    constexpr auto high = static_cast<double>(std::numeric_limits<A>::max());
                    const double v = std::pow(static_cast<double>(x), static_cast<double>(y));
                    if (v >= high)
                        return std::numeric_limits<A>::max();
                    return v > low ? static_cast<A>(v) : std::numeric_limits<A>::lowest();
                }
            });
        });
    });
}

void computeTwo(const graph::Node& node, const ConstView& a, const ConstView& b, const View& out, ThreadPool* pool)
{
    if (node.op == "Pow")
        return computePow(a, b, out, pool);
    const bool remainder = node.attributes.integer("fmod", 0) != 0;
    if (a.dtype == DType::Float32) {
        if (const auto kernel = kernelOf(node.op))
            return computeKernel(*kernel, a, b, out.shape, out.as<float>(), pool);
        return zip<float, float>(a, b, out.shape, out.as<float>(), pool, [&](float x, float y) {
            const float r = std::fmod(x, y);
            return !remainder && r != 0 && (r < 0) != (y < 0) ? r + y : r;
        });
    }
    const std::string_view op = node.op == "Sum" ? std::string_view("Add") : std::string_view(node.op);
    withType(a.dtype, [&]<class T>(T) {
        if constexpr (!std::is_same_v<T, float> && !std::is_same_v<T, bool>)
            withArithmetic<T>(op, remainder, [&](auto f) { zip<T, T>(a, b, out.shape, out.as<T>(), pool, f); });
    });
}

void computeArithmetic(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                       std::span<std::byte>, ThreadPool* pool)
{
    if (out[0].shape.elements() == 0)
        return;
    if (in.size() == 1)
        return copyStrided(in[0], out[0].data, pool);
    computeTwo(node, in[0], in[1], out[0], pool);
    for (std::size_t i = 2; i < in.size(); ++i) {
        const ConstView sum{out[0].data, out[0].dtype, out[0].shape, contiguousStrides(out[0].shape)};
        computeTwo(node, sum, in[i], out[0], pool);
    }
}

void computeCompare(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                    std::span<std::byte>, ThreadPool* pool)
{
    if (out[0].shape.elements() == 0)
        return;
    withType(in[0].dtype, [&]<class T>(T) {
        const auto with = [&](auto f) { zip<T, T>(in[0], in[1], out[0].shape, out[0].as<bool>(), pool, f); };
        if (node.op == "Equal")
            with([](T x, T y) { return x == y; });
        else if (node.op == "Less")
            with([](T x, T y) { return x < y; });
        else if (node.op == "LessOrEqual")
            with([](T x, T y) { return x <= y; });
        else if (node.op == "Greater")
            with([](T x, T y) { return x > y; });
        else if (node.op == "GreaterOrEqual")
            with([](T x, T y) { return x >= y; });
        else if (node.op == "And")
            with([](T x, T y) { return x && y; });
        else if (node.op == "Or")
            with([](T x, T y) { return x || y; });
        else
            with([](T x, T y) { return !x != !y; });
    });
}

InferResult inferPRelu(const graph::Node& node, Infos in)
{
    auto out = inferBroadcast(node, in, 2);
    if (out && (in[0].dtype != DType::Float32 || !(out->front().shape == in[0].shape)))
        return mismatch("slope " + in[1].shape.text() + " does not fit " + in[0].shape.text());
    return out;
}

void computePRelu(const graph::Node&, std::span<const ConstView> in, std::span<const View> out, std::span<std::byte>,
                  ThreadPool* pool)
{
    if (out[0].shape.elements() > 0)
        zip<float, float>(in[0], in[1], out[0].shape, out[0].as<float>(), pool,
                          [](float x, float slope) { return x < 0 ? slope * x : x; });
}

void computeWhere(const graph::Node&, std::span<const ConstView> in, std::span<const View> out, std::span<std::byte>,
                  ThreadPool* pool)
{
    const Shape& shape = out[0].shape;
    if (shape.elements() == 0)
        return;
    const StridedLoop<4> loop(shape, {broadcastStrides(in[0].shape, in[0].strides, shape),
                                      broadcastStrides(in[1].shape, in[1].strides, shape),
                                      broadcastStrides(in[2].shape, in[2].strides, shape), contiguousStrides(shape)});
    const auto& s = loop.strides[loop.rank - 1];
    withSize(in[1].dtype, [&]<class T>(T) {
        parallelChunks(pool, loop.rows(), std::max<int64_t>(1, kGrain / loop.inner()),
                       [&](int64_t first, int64_t last) {
                           loop.forRows(first, last, [&](const std::array<int64_t, 4>& at) {
                               for (int64_t i = 0; i < loop.inner(); ++i)
                                   out[0].as<T>()[at[3] + i] = in[0].as<bool>()[at[0] + i * s[0]]
                                                                   ? in[1].as<T>()[at[1] + i * s[1]]
                                                                   : in[2].as<T>()[at[2] + i * s[2]];
                           });
                       });
    });
}

} // namespace

std::span<const OpDef> binaryOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Add",
         .infer = inferArithmetic,
         .compute = computeArithmetic,
         .acceptsStrides = true,
         .beforeWrite = 3},
        {.name = "And", .infer = inferLogical, .compute = computeCompare, .acceptsStrides = true},
        {.name = "Div",
         .infer = inferArithmetic,
         .compute = computeArithmetic,
         .acceptsStrides = true,
         .beforeWrite = 3},
        {.name = "Equal", .infer = inferCompare, .compute = computeCompare, .acceptsStrides = true},
        {.name = "Greater", .infer = inferCompare, .compute = computeCompare, .acceptsStrides = true},
        {.name = "GreaterOrEqual", .infer = inferCompare, .compute = computeCompare, .acceptsStrides = true},
        {.name = "Less", .infer = inferCompare, .compute = computeCompare, .acceptsStrides = true},
        {.name = "LessOrEqual", .infer = inferCompare, .compute = computeCompare, .acceptsStrides = true},
        {.name = "Max", .infer = inferVariadic, .compute = computeArithmetic, .acceptsStrides = true},
        {.name = "Min", .infer = inferVariadic, .compute = computeArithmetic, .acceptsStrides = true},
        {.name = "Mod", .infer = inferArithmetic, .compute = computeArithmetic, .acceptsStrides = true},
        {.name = "Mul",
         .infer = inferArithmetic,
         .compute = computeArithmetic,
         .acceptsStrides = true,
         .beforeWrite = 3},
        {.name = "Or", .infer = inferLogical, .compute = computeCompare, .acceptsStrides = true},
        {.name = "PRelu", .infer = inferPRelu, .compute = computePRelu, .acceptsStrides = true},
        {.name = "Pow", .infer = inferArithmetic, .compute = computeArithmetic, .acceptsStrides = true},
        {.name = "Sub",
         .infer = inferArithmetic,
         .compute = computeArithmetic,
         .acceptsStrides = true,
         .beforeWrite = 3},
        {.name = "Sum", .infer = inferVariadic, .compute = computeArithmetic, .acceptsStrides = true},
        {.name = "Where", .infer = inferWhere, .compute = computeWhere, .acceptsStrides = true},
        {.name = "Xor", .infer = inferLogical, .compute = computeCompare, .acceptsStrides = true},
    };
    return ops;
}

} // namespace qs::exec
