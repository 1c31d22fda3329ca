#pragma once

#include "core/exec/ops/window.h"

namespace qs::exec {

/// A ConvTranspose node read: x [batch, channels, ...], weights [channels, outputs / group, ...]. The window maps the
/// output back to the input: input (y, x) and tap (ky, kx) meet at output (y stride - before + ky dilation, ...).
struct TransposedPlan {
    int64_t batch = 1, channels = 1, outputs = 1, group = 1;
    Window window;

    int64_t channelsPerGroup() const { return channels / group; }
    int64_t outputsPerGroup() const { return outputs / group; }
    int64_t taps() const { return window.kernel[0] * window.kernel[1]; }
    /// Few channels a group: their products are added tap by tap, a matrix product would have nothing to sum.
    bool direct() const { return channelsPerGroup() < 8; }

    /// Scratch memory of transposedConv: of the whole, and of one worker. Multiples of 64.
    std::size_t sharedBytes() const;
    std::size_t workerBytes() const;
    /// Output channels that a worker computes at once.
    int64_t outputsAtOnce() const;
};

/// Errors: ShapeMismatch, Unsupported (auto_pad, output_shape, more than two spatial axes).
Result<TransposedPlan> planTransposed(const graph::Node& node, const Shape& x, const Shape& weight);

/// dst[outputs * taps, channels / group] = weights [channels, outputs / group, taps], transposed in each group: what
/// transposedConv multiplies with.
void transposeTaps(const TransposedPlan& plan, const float* weight, float* dst);

/// A transposed convolution as a matrix product: for each group, columns [outputs * taps, plane] = taps x src, and
///   dst[o, y stride - before + ky dilation, x ...] = activation(bias[o] + sum over (ky, kx) of columns)
/// src [batch, channels, plane], taps from transposeTaps, bias [outputs] or null, dst [batch, outputs, outPlane].
/// scratch: 64-byte aligned, sharedBytes + threads * workerBytes. Products are summed over the channels first, then
/// over the taps in order, whatever the threads. Source: ONNX ConvTranspose, opset 11.
void transposedConv(const TransposedPlan& plan, const float* src, const float* taps, const float* bias,
                    kernels::Activation activation, float* dst, std::byte* scratch, ThreadPool* pool);

} // namespace qs::exec
