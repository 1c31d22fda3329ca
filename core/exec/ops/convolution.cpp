#include "core/exec/ops/convolution.h"

#include "core/exec/ops/list.h"
#include "core/exec/ops/product.h"
#include "core/exec/ops/support.h"
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

/// Sizes of a transposed convolution: a window that maps its output back to its input.
Result<Window> planTransposed(const graph::Node& node, const Shape& x, const Shape& w)
{
    const std::size_t spatial = x.rank() - 2;
    if (spatial > 2)
        return unsupported("ConvTranspose over " + std::to_string(spatial) + " spatial axes");
    if (node.attributes.text("auto_pad", "NOTSET") != "NOTSET" || node.attributes.has("output_shape"))
        return unsupported("ConvTranspose with auto_pad or output_shape");
    const auto extra = node.attributes.integers("output_padding");
    const auto strides = node.attributes.integers("strides");
    const auto dilations = node.attributes.integers("dilations");
    const auto pads = node.attributes.integers("pads");
    const auto fits = [](const std::vector<int64_t>& v, std::size_t n) {
        return (v.empty() || v.size() == n) &&
               std::all_of(v.begin(), v.end(), [](int64_t i) { return i >= 0 && i < (1 << 20); });
    };
    if (!fits(extra, spatial) || !fits(strides, spatial) || !fits(dilations, spatial) || !fits(pads, 2 * spatial))
        return mismatch("strides, dilations or pads do not fit");
    Window window;
    window.spatial = spatial;
    for (std::size_t i = 0; i < spatial; ++i) {
        const std::size_t d = i + 2 - spatial;
        window.size[d] = x[i + 2];
        window.kernel[d] = w[i + 2];
        window.stride[d] = strides.empty() ? 1 : strides[i];
        window.dilation[d] = dilations.empty() ? 1 : dilations[i];
        window.before[d] = pads.empty() ? 0 : pads[i];
        window.after[d] = pads.empty() ? 0 : pads[i + spatial];
        if (window.stride[d] < 1 || window.dilation[d] < 1 || window.kernel[d] < 1 || window.kernel[d] > (1 << 20))
            return mismatch("a kernel size, stride or dilation is not positive");
        window.out[d] = window.stride[d] * (window.size[d] - 1) + window.dilation[d] * (window.kernel[d] - 1) + 1 +
                        (extra.empty() ? 0 : extra[i]) - window.before[d] - window.after[d];
    }
    return window;
}

InferResult inferTransposed(const graph::Node& node, Infos in)
{
    QS_CHECK(checkConv(node, in));
    QS_ASSIGN(const Window window, planTransposed(node, in[0].shape, in[1].shape));
    std::vector<int64_t> dims{in[0].shape[0], in[1].shape[1] * node.attributes.integer("group", 1)};
    for (std::size_t i = 0; i < window.spatial; ++i)
        dims.push_back(window.out[i + 2 - window.spatial]);
    return oneOutput(DType::Float32, dims);
}

void computeTransposed(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                       std::span<std::byte>, ThreadPool*)
{
    const Window w = *planTransposed(node, in[0].shape, in[1].shape);
    const int64_t group = node.attributes.integer("group", 1);
    const int64_t inPer = in[0].shape[1] / group;
    const int64_t outPer = in[1].shape[1];
    const int64_t plane = w.outPlane();
    for (int64_t bg = 0; bg < in[0].shape[0] * group; ++bg)
        for (int64_t o = 0; o < outPer; ++o) {
            float* dst = out[0].as<float>() + (bg * outPer + o) * plane;
            const float bias = in.size() > 2 && in[2].present() ? in[2].as<float>()[bg % group * outPer + o] : 0;
            std::fill_n(dst, plane, bias);
            for (int64_t c = 0; c < inPer; ++c) {
                const float* src = in[0].as<float>() + (bg * inPer + c) * w.plane();
                const float* taps =
                    in[1].as<float>() + ((bg % group * inPer + c) * outPer + o) * w.kernel[0] * w.kernel[1];
                for (int64_t i = 0; i < w.plane() * w.kernel[0] * w.kernel[1]; ++i) {
                    const int64_t tap = i % (w.kernel[0] * w.kernel[1]);
                    const int64_t at = i / (w.kernel[0] * w.kernel[1]);
                    const int64_t y = at / w.size[1] * w.stride[0] - w.before[0] + tap / w.kernel[1] * w.dilation[0];
                    const int64_t x = at % w.size[1] * w.stride[1] - w.before[1] + tap % w.kernel[1] * w.dilation[1];
                    if (y >= 0 && y < w.out[0] && x >= 0 && x < w.out[1])
                        dst[y * w.out[1] + x] += src[at] * taps[tap];
                }
            }
        }
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
        {.name = "ConvTranspose", .infer = inferTransposed, .compute = computeTransposed},
    };
    return ops;
}

} // namespace qs::exec
