#include "core/exec/ops/transposed.h"

#include "core/exec/ops/support.h"
#include "core/kernels/elementwise.h"
#include "core/kernels/gemm.h"

#include <algorithm>

namespace qs::exec {

namespace {

// Columns of one worker stay in the second-level cache: about 1 MB.
constexpr int64_t kColumns = 1 << 18;

std::size_t u(int64_t v)
{
    return static_cast<std::size_t>(v);
}

std::size_t aligned(std::size_t floats)
{
    return (floats * sizeof(float) + 63) / 64 * 64;
}

/// Input positions of one axis whose product with tap k falls inside the output: [first, last), and where the first
/// one falls.
struct Reach {
    int64_t first, last, at;
};

Reach reachOf(const Window& w, int axis, int64_t k)
{
    const int64_t shift = k * w.dilation[axis] - w.before[axis];
    const int64_t s = w.stride[axis];
    const int64_t first = shift < 0 ? (-shift + s - 1) / s : 0;
    const int64_t room = w.out[axis] - shift; // positions p with p s < room
    const int64_t last = std::min(w.size[axis], room > 0 ? (room + s - 1) / s : 0);
    return {first, std::max(first, last), first * s + shift};
}

/// dst[at + i stride] += factor * src[i]
template <bool kScaled>
void addLine(const float* src, int64_t count, float factor, float* dst, int64_t stride)
{
    const auto term = [&](int64_t i) { return kScaled ? factor * src[i] : src[i]; };
    if (stride == 1)
        for (int64_t i = 0; i < count; ++i)
            dst[i] += term(i);
    else if (stride == 2)
        for (int64_t i = 0; i < count; ++i)
            dst[2 * i] += term(i);
    else
        for (int64_t i = 0; i < count; ++i)
            dst[i * stride] += term(i);
}

/// Adds factor times a plane of products with one tap to where they fall.
template <bool kScaled>
void addTap(const Window& w, int64_t tap, const float* src, float factor, float* dst)
{
    const Reach rows = reachOf(w, 0, tap / w.kernel[1]);
    const Reach columns = reachOf(w, 1, tap % w.kernel[1]);
    if (columns.first == columns.last)
        return;
    for (int64_t y = rows.first; y < rows.last; ++y)
        addLine<kScaled>(src + y * w.size[1] + columns.first, columns.last - columns.first, factor,
                         dst + (rows.at + (y - rows.first) * w.stride[0]) * w.out[1] + columns.at, w.stride[1]);
}

} // namespace

std::size_t TransposedPlan::sharedBytes() const
{
    return direct() ? 0 : aligned(kernels::packedSize(u(channelsPerGroup()), u(window.plane())));
}

std::size_t TransposedPlan::workerBytes() const
{
    return direct() ? 0 : aligned(u(outputsAtOnce() * taps() * window.plane()));
}

int64_t TransposedPlan::outputsAtOnce() const
{
    const int64_t each = std::max<int64_t>(1, taps() * window.plane());
    return std::clamp<int64_t>(kColumns / each, 1, std::max<int64_t>(1, outputsPerGroup()));
}

Result<TransposedPlan> planTransposed(const graph::Node& node, const Shape& x, const Shape& weight)
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
    TransposedPlan plan;
    plan.batch = x[0];
    plan.channels = x[1];
    plan.group = node.attributes.integer("group", 1);
    plan.outputs = weight[1] * plan.group;
    Window& window = plan.window;
    window.spatial = spatial;
    for (std::size_t i = 0; i < spatial; ++i) {
        const std::size_t d = i + 2 - spatial;
        window.size[d] = x[i + 2];
        window.kernel[d] = weight[i + 2];
        window.stride[d] = strides.empty() ? 1 : strides[i];
        window.dilation[d] = dilations.empty() ? 1 : dilations[i];
        window.before[d] = pads.empty() ? 0 : pads[i];
        window.after[d] = pads.empty() ? 0 : pads[i + spatial];
        if (window.stride[d] < 1 || window.dilation[d] < 1 || window.kernel[d] < 1 || window.kernel[d] > (1 << 20))
            return mismatch("a kernel size, stride or dilation is not positive");
        window.out[d] = window.stride[d] * (window.size[d] - 1) + window.dilation[d] * (window.kernel[d] - 1) + 1 +
                        (extra.empty() ? 0 : extra[i]) - window.before[d] - window.after[d];
    }
    return plan;
}

