#include "core/exec/ops/convolution.h"

#include "core/exec/ops/list.h"
#include "core/exec/ops/product.h"
#include "core/exec/ops/support.h"
#include "core/exec/ops/transposed.h"
#include "core/kernels/gemm.h"

#include <algorithm>

namespace qs::exec {

namespace {

Result<void> checkConv(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 2, 3));
    for (std::size_t i = 0; i < in.size(); ++i)
        if (given(node, in, i))
            QS_CHECK(expectType(in, i, DType::Float32));
    if (in[0].shape.rank() < 3 || in[1].shape.rank() != in[0].shape.rank())
        return mismatch("input " + in[0].shape.text() + " does not fit weights " + in[1].shape.text());
    if (const auto kernel = node.attributes.integers("kernel_shape"); !kernel.empty())
        if (!std::equal(kernel.begin(), kernel.end(), in[1].shape.begin() + 2, in[1].shape.end()))
            return mismatch("kernel_shape differs from weights " + in[1].shape.text());
    const int64_t group = node.attributes.integer("group", 1);
    const int64_t split = node.op == "Conv" ? in[1].shape[0] : in[0].shape[1];
    if (group < 1 || in[0].shape[1] == 0 || in[1].shape[0] == 0 || in[1].shape[1] == 0 || split % group != 0)
        return mismatch("weights " + in[1].shape.text() + " in " + std::to_string(group) + " groups");
    const int64_t expected = node.op == "Conv" ? in[1].shape[1] * group : in[1].shape[0];
    if (in[0].shape[1] != expected)
        return mismatch("input " + in[0].shape.text() + " does not fit weights " + in[1].shape.text() + " in " +
                        std::to_string(group) + " groups");
    const int64_t outputs = node.op == "Conv" ? in[1].shape[0] : in[1].shape[1] * group;
    if (given(node, in, 2) && !(in[2].shape == Shape{outputs}))
        return mismatch("bias " + in[2].shape.text() + " does not fit weights " + in[1].shape.text());
    return {};
}

InferResult inferConv(const graph::Node& node, Infos in)
{
    QS_CHECK(checkConv(node, in));
    QS_ASSIGN(const ConvPlan plan, planConv(node, in[0].shape, in[1].shape));
    const auto patches = plan.patchSize() * plan.window.outPlane();
    if (plan.window.outPlane() > kMaxElements || patches > kMaxElements)
        return fail(ErrorCode::TooLarge, "a convolution of more than 2^31 products a channel");
    std::vector<int64_t> dims{plan.batch, plan.outputs};
    for (std::size_t i = 0; i < plan.window.spatial; ++i)
        dims.push_back(plan.window.out[i + 2 - plan.window.spatial]);
    return oneOutput(DType::Float32, dims);
}

std::size_t scratchConv(const graph::Node& node, Infos in, int)
{
    const ConvPlan plan = *planConv(node, in[0].shape, in[1].shape);
    if (plan.depthwise())
        return 0;
    const auto k = static_cast<std::size_t>(plan.patchSize());
    const auto p = static_cast<std::size_t>(plan.window.outPlane());
    return (k * p + kernels::packedSize(k, p)) * sizeof(float) + 128;
}

