#include "core/exec/ops/window.h"

#include "core/exec/ops/support.h"

#include <algorithm>

namespace qs::exec {

kernels::ConvWindow Window::kernelWindow() const
{
    kernels::ConvWindow w;
    const auto u = [](int64_t v) { return static_cast<std::size_t>(v); };
    w.height = u(size[0]);
    w.width = u(size[1]);
    w.kernelHeight = u(kernel[0]);
    w.kernelWidth = u(kernel[1]);
    w.strideHeight = u(stride[0]);
    w.strideWidth = u(stride[1]);
    w.dilationHeight = u(dilation[0]);
    w.dilationWidth = u(dilation[1]);
    w.padTop = u(before[0]);
    w.padLeft = u(before[1]);
    w.padBottom = u(after[0]);
    w.padRight = u(after[1]);
    return w;
}

Result<Window> planWindow(const graph::Node& node, const Shape& input, std::span<const int64_t> kernel)
{
    Window w;
    w.spatial = kernel.size();
    if (w.spatial < 1 || w.spatial > 2)
        return unsupported(node.op + " over " + std::to_string(w.spatial) + " spatial axes");
    if (input.rank() != w.spatial + 2)
        return mismatch("input " + input.text() + " does not have " + std::to_string(w.spatial) + " spatial axes");
    const auto strides = node.attributes.integers("strides");
    const auto dilations = node.attributes.integers("dilations");
    const auto pads = integersOf(node, "pads").value_or(std::vector<int64_t>{});
    const auto fits = [&](const std::vector<int64_t>& v, std::size_t n) { return v.empty() || v.size() == n; };
    if (!fits(strides, w.spatial) || !fits(dilations, w.spatial) || !fits(pads, 2 * w.spatial))
        return mismatch("strides, dilations or pads do not fit " + std::to_string(w.spatial) + " spatial axes");
    const std::string autoPad = node.attributes.text("auto_pad", "NOTSET");
    if (autoPad != "NOTSET" && autoPad != "VALID" && autoPad != "SAME_UPPER" && autoPad != "SAME_LOWER")
        return unsupported("auto_pad \"" + autoPad + "\"");
    const bool ceilMode = node.attributes.integer("ceil_mode", 0) != 0;
    for (std::size_t i = 0; i < w.spatial; ++i) {
        const std::size_t d = i + 2 - w.spatial;
        w.size[d] = input[i + 2];
        w.kernel[d] = kernel[i];
        w.stride[d] = strides.empty() ? 1 : strides[i];
        w.dilation[d] = dilations.empty() ? 1 : dilations[i];
        constexpr int64_t kMost = 1 << 20;
        if (w.kernel[d] < 1 || w.stride[d] < 1 || w.dilation[d] < 1 || w.kernel[d] > kMost || w.stride[d] > kMost ||
            w.dilation[d] > kMost)
            return mismatch("a kernel size, stride or dilation is not positive or absurdly large");
        const int64_t reach = w.dilation[d] * (w.kernel[d] - 1) + 1;
        if (autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER") {
            const int64_t outSize = (w.size[d] + w.stride[d] - 1) / w.stride[d];
            const int64_t total = std::max<int64_t>(0, (outSize - 1) * w.stride[d] + reach - w.size[d]);
            w.before[d] = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
            w.after[d] = total - w.before[d];
        } else if (autoPad == "NOTSET" && !pads.empty()) {
            w.before[d] = pads[i];
            w.after[d] = pads[i + w.spatial];
            if (pads[i] < 0 || pads[i + w.spatial] < 0 || pads[i] > kMost || pads[i + w.spatial] > kMost)
                return mismatch("a pad is negative or absurdly large");
        }
        const int64_t free = w.size[d] + w.before[d] + w.after[d] - reach;
        if (free < 0 && ceilMode && free > -w.stride[d]) {
            w.out[d] = 1; // the only window, cut off by the padded input
            continue;
        }
        if (free < 0)
            return mismatch("the window is larger than the padded input " + input.text());
        w.out[d] = free / w.stride[d] + 1;
        if (ceilMode && free % w.stride[d] != 0 && w.out[d] * w.stride[d] < w.size[d] + w.before[d])
            ++w.out[d]; // a last window that starts inside the input or the left padding
    }
    return w;
}

} // namespace qs::exec
