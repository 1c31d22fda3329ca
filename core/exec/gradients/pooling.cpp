#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"
#include "core/exec/ops/window.h"

#include <algorithm>
#include <vector>

namespace qs::exec {

namespace {

/// AveragePool: to all inputs of the window alike. MaxPool: to the first largest one.
void poolBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.in[0].shape;
    const Window w = *planWindow(call.node, shape, call.node.attributes.integers("kernel_shape"));
    const bool most = call.node.op == "MaxPool";
    const bool countPads = call.node.attributes.integer("count_include_pad", 0) != 0;
    const float* x = most ? call.inputs[0].floats().data() : nullptr;
    gradients[0] = zeros(shape);
    float* dx = gradients[0].mutableData<float>().data();
    const float* dy = call.seed();
    parallelChunks(call.pool, shape[0] * shape[1], 1, [&](int64_t p0, int64_t p1) {
        std::vector<int64_t> inside;
        for (int64_t i = p0 * w.outPlane(); i < p1 * w.outPlane(); ++i) {
            const int64_t plane = i / w.outPlane() * w.plane();
            const int64_t o = i % w.outPlane();
            int64_t padded = 0;
            inside.clear();
            for (int64_t tap = 0; tap < w.kernel[0] * w.kernel[1]; ++tap) {
                const int64_t y = o / w.out[1] * w.stride[0] - w.before[0] + tap / w.kernel[1] * w.dilation[0];
                const int64_t xAt = o % w.out[1] * w.stride[1] - w.before[1] + tap % w.kernel[1] * w.dilation[1];
                padded += y < w.size[0] + w.after[0] && xAt < w.size[1] + w.after[1];
                if (y >= 0 && y < w.size[0] && xAt >= 0 && xAt < w.size[1])
                    inside.push_back(plane + y * w.size[1] + xAt);
            }
            if (inside.empty())
                continue;
            if (most) {
                dx[*std::ranges::max_element(inside, {}, [x](int64_t at) { return x[at]; })] += dy[i];
            } else {
                const float share =
                    dy[i] / static_cast<float>(countPads ? padded : static_cast<int64_t>(inside.size()));
                for (const int64_t at : inside)
                    dx[at] += share;
            }
        }
    });
}

/// GlobalMaxPool: to the first largest element.
void globalBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.in[0].shape;
    const int64_t plane = shape.product(2, shape.rank());
    gradients[0] = zeros(shape);
    float* dx = gradients[0].mutableData<float>().data();
    const float* dy = call.seed();
    for (int64_t p = 0; p < shape[0] * shape[1]; ++p) {
        float* to = dx + p * plane;
        if (call.node.op == "GlobalMaxPool") {
            const float* x = call.inputs[0].floats().data() + p * plane;
            to[std::max_element(x, x + plane) - x] = dy[p];
        } else {
            std::fill_n(to, plane, dy[p] / static_cast<float>(plane));
        }
    }
}

} // namespace

std::span<const BackwardDef> poolingGradients()
{
    static constexpr BackwardDef all[] = {
        {.op = "AveragePool", .backward = poolBackward},
        {.op = "GlobalAveragePool", .backward = globalBackward},
        {.op = "GlobalMaxPool", .keeps = Keeps::Inputs, .backward = globalBackward},
        {.op = "MaxPool", .keeps = Keeps::Inputs, .backward = poolBackward},
    };
    return all;
}

} // namespace qs::exec
