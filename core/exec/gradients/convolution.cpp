#include "core/exec/ops/convolution.h"
#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"

#include <algorithm>

namespace qs::exec {

namespace {

/// dst[inputs under tap (ky, kx)] += weight * src[outputs]; src one plane of outputs, dst one of inputs.
void scatterTap(const Window& w, int64_t ky, int64_t kx, float weight, const float* src, float* dst)
{
    const int64_t up = ky * w.dilation[0] - w.before[0];
    const int64_t left = kx * w.dilation[1] - w.before[1];
    const int64_t stride = w.stride[1];
    // Output columns whose input lies inside.
    const int64_t first = left >= 0 ? 0 : (-left + stride - 1) / stride;
    const int64_t last = std::min(w.out[1], (w.size[1] - left + stride - 1) / stride);
    for (int64_t oy = 0; oy < w.out[0]; ++oy) {
        const int64_t y = oy * w.stride[0] + up;
        if (y < 0 || y >= w.size[0])
            continue;
        float* to = dst + y * w.size[1] + left;
        const float* from = src + oy * w.out[1];
        if (stride == 1)
            for (int64_t ox = first; ox < last; ++ox)
                to[ox] += weight * from[ox];
        else
            for (int64_t ox = first; ox < last; ++ox)
                to[ox * stride] += weight * from[ox];
    }
}

void depthwiseBackward(const ConvPlan& plan, const BackwardCall& call, float* dx)
{
    const Window& w = plan.window;
    const int64_t taps = w.kernel[0] * w.kernel[1];
    const float* weights = call.inputs[1].floats().data();
    parallelChunks(call.pool, plan.batch * plan.channels, 4, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p)
            for (int64_t t = 0; t < taps; ++t)
                scatterTap(w, t / w.kernel[1], t % w.kernel[1], weights[p % plan.channels * taps + t],
                           call.seed() + p * w.outPlane(), dx + p * w.plane());
    });
}

/// patches' gradient [patchSize, outputs of a plane] = W^T dy, then back to where im2col took them from.
void convBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const ConvPlan plan = *planConv(call.node, call.in[0].shape, call.in[1].shape);
    const Window& w = plan.window;
    gradients[0] = zeros(call.in[0].shape);
    float* dx = gradients[0].mutableData<float>().data();
    if (plan.depthwise())
        return depthwiseBackward(plan, call, dx);
    const int64_t perGroup = plan.outputs / plan.group;
    const int64_t patch = plan.patchSize();
    const int64_t taps = w.kernel[0] * w.kernel[1];
    std::vector<float> patches(plan.pointwise() ? 0 : static_cast<std::size_t>(patch * w.outPlane()));
    for (int64_t i = 0; i < plan.batch * plan.group; ++i) {
        const MatrixView weights{call.inputs[1].floats().data() + i % plan.group * perGroup * patch, patch, perGroup,
                                 1, patch};
        const MatrixView dy{call.seed() + i * perGroup * w.outPlane(), perGroup, w.outPlane(), w.outPlane(), 1};
        float* to = dx + i * plan.channelsPerGroup() * w.plane();
        multiply(weights, dy, plan.pointwise() ? to : patches.data(), false, call.pool);
        if (plan.pointwise())
            continue;
        parallelChunks(call.pool, plan.channelsPerGroup(), 4, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin * taps; row < end * taps; ++row)
                scatterTap(w, row % taps / w.kernel[1], row % w.kernel[1], 1, patches.data() + row * w.outPlane(),
                           to + row / taps * w.plane());
        });
    }
}

/// The adjoint of a transposed convolution is the convolution with the same weights.
void transposedBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    graph::Node conv = derivedNode("Conv", call.node.attributes, 2);
    conv.attributes.erase("output_padding");
    gradients[0] = computeNode(conv, std::vector<Tensor>{call.seeds[0], call.inputs[1]}, call.pool);
}

} // namespace

std::span<const BackwardDef> convolutionGradients()
{
    static constexpr uint32_t kData = 1; // weights are constants in the networks that we read
    static constexpr BackwardDef all[] = {
        {.op = "Conv", .keeps = Keeps::Inputs, .backward = convBackward, .inputs = kData},
        {.op = "ConvTranspose", .keeps = Keeps::Inputs, .backward = transposedBackward, .inputs = kData},
    };
    return all;
}

} // namespace qs::exec
