#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"
#include "core/kernels/integer_norm.h"
#include "core/kernels/norm.h"

#include <cmath>

namespace qs::exec {

namespace {

Result<void> expectFloats(const graph::Node& node, Infos in, std::size_t least, std::size_t most)
{
    QS_CHECK(expectInputs(node, in, least, most));
    for (std::size_t i = 0; i < in.size(); ++i)
        if (given(node, in, i))
            QS_CHECK(expectType(in, i, DType::Float32));
    return {};
}

/// Inputs 1.. are vectors of `size`, where given.
Result<void> expectVectors(const graph::Node& node, Infos in, int64_t size)
{
    for (std::size_t i = 1; i < in.size(); ++i)
        if (given(node, in, i) && !(in[i].shape == Shape{size}))
            return mismatch("parameter " + std::to_string(i) + " is " + in[i].shape.text() + ", not " +
                            std::to_string(size));
    return {};
}

/// x; gamma and beta of the size of a row, or absent.
InferResult inferRows(const graph::Node& node, Infos in)
{
    const Shape& shape = in[0].shape;
    QS_ASSIGN(const std::size_t axis, resolveAxis(node.attributes.integer("axis", -1), shape.rank()));
    const int64_t size = shape.product(axis, shape.rank());
    for (std::size_t i = 1; i < in.size() && i < 4; ++i)
        if (given(node, in, i) && in[i].shape.elements() != size)
            return mismatch("parameter " + in[i].shape.text() + " does not fit " + shape.text());
    return oneOutput(DType::Float32, shape);
}

InferResult inferLayerNorm(const graph::Node& node, Infos in)
{
    QS_CHECK(expectFloats(node, in, 1, 3));
    return inferRows(node, in);
}

/// x, gamma, beta, the steps of the values by channel, and the step of the result.
InferResult inferIntegerLayerNorm(const graph::Node& node, Infos in)
{
    QS_CHECK(expectFloats(node, in, 5, 5));
    if (!given(node, in, 3) || !given(node, in, 4) || in[4].shape.elements() != 1)
        return mismatch("it needs the steps of its values and one of its result");
    return inferRows(node, in);
}

/// rows(x, y, how many, gamma, beta) over chunks of rows.
template <class Rows>
void computeRows(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out, ThreadPool* pool,
                 Rows rows)
{
    const Shape& shape = in[0].shape;
    const std::size_t axis = *resolveAxis(node.attributes.integer("axis", -1), shape.rank());
    const int64_t cols = shape.product(axis, shape.rank());
    const auto parameter = [&](std::size_t i) {
        return i < in.size() && in[i].present() ? in[i].as<float>() : nullptr;
    };
    if (cols == 0)
        return;
    parallelChunks(pool, shape.product(0, axis), std::max<int64_t>(1, 4096 / cols), [&](int64_t r0, int64_t r1) {
        rows(in[0].as<float>() + r0 * cols, out[0].as<float>() + r0 * cols, static_cast<std::size_t>(r1 - r0),
             static_cast<std::size_t>(cols), parameter(1), parameter(2));
    });
}

void computeLayerNorm(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                      std::span<std::byte>, ThreadPool* pool)
{
    const float epsilon = node.attributes.real("epsilon", 1e-5f);
    computeRows(node, in, out, pool,
                [&](const float* x, float* y, std::size_t rows, std::size_t cols, const float* gamma,
                    const float* beta) { kernels::layerNorm(rows, cols, x, gamma, beta, epsilon, y); });
}

void computeIntegerLayerNorm(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                             std::span<std::byte>, ThreadPool* pool)
{
    const auto* steps = in[3].as<float>();
    const float step = *in[4].as<float>();
    computeRows(node, in, out, pool,
                [&](const float* x, float* y, std::size_t rows, std::size_t cols, const float* gamma,
                    const float* beta) { kernels::integerLayerNorm(rows, cols, x, gamma, beta, steps, step, y); });
}

InferResult inferSoftmax(const graph::Node& node, Infos in)
{
    QS_CHECK(expectFloats(node, in, 1, 1));
    QS_CHECK(resolveAxis(node.attributes.integer("axis", -1), in[0].shape.rank()));
    return oneOutput(DType::Float32, in[0].shape);
}

void computeSoftmax(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                    std::span<std::byte>, ThreadPool* pool)
{
    const Shape& shape = in[0].shape;
    const std::size_t axis = *resolveAxis(node.attributes.integer("axis", -1), shape.rank());
    const bool logarithm = node.op == "LogSoftmax";
    const int64_t size = shape[axis];
    const int64_t inner = shape.product(axis + 1, shape.rank());
    const float* src = in[0].as<float>();
    float* dst = out[0].as<float>();
    if (shape.elements() == 0)
        return;
    if (inner > 1) {
        parallelChunks(
            pool, shape.product(0, axis), std::max<int64_t>(1, 4096 / (size * inner)), [&](int64_t o0, int64_t o1) {
                for (int64_t at = o0 * size * inner; at < o1 * size * inner; at += size * inner)
                    kernels::softmaxColumns(static_cast<std::size_t>(size), static_cast<std::size_t>(inner), src + at,
                                            logarithm, dst + at);
            });
        return;
    }
    parallelChunks(pool, shape.elements() / size, std::max<int64_t>(1, 4096 / size), [&](int64_t r0, int64_t r1) {
        const auto rows = static_cast<std::size_t>(r1 - r0);
        if (logarithm)
            kernels::logSoftmax(rows, static_cast<std::size_t>(size), src + r0 * size, dst + r0 * size);
        else
            kernels::softmax(rows, static_cast<std::size_t>(size), src + r0 * size, 1, dst + r0 * size);
    });
}

InferResult inferChannelNorm(const graph::Node& node, Infos in)
{
    const bool batch = node.op == "BatchNormalization";
    QS_CHECK(expectFloats(node, in, batch ? 5 : 3, batch ? 5 : 3));
    if (in[0].shape.rank() < 2)
        return mismatch(node.op + " needs a channel dimension");
    if (batch && node.attributes.integer("training_mode", 0) != 0)
        return unsupported("BatchNormalization in training mode");
    QS_CHECK(expectVectors(node, in, in[0].shape[1]));
    if (node.op == "GroupNormalization") {
        const int64_t groups = node.attributes.integer("num_groups", 0);
        if (groups < 1 || in[0].shape[1] % groups != 0)
            return mismatch(std::to_string(in[0].shape[1]) + " channels in " + std::to_string(groups) + " groups");
    }
    return oneOutput(DType::Float32, in[0].shape);
}

void computeBatchNorm(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                      std::span<std::byte>, ThreadPool* pool)
{
    const float epsilon = node.attributes.real("epsilon", 1e-5f);
    const int64_t channels = in[0].shape[1];
    const int64_t plane = in[0].shape.product(2, in[0].shape.rank());
    parallelChunks(pool, in[0].shape[0] * channels, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, plane)),
                   [&](int64_t p0, int64_t p1) {
                       for (int64_t p = p0; p < p1; ++p) {
                           const int64_t c = p % channels;
                           const float scale = in[1].as<float>()[c] / std::sqrt(in[4].as<float>()[c] + epsilon);
                           const float shift = in[2].as<float>()[c] - in[3].as<float>()[c] * scale;
                           const float* src = in[0].as<float>() + p * plane;
                           float* dst = out[0].as<float>() + p * plane;
                           for (int64_t i = 0; i < plane; ++i)
                               dst[i] = src[i] * scale + shift;
                       }
                   });
}

