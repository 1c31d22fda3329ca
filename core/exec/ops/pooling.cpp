#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"
#include "core/exec/ops/window.h"

#include <algorithm>
#include <limits>

namespace qs::exec {

namespace {

InferResult inferPool(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    const auto kernel = node.attributes.integers("kernel_shape");
    if (node.outputs.size() > 1)
        return unsupported(node.op + " with an output of indices");
    QS_ASSIGN(const Window window, planWindow(node, in[0].shape, kernel));
    std::vector<int64_t> dims{in[0].shape[0], in[0].shape[1]};
    for (std::size_t i = 0; i < window.spatial; ++i)
        dims.push_back(window.out[i + 2 - window.spatial]);
    return oneOutput(DType::Float32, dims);
}

void computePool(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                 std::span<std::byte>, ThreadPool* pool)
{
    const Window w = *planWindow(node, in[0].shape, node.attributes.integers("kernel_shape"));
    const bool most = node.op == "MaxPool";
    const bool countPads = node.attributes.integer("count_include_pad", 0) != 0;
    parallelChunks(pool, in[0].shape[0] * in[0].shape[1], 1, [&](int64_t p0, int64_t p1) {
        for (int64_t p = p0; p < p1; ++p) {
            const float* src = in[0].as<float>() + p * w.plane();
            float* dst = out[0].as<float>() + p * w.outPlane();
            for (int64_t i = 0; i < w.outPlane(); ++i) {
                const int64_t y0 = i / w.out[1] * w.stride[0] - w.before[0];
                const int64_t x0 = i % w.out[1] * w.stride[1] - w.before[1];
                double sum = 0;
                float best = -std::numeric_limits<float>::infinity();
                int64_t inside = 0;
                int64_t padded = 0;
                for (int64_t ky = 0; ky < w.kernel[0]; ++ky)
                    for (int64_t kx = 0; kx < w.kernel[1]; ++kx) {
                        const int64_t y = y0 + ky * w.dilation[0];
                        const int64_t x = x0 + kx * w.dilation[1];
                        padded += y < w.size[0] + w.after[0] && x < w.size[1] + w.after[1];
                        if (y < 0 || y >= w.size[0] || x < 0 || x >= w.size[1])
                            continue;
                        const float v = src[y * w.size[1] + x];
                        best = v > best || v != v ? v : best;
                        sum += v;
                        ++inside;
                    }
                const int64_t count = countPads ? padded : inside;
                dst[i] = most ? best : static_cast<float>(sum / static_cast<double>(std::max<int64_t>(1, count)));
            }
        }
    });
}

InferResult inferGlobal(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    if (in[0].shape.rank() < 3)
        return mismatch(node.op + " needs spatial axes");
    Shape shape = in[0].shape;
    for (std::size_t i = 2; i < shape.rank(); ++i)
        shape[i] = 1;
    return oneOutput(DType::Float32, shape);
}

void computeGlobal(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool* pool)
{
    const int64_t plane = in[0].shape.product(2, in[0].shape.rank());
    const bool most = node.op == "GlobalMaxPool";
    parallelChunks(pool, out[0].shape.elements(), std::max<int64_t>(1, 16384 / std::max<int64_t>(1, plane)),
                   [&](int64_t p0, int64_t p1) {
                       for (int64_t p = p0; p < p1; ++p) {
                           const float* src = in[0].as<float>() + p * plane;
                           double sum = 0;
                           float best = -std::numeric_limits<float>::infinity();
                           for (int64_t i = 0; i < plane; ++i) {
                               sum += src[i];
                               best = src[i] > best || src[i] != src[i] ? src[i] : best;
                           }
                           out[0].as<float>()[p] =
                               most ? best
                                    : static_cast<float>(sum / static_cast<double>(std::max<int64_t>(1, plane)));
                       }
                   });
}

} // namespace

std::span<const OpDef> poolingOps()
{
    static constexpr OpDef ops[] = {
        {.name = "AveragePool", .infer = inferPool, .compute = computePool},
        {.name = "GlobalAveragePool", .infer = inferGlobal, .compute = computeGlobal},
        {.name = "GlobalMaxPool", .infer = inferGlobal, .compute = computeGlobal},
        {.name = "MaxPool", .infer = inferPool, .compute = computePool},
    };
    return ops;
}

} // namespace qs::exec
