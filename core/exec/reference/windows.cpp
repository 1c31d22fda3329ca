#include "core/exec/reference/reference.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace qs::exec::reference {

namespace {

using graph::Node;

/// Sizes along one or two spatial axes; one axis is a plane of height 1.
struct Plane {
    int64_t size[2] = {1, 1}, out[2] = {1, 1}, kernel[2] = {1, 1};
    int64_t stride[2] = {1, 1}, dilation[2] = {1, 1}, before[2] = {0, 0}, after[2] = {0, 0};
};

Plane planeOf(const Node& node, const Shape& in, const Shape& out, std::span<const int64_t> kernel)
{
    Plane p;
    const std::size_t n = in.rank() - 2;
    const auto read = [&](std::string_view name, int64_t* to, std::size_t offset) {
        const auto list = node.attributes.integers(name);
        for (std::size_t i = 0; i < n && offset + i < list.size(); ++i)
            to[2 - n + i] = list[offset + i];
    };
    for (std::size_t i = 0; i < n; ++i) {
        p.size[2 - n + i] = in[2 + i];
        p.out[2 - n + i] = out[2 + i];
        p.kernel[2 - n + i] = kernel[i];
    }
    read("strides", p.stride, 0);
    read("dilations", p.dilation, 0);
    read("pads", p.before, 0);
    read("pads", p.after, n);
    return p;
}

/// Calls body(iy, ix, ky, kx) for the elements of the window at output (y, x) that lie inside the plane.
template <class Body>
void forWindow(const Plane& p, int64_t y, int64_t x, Body&& body)
{
    for (int64_t ky = 0; ky < p.kernel[0]; ++ky)
        for (int64_t kx = 0; kx < p.kernel[1]; ++kx) {
            const int64_t iy = y * p.stride[0] - p.before[0] + ky * p.dilation[0];
            const int64_t ix = x * p.stride[1] - p.before[1] + kx * p.dilation[1];
            if (iy >= 0 && iy < p.size[0] && ix >= 0 && ix < p.size[1])
                body(iy, ix, ky, kx);
        }
}

void computeConv(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape &xs = in[0].shape(), &ws = in[1].shape(), &ys = out[0].shape();
    const Plane p = planeOf(node, xs, ys, ws.dims().subspan(2));
    const int64_t group = node.attributes.integer("group", 1);
    const int64_t perGroup = ws[1], outputs = ws[0];
    const int64_t plane = p.size[0] * p.size[1], window = p.kernel[0] * p.kernel[1];
    float* dst = out[0].mutableData<float>().data();
    for (int64_t b = 0; b < xs[0]; ++b)
        for (int64_t o = 0; o < outputs; ++o) {
            const float* src = in[0].floats().data() + (b * xs[1] + o / (outputs / group) * perGroup) * plane;
            const float* weights = in[1].floats().data() + o * perGroup * window;
            for (int64_t y = 0; y < p.out[0]; ++y)
                for (int64_t x = 0; x < p.out[1]; ++x) {
                    double sum = in.size() > 2 && !in[2].empty() ? in[2].floats()[static_cast<std::size_t>(o)] : 0.0;
                    forWindow(p, y, x, [&](int64_t iy, int64_t ix, int64_t ky, int64_t kx) {
                        for (int64_t c = 0; c < perGroup; ++c)
                            sum += static_cast<double>(src[c * plane + iy * p.size[1] + ix]) *
                                   weights[c * window + ky * p.kernel[1] + kx];
                    });
                    *dst++ = static_cast<float>(sum);
                }
        }
}

/// Every input element is added, times the kernel, at its places in the output; weights [channels, outputs/group,
/// ...].
void computeConvTranspose(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape &xs = in[0].shape(), &ws = in[1].shape(), &ys = out[0].shape();
    const Plane p = planeOf(node, xs, ys, ws.dims().subspan(2));
    const int64_t group = node.attributes.integer("group", 1);
    const int64_t perGroup = ws[1], channels = xs[1], outputs = ys[1];
    const int64_t outPlane = p.out[0] * p.out[1];
    std::vector<double> sums(static_cast<std::size_t>(outPlane));
    for (int64_t b = 0; b < xs[0]; ++b)
        for (int64_t o = 0; o < outputs; ++o) {
            const int64_t g = o / perGroup;
            std::ranges::fill(sums,
                              in.size() > 2 && !in[2].empty() ? in[2].floats()[static_cast<std::size_t>(o)] : 0.0);
            for (int64_t c = g * (channels / group); c < (g + 1) * (channels / group); ++c)
                for (int64_t y = 0; y < p.size[0]; ++y)
                    for (int64_t x = 0; x < p.size[1]; ++x) {
                        const double v = in[0].floats()[static_cast<std::size_t>(
                            ((b * channels + c) * p.size[0] + y) * p.size[1] + x)];
                        for (int64_t ky = 0; ky < p.kernel[0]; ++ky)
                            for (int64_t kx = 0; kx < p.kernel[1]; ++kx) {
                                const int64_t oy = y * p.stride[0] - p.before[0] + ky * p.dilation[0];
                                const int64_t ox = x * p.stride[1] - p.before[1] + kx * p.dilation[1];
                                if (oy >= 0 && oy < p.out[0] && ox >= 0 && ox < p.out[1])
                                    sums[static_cast<std::size_t>(oy * p.out[1] + ox)] +=
                                        v *
                                        in[1].floats()[static_cast<std::size_t>(
                                            ((c * perGroup + o % perGroup) * p.kernel[0] + ky) * p.kernel[1] + kx)];
                            }
                    }
            std::ranges::transform(sums, out[0].mutableData<float>().begin() + (b * outputs + o) * outPlane,
                                   [](double v) { return static_cast<float>(v); });
        }
}

void computePool(const Node& node, std::span<const Tensor> in, std::span<Tensor> out)
{
    const Shape &xs = in[0].shape(), &ys = out[0].shape();
    const auto kernel = node.attributes.integers("kernel_shape");
    const Plane p = planeOf(node, xs, ys, kernel);
    const bool countPads = node.attributes.integer("count_include_pad", 0) != 0;
    float* dst = out[0].mutableData<float>().data();
    for (int64_t c = 0; c < xs[0] * xs[1]; ++c) {
        const float* src = in[0].floats().data() + c * p.size[0] * p.size[1];
        for (int64_t y = 0; y < p.out[0]; ++y)
            for (int64_t x = 0; x < p.out[1]; ++x) {
                double sum = 0, most = -INFINITY;
                int64_t count = 0;
                forWindow(p, y, x, [&](int64_t iy, int64_t ix, int64_t, int64_t) {
                    const double v = src[iy * p.size[1] + ix];
                    sum += v;
                    most = std::isnan(v) ? v : std::max(most, v);
                    ++count;
                });
                if (countPads) { // the window's part of the padded plane
                    const auto part = [&](int a, int64_t at) {
                        int64_t inside = 0;
                        for (int64_t k = 0; k < p.kernel[a]; ++k)
                            inside += at * p.stride[a] - p.before[a] + k * p.dilation[a] < p.size[a] + p.after[a];
                        return inside;
                    };
                    count = part(0, y) * part(1, x);
                }
                *dst++ = static_cast<float>(
                    node.op == "MaxPool" ? most : sum / static_cast<double>(std::max<int64_t>(1, count)));
            }
    }
}

} // namespace

Compute windows(std::string_view op)
{
    if (op == "Conv")
        return computeConv;
    if (op == "ConvTranspose")
        return computeConvTranspose;
    return op == "AveragePool" || op == "MaxPool" ? computePool : nullptr;
}

} // namespace qs::exec::reference
