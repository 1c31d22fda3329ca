#pragma once

#include "core/exec/op.h"
#include "core/kernels/conv.h"

#include <cstdint>

namespace qs::exec {

/// A convolution or pooling window over one or two spatial axes; one axis is a plane of height 1.
struct Window {
    std::size_t spatial = 2; ///< axes the operator really has
    int64_t size[2] = {1, 1};
    int64_t kernel[2] = {1, 1};
    int64_t stride[2] = {1, 1};
    int64_t dilation[2] = {1, 1};
    int64_t before[2] = {0, 0};
    int64_t after[2] = {0, 0};
    int64_t out[2] = {1, 1};

    kernels::ConvWindow kernelWindow() const;
    int64_t plane() const { return size[0] * size[1]; }
    int64_t outPlane() const { return out[0] * out[1]; }
};

/// Reads strides, dilations, pads, auto_pad and ceil_mode for input [b, c, ...spatial] and these kernel sizes.
/// Errors: ShapeMismatch (a window larger than the padded input, a stride of 0, ...), Unsupported (three or more
/// axes).
Result<Window> planWindow(const graph::Node& node, const Shape& input, std::span<const int64_t> kernel);

} // namespace qs::exec
