#include "core/kernels/quantize.h"
#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::exec {

namespace {

/// How scale and zero point spread over a tensor: one number, or one for each index of `axis`.
struct Spread {
    int64_t channels = 1;
    int64_t inner = 1;
};

Result<Spread> spreadOf(const graph::Node& node, const Shape& x, const Shape& scale)
{
    if (node.attributes.integer("block_size", 0) != 0)
        return unsupported("quantization by blocks");
    Spread spread;
    if (scale.elements() == 1)
        return spread;
    QS_ASSIGN(const std::size_t axis, resolveAxis(node.attributes.integer("axis", 1), x.rank()));
    if (scale.rank() != 1 || scale[0] != x[axis])
        return mismatch("scale " + scale.text() + " does not fit axis " + std::to_string(axis) + " of " + x.text());
    spread.channels = x[axis];
    spread.inner = x.product(axis + 1, x.rank());
    return spread;
}

InferResult inferQuantize(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 2, 3));
    QS_CHECK(expectType(in, 0, DType::Float32));
    QS_CHECK(expectType(in, 1, DType::Float32));
    QS_CHECK(spreadOf(node, in[0].shape, in[1].shape));
    DType type = DType::UInt8;
    if (given(node, in, 2)) {
        type = in[2].dtype;
        if (type != DType::UInt8 && type != DType::Int8)
            return unsupported("QuantizeLinear to " + std::string(dtypeName(type)));
        if (in[2].shape.elements() != in[1].shape.elements())
            return mismatch("scale and zero point have different sizes");
    }
    return oneOutput(type, in[0].shape);
}

InferResult inferDequantize(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 2, 3));
    QS_CHECK(expectType(in, 1, DType::Float32));
    if (in[0].dtype == DType::Float32 || in[0].dtype == DType::Bool || in[0].dtype == DType::Int64)
        return unsupported("DequantizeLinear of " + std::string(dtypeName(in[0].dtype)));
    QS_CHECK(spreadOf(node, in[0].shape, in[1].shape));
    if (given(node, in, 2) && (in[2].shape.elements() != in[1].shape.elements() || in[2].dtype != in[0].dtype))
        return mismatch("the zero point does not fit");
    return oneOutput(DType::Float32, in[0].shape);
}

/// clamp(rne(x / scale) + zero, low, high); NaN gives low.
float codeOf(float x, float scale, float zero, float low, float high)
{
    const float v = std::nearbyint(x / scale) + zero;
    return v > low ? std::min(v, high) : low;
}

void computeQuantize(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                     std::span<std::byte>, ThreadPool*)
{
    const Spread s = *spreadOf(node, in[0].shape, in[1].shape);
    const auto run = [&]<class T>(T) {
        const T* zeros = in.size() > 2 && in[2].present() ? in[2].as<T>() : nullptr;
        for (int64_t i = 0; i < in[0].shape.elements(); ++i) {
            const int64_t c = i / s.inner % s.channels;
            out[0].as<T>()[i] =
                static_cast<T>(codeOf(in[0].as<float>()[i], in[1].as<float>()[c], zeros ? zeros[c] : 0,
                                      std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
        }
    };
    if (out[0].dtype == DType::UInt8)
        run(uint8_t{});
    else
        run(int8_t{});
}

void computeDequantize(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                       std::span<std::byte>, ThreadPool*)
{
    const Spread s = *spreadOf(node, in[0].shape, in[1].shape);
    withType(in[0].dtype, [&]<class T>(T) {
        const T* zeros = in.size() > 2 && in[2].present() ? in[2].as<T>() : nullptr;
        for (int64_t i = 0; i < in[0].shape.elements(); ++i) {
            const int64_t c = i / s.inner % s.channels;
            const int64_t code =
                static_cast<int64_t>(in[0].as<T>()[i]) - (zeros ? static_cast<int64_t>(zeros[c]) : 0);
            out[0].as<float>()[i] = static_cast<float>(code) * in[1].as<float>()[c];
        }
    });
}

InferResult inferFake(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    const Tensor* scale = node.attributes.tensor("scale");
    const Tensor* zero = node.attributes.tensor("zero_point");
    if (!scale || scale->dtype() != DType::Float32 || scale->elements() == 0)
        return mismatch("FakeQuantize without a scale");
    if (zero && (zero->dtype() != DType::Int32 || zero->elements() != scale->elements()))
        return mismatch("the zero point does not fit the scale");
    constexpr int64_t kMost = 1 << 23; // integers that a float holds exactly
    const int64_t low = node.attributes.integer("qmin", -128);
    const int64_t high = node.attributes.integer("qmax", 127);
    if (low > high || low < -kMost || high > kMost)
        return mismatch("codes from " + std::to_string(low) + " to " + std::to_string(high));
    for (const float s : scale->floats())
        if (!(s > 0) || !std::isfinite(s))
            return mismatch("a scale is not positive and finite");
    if (zero)
        for (const int32_t z : zero->data<int32_t>())
            if (z < -kMost || z > kMost)
                return mismatch("a zero point is too large");
    QS_CHECK(spreadOf(node, in[0].shape, scale->shape()));
    return oneOutput(DType::Float32, in[0].shape);
}

void computeFake(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                 std::span<std::byte>, ThreadPool* pool)
{
    const Tensor* scale = node.attributes.tensor("scale");
    const Tensor* zero = node.attributes.tensor("zero_point");
    const Spread s = *spreadOf(node, in[0].shape, scale->shape());
    const auto low = static_cast<int32_t>(node.attributes.integer("qmin", -128));
    const auto high = static_cast<int32_t>(node.attributes.integer("qmax", 127));
    const float* src = in[0].as<float>();
    float* dst = out[0].as<float>();
    if (s.channels == 1) {
        const kernels::QuantGrid grid{scale->floats()[0], zero ? zero->data<int32_t>()[0] : 0, low, high};
        parallelChunks(pool, in[0].shape.elements(), 8192, [&](int64_t first, int64_t last) {
            const auto n = static_cast<std::size_t>(last - first);
            kernels::fakeQuantize({src + first, n}, grid, {dst + first, n});
        });
        return;
    }
    const kernels::ChannelGrids grids{scale->floats(), zero ? zero->data<int32_t>() : std::span<const int32_t>{}, low,
                                      high};
    const int64_t each = s.channels * s.inner;
    const int64_t outer = each > 0 ? in[0].shape.elements() / each : 0;
    parallelChunks(
        pool, outer, std::max<int64_t>(1, 8192 / std::max<int64_t>(1, each)), [&](int64_t first, int64_t last) {
            kernels::fakeQuantizeChannels({static_cast<std::size_t>(last - first),
                                           static_cast<std::size_t>(s.channels), static_cast<std::size_t>(s.inner)},
                                          src + first * each, grids, dst + first * each);
        });
}

} // namespace

std::span<const OpDef> quantizeOps()
{
    static constexpr OpDef ops[] = {
        {.name = "DequantizeLinear", .infer = inferDequantize, .compute = computeDequantize},
        {.name = "FakeQuantize", .infer = inferFake, .compute = computeFake},
        {.name = "QuantizeLinear", .infer = inferQuantize, .compute = computeQuantize},
    };
    return ops;
}

} // namespace qs::exec
