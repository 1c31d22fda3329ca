#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <cmath>

namespace qs::exec {

namespace {

enum class Padding { Zeros, Border, Reflection };

/// x [n, c, h, w], grid [n, h', w', 2] of (x, y) in [-1, 1] -> [n, c, h', w']. mode: linear, nearest, cubic.
InferResult inferGridSample(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 2, 2));
    QS_CHECK(expectType(in, 0, DType::Float32));
    QS_CHECK(expectType(in, 1, DType::Float32));
    const std::string mode = node.attributes.text("mode", "linear");
    const std::string padding = node.attributes.text("padding_mode", "zeros");
    if (mode != "linear" && mode != "nearest" && mode != "cubic")
        return unsupported("GridSample with mode \"" + mode + "\"");
    if (padding != "zeros" && padding != "border" && padding != "reflection")
        return unsupported("GridSample with padding_mode \"" + padding + "\"");
    const Shape& x = in[0].shape;
    const Shape& grid = in[1].shape;
    if (x.rank() != 4 || grid.rank() != 4)
        return unsupported("GridSample of " + x.text() + " by " + grid.text() + ", not of two spatial axes");
    if (grid[0] != x[0] || grid[3] != 2 || x[2] < 1 || x[3] < 1)
        return mismatch("the grid " + grid.text() + " does not fit " + x.text());
    return oneOutput(DType::Float32, {x[0], x[1], grid[1], grid[2]});
}

/// The index that `i` reads of an axis, or -1 for a zero. Reflection is about the centres of the outer pixels
/// (align_corners) or about their outer edges.
int64_t padded(int64_t i, int64_t size, Padding padding, bool corners)
{
    if (i >= 0 && i < size)
        return i;
    if (padding == Padding::Zeros)
        return -1;
    if (padding == Padding::Border)
        return std::clamp<int64_t>(i, 0, size - 1);
    if (corners) {
        const int64_t period = 2 * (size - 1);
        if (period == 0)
            return 0;
        i = std::abs(i) % period;
        return i < size ? i : period - i;
    }
    const int64_t period = 2 * size;
    i = (i % period + period) % period;
    return i < size ? i : period - 1 - i;
}

/// Up to four pixels along one axis and their weights.
struct Taps {
    int count = 1;
    int64_t index[4] = {0, 0, 0, 0};
    float weight[4] = {1, 0, 0, 0};
};

Taps tapsAt(float normalised, int64_t size, char mode, Padding padding, bool corners)
{
    const auto length = static_cast<float>(size);
    float at = corners ? (normalised + 1) / 2 * (length - 1) : ((normalised + 1) * length - 1) / 2;
    constexpr float kFar = 1 << 30; // beyond it, and NaN: as good as outside; no pixel index overflows
    at = at > -kFar ? std::min(at, kFar) : -kFar;
    Taps taps;
    if (mode == 'n') {
        taps.index[0] = padded(static_cast<int64_t>(std::nearbyint(at)), size, padding, corners);
        return taps;
    }
    const float low = std::floor(at);
    const float t = at - low;
    auto first = static_cast<int64_t>(low);
    if (mode == 'l') {
        taps.count = 2;
        taps.weight[0] = 1 - t;
        taps.weight[1] = t;
    } else { // Keys' kernel with a = -0.75
        constexpr float a = -0.75f;
        const auto inner = [](float d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
        const auto outer = [](float d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
        taps.count = 4;
        taps.weight[0] = outer(t + 1);
        taps.weight[1] = inner(t);
        taps.weight[2] = inner(1 - t);
        taps.weight[3] = outer(2 - t);
        --first;
    }
    for (int i = 0; i < taps.count; ++i)
        taps.index[i] = padded(first + i, size, padding, corners);
    return taps;
}

void computeGridSample(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                       std::span<std::byte>, ThreadPool* pool)
{
    const bool corners = node.attributes.integer("align_corners", 0) != 0;
    const char mode = node.attributes.text("mode", "linear").front();
    const char first = node.attributes.text("padding_mode", "zeros").front();
    const Padding padding = first == 'z' ? Padding::Zeros : first == 'b' ? Padding::Border : Padding::Reflection;
    const Shape& x = in[0].shape;
    const int64_t channels = x[1], plane = x[2] * x[3];
    const int64_t points = out[0].shape[2] * out[0].shape[3];
    const auto* grid = in[1].as<float>();
    parallelChunks(pool, x[0] * points, 256, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) {
            const Taps across = tapsAt(grid[2 * p], x[3], mode, padding, corners);
            const Taps down = tapsAt(grid[2 * p + 1], x[2], mode, padding, corners);
            const float* image = in[0].as<float>() + p / points * channels * plane;
            float* dst = out[0].as<float>() + p / points * channels * points + p % points;
            for (int64_t c = 0; c < channels; ++c, image += plane, dst += points) {
                float sum = 0;
                for (int i = 0; i < down.count; ++i) {
                    float row = 0;
                    for (int j = 0; j < across.count; ++j)
                        if (down.index[i] >= 0 && across.index[j] >= 0)
                            row += across.weight[j] * image[down.index[i] * x[3] + across.index[j]];
                    sum += down.weight[i] * row;
                }
                *dst = sum;
            }
        }
    });
}

} // namespace

std::span<const OpDef> gridSampleOps()
{
    static constexpr OpDef ops[] = {
        {.name = "GridSample", .infer = inferGridSample, .compute = computeGridSample},
    };
    return ops;
}

} // namespace qs::exec