void transposeTaps(const TransposedPlan& plan, const float* weight, float* dst)
{
    const int64_t k = plan.channelsPerGroup();
    const int64_t rows = plan.outputsPerGroup() * plan.taps();
    for (int64_t g = 0; g < plan.group; ++g, weight += k * rows, dst += k * rows)
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t c = 0; c < k; ++c)
                dst[r * k + c] = weight[c * rows + r];
}

void transposedConv(const TransposedPlan& plan, const float* src, const float* taps, const float* bias,
                    kernels::Activation activation, float* dst, std::byte* scratch, ThreadPool* pool)
{
    const Window& w = plan.window;
    const int64_t k = plan.channelsPerGroup();
    const int64_t perGroup = plan.outputsPerGroup();
    const int64_t plane = w.plane();
    const int64_t outPlane = w.outPlane();
    const int64_t tapCount = plan.taps();
    const int64_t atOnce = plan.direct() ? 1 : plan.outputsAtOnce();
    const int64_t parts = (perGroup + atOnce - 1) / std::max<int64_t>(1, atOnce);
    if (plane <= 0 || outPlane <= 0)
        return;
    const std::size_t sharedBytes = plan.sharedBytes();
    const std::size_t workerBytes = plan.workerBytes();
    kernels::PackedView packed; // the input of one group, where there is a product
    const auto compute = [&](int64_t groupIndex, int64_t part, int worker) {
        const int64_t g = groupIndex % plan.group;
        const float* x = src + groupIndex * k * plane;
        const int64_t first = part * atOnce;
        const int64_t count = std::min(atOnce, perGroup - first);
        const float* rows = taps + (g * perGroup + first) * tapCount * k;
        auto* columns = reinterpret_cast<float*>(scratch + sharedBytes + u(worker) * workerBytes);
        if (!plan.direct())
            kernels::gemm(rows, u(k), u(count * tapCount), packed, columns, u(plane));
        for (int64_t o = 0; o < count; ++o) {
            float* to = dst + (groupIndex * perGroup + first + o) * outPlane;
            std::fill_n(to, outPlane, bias ? bias[g * perGroup + first + o] : 0.0f);
            for (int64_t t = 0; t < tapCount; ++t) {
                const int64_t row = o * tapCount + t;
                if (plan.direct())
                    for (int64_t c = 0; c < k; ++c)
                        addTap<true>(w, t, x + c * plane, rows[row * k + c], to);
                else
                    addTap<false>(w, t, columns + row * plane, 1, to);
            }
            if (activation != kernels::Activation::None)
                kernels::activate(activation, {to, u(outPlane)}, {to, u(outPlane)});
        }
    };
    const auto each = [&](int64_t count, auto body) {
        if (pool)
            pool->parallelFor(u(count), [&](std::size_t i, int worker) { body(static_cast<int64_t>(i), worker); });
        else
            for (int64_t i = 0; i < count; ++i)
                body(i, 0);
    };
    if (plan.direct()) {
        each(plan.batch * plan.group * parts, [&](int64_t i, int worker) { compute(i / parts, i % parts, worker); });
        return;
    }
    for (int64_t groupIndex = 0; groupIndex < plan.batch * plan.group; ++groupIndex) {
        packed = kernels::packMatrixInto(reinterpret_cast<float*>(scratch), src + groupIndex * k * plane, u(k),
                                         u(plane), u(plane), 1);
        each(parts, [&](int64_t i, int worker) { compute(groupIndex, i, worker); });
    }
}

} // namespace qs::exec