void computeConv(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                 std::span<std::byte> scratch, ThreadPool* pool)
{
    const ConvPlan plan = *planConv(node, in[0].shape, in[1].shape);
    const auto window = plan.window.kernelWindow();
    const float* bias = in.size() > 2 && in[2].present() ? in[2].as<float>() : nullptr;
    const int64_t plane = plan.window.outPlane();
    if (plan.depthwise()) {
        parallelChunks(pool, plan.batch * plan.channels, 1, [&](int64_t first, int64_t last) {
            for (int64_t i = first; i < last; ++i) {
                const auto c = static_cast<std::size_t>(i % plan.channels);
                const int64_t b = i / plan.channels;
                kernels::depthwiseConv(window, c, c + 1, in[0].as<float>() + b * plan.channels * plan.window.plane(),
                                       in[1].as<float>(), bias, kernels::Activation::None,
                                       out[0].as<float>() + b * plan.channels * plane);
            }
        });
        return;
    }
    const auto k = static_cast<std::size_t>(plan.patchSize());
    const auto p = static_cast<std::size_t>(plane);
    auto* patches = reinterpret_cast<float*>(alignScratch(scratch));
    float* packed = patches + (k * p + 15) / 16 * 16;
    const int64_t perGroup = plan.outputs / plan.group;
    const Window& w = plan.window;
    const bool isPointwise = w.kernel[0] * w.kernel[1] == 1 && w.stride[0] * w.stride[1] == 1 && w.plane() == plane;
    for (int64_t b = 0; b < plan.batch; ++b)
        for (int64_t g = 0; g < plan.group; ++g) {
            const int64_t firstChannel = b * plan.channels + g * plan.channelsPerGroup();
            const float* src = in[0].as<float>() + firstChannel * plan.window.plane();
            if (!isPointwise)
                kernels::im2col(window, static_cast<std::size_t>(plan.channelsPerGroup()), src, 0, window.outHeight(),
                                patches, k);
            const auto view = isPointwise ? kernels::packMatrixInto(packed, src, k, p, p, 1)
                                          : kernels::packMatrixInto(packed, patches, k, p, 1, k);
            float* dst = out[0].as<float>() + (b * plan.outputs + g * perGroup) * plane;
            kernels::gemmParallel(pool, in[1].as<float>() + g * perGroup * plan.patchSize(), k,
                                  static_cast<std::size_t>(perGroup), view, dst, p);
            for (int64_t o = 0; bias && o < perGroup; ++o)
                for (int64_t i = 0; i < plane; ++i)
                    dst[o * plane + i] += bias[g * perGroup + o];
        }
}

InferResult inferTransposed(const graph::Node& node, Infos in)
{
    QS_CHECK(checkConv(node, in));
    QS_ASSIGN(const TransposedPlan plan, planTransposed(node, in[0].shape, in[1].shape));
    std::vector<int64_t> dims{plan.batch, plan.outputs};
    for (std::size_t i = 0; i < plan.window.spatial; ++i)
        dims.push_back(plan.window.out[i + 2 - plan.window.spatial]);
    const int64_t rows = plan.outputs * plan.taps();
    if (rows > kMaxElements || plan.window.plane() > kMaxElements / std::max<int64_t>(1, plan.taps()))
        return fail(ErrorCode::TooLarge, "a transposed convolution of more than 2^31 products a channel");
    return oneOutput(DType::Float32, dims);
}

/// The transposed weights, then what transposedConv needs for one worker.
std::size_t scratchTransposed(const graph::Node& node, Infos in, int)
{
    const TransposedPlan plan = *planTransposed(node, in[0].shape, in[1].shape);
    return static_cast<std::size_t>(in[1].shape.elements()) * sizeof(float) + 128 + plan.sharedBytes() +
           plan.workerBytes();
}

void computeTransposed(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                       std::span<std::byte> scratch, ThreadPool*)
{
    const TransposedPlan plan = *planTransposed(node, in[0].shape, in[1].shape);
    auto* taps = reinterpret_cast<float*>(alignScratch(scratch));
    const auto bytes = (static_cast<std::size_t>(in[1].shape.elements()) * sizeof(float) + 63) / 64 * 64;
    transposeTaps(plan, in[1].as<float>(), taps);
    transposedConv(plan, in[0].as<float>(), taps, in.size() > 2 && in[2].present() ? in[2].as<float>() : nullptr,
                   kernels::Activation::None, out[0].as<float>(), reinterpret_cast<std::byte*>(taps) + bytes,
                   nullptr);
}

} // namespace

Result<ConvPlan> planConv(const graph::Node& node, const Shape& x, const Shape& weight)
{
    ConvPlan plan;
    plan.batch = x[0];
    plan.channels = x[1];
    plan.outputs = weight[0];
    plan.group = node.attributes.integer("group", 1);
    QS_ASSIGN(plan.window, planWindow(node, x, weight.dims().subspan(2)));
    return plan;
}

std::span<const OpDef> convolutionOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Conv", .infer = inferConv, .compute = computeConv, .scratchBytes = scratchConv},
        {.name = "ConvTranspose",
         .infer = inferTransposed,
         .compute = computeTransposed,
         .scratchBytes = scratchTransposed},
    };
    return ops;
}

} // namespace qs::exec
