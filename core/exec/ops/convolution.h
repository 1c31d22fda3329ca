#pragma once

#include "core/exec/ops/window.h"

namespace qs::exec {

/// A Conv node read: x [batch, channels, ...], weights [outputs, channels / group, ...].
struct ConvPlan {
    int64_t batch = 1, channels = 1, outputs = 1, group = 1;
    Window window;

    int64_t channelsPerGroup() const { return channels / group; }
    int64_t patchSize() const { return channelsPerGroup() * window.kernel[0] * window.kernel[1]; }
    bool depthwise() const { return group == channels && outputs == channels; }
    bool pointwise() const
    {
        return window.kernel[0] == 1 && window.kernel[1] == 1 && window.stride[0] == 1 && window.stride[1] == 1 &&
               window.before[0] + window.before[1] + window.after[0] + window.after[1] == 0;
    }
};
/// The node's shapes have been checked by infer, except the window. Errors: those of planWindow.
Result<ConvPlan> planConv(const graph::Node& node, const Shape& x, const Shape& weight);

} // namespace qs::exec