/// Instance normalization is group normalization with one channel a group.
void computeGroupNorm(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                      std::span<std::byte>, ThreadPool* pool)
{
    const float epsilon = node.attributes.real("epsilon", 1e-5f);
    const int64_t channels = in[0].shape[1];
    const int64_t groups = node.op == "GroupNormalization" ? node.attributes.integer("num_groups", 1) : channels;
    const int64_t perGroup = channels / std::max<int64_t>(1, groups);
    const int64_t plane = in[0].shape.product(2, in[0].shape.rank());
    if (in[0].shape.elements() == 0)
        return;
    parallelChunks(pool, in[0].shape[0] * groups, 1, [&](int64_t g0, int64_t g1) {
        for (int64_t g = g0; g < g1; ++g) {
            const float* src = in[0].as<float>() + g * perGroup * plane;
            float* dst = out[0].as<float>() + g * perGroup * plane;
            if (perGroup == 1) {
                kernels::normalizeRow(static_cast<std::size_t>(plane), src, in[1].as<float>()[g % groups],
                                      in[2].as<float>()[g % groups], epsilon, dst);
                continue;
            }
            kernels::normalizeRow(static_cast<std::size_t>(perGroup * plane), src, 1, 0, epsilon, dst);
            for (int64_t c = 0; c < perGroup; ++c) {
                const int64_t channel = g % groups * perGroup + c;
                const float scale = in[1].as<float>()[channel];
                const float shift = in[2].as<float>()[channel];
                for (int64_t i = c * plane; i < (c + 1) * plane; ++i)
                    dst[i] = dst[i] * scale + shift;
            }
        }
    });
}

} // namespace

std::span<const OpDef> normalisationOps()
{
    static constexpr OpDef ops[] = {
        {.name = "BatchNormalization", .infer = inferChannelNorm, .compute = computeBatchNorm, .beforeWrite = 1},
        {.name = "GroupNormalization", .infer = inferChannelNorm, .compute = computeGroupNorm},
        {.name = "InstanceNormalization", .infer = inferChannelNorm, .compute = computeGroupNorm},
        {.name = "IntegerLayerNormalization",
         .infer = inferIntegerLayerNorm,
         .compute = computeIntegerLayerNorm,
         .beforeWrite = 1},
        {.name = "LayerNormalization", .infer = inferLayerNorm, .compute = computeLayerNorm, .beforeWrite = 1},
        {.name = "LogSoftmax", .infer = inferSoftmax, .compute = computeSoftmax, .beforeWrite = 1},
        {.name = "Softmax", .infer = inferSoftmax, .compute = computeSoftmax, .beforeWrite = 1},
    };
    return ops;
}

} // namespace qs::exec
