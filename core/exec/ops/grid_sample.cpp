#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

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

/// One output of any number of taps; taps outside add nothing.
float sampled(const Taps& across, const Taps& down, const float* image, int64_t width)
{
    float sum = 0;
    for (int i = 0; i < down.count; ++i) {
        float row = 0;
        for (int j = 0; j < across.count; ++j)
            if (down.index[i] >= 0 && across.index[j] >= 0)
                row += across.weight[j] * image[down.index[i] * width + across.index[j]];
        sum += down.weight[i] * row;
    }
    return sum;
}

/// A bilinear point whose four pixels are inside, in the form that every channel needs it.
struct Bilinear {
    int64_t upper = 0, lower = 0; ///< left pixels of both rows
    int64_t right = 0;            ///< from a left pixel to the right one
    float across[2] = {0, 0}, down[2] = {0, 0};
    int64_t point = 0;

    Bilinear(const Taps& x, const Taps& y, int64_t width, int64_t number)
        : upper(y.index[0] * width + x.index[0]), lower(y.index[1] * width + x.index[0]),
          right(x.index[1] - x.index[0]), across{x.weight[0], x.weight[1]}, down{y.weight[0], y.weight[1]},
          point(number)
    {
    }
    float of(const float* image) const
    {
        const float top = across[0] * image[upper] + across[1] * image[upper + right];
        const float bottom = across[0] * image[lower] + across[1] * image[lower + right];
        return down[0] * top + down[1] * bottom;
    }
};

void computeGridSample(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                       std::span<std::byte>, ThreadPool* pool)
{
    const bool corners = node.attributes.integer("align_corners", 0) != 0;
    const char mode = node.attributes.text("mode", "linear").front();
    const char first = node.attributes.text("padding_mode", "zeros").front();
    const Padding padding = first == 'z' ? Padding::Zeros : first == 'b' ? Padding::Border : Padding::Reflection;
    const Shape& x = in[0].shape;
    const int64_t channels = x[1], width = x[3], plane = x[2] * x[3];
    const int64_t points = out[0].shape[2] * out[0].shape[3];
    const auto* grid = in[1].as<float>();
    // A piece of the points of one image: where they lie is found once, then channel after channel is read, so that
    // one plane at a time is in the cache and results are written in a row.
    constexpr int64_t kPiece = 256;
    const int64_t pieces = (points + kPiece - 1) / kPiece;
    parallelChunks(pool, x[0] * pieces, 1, [&](int64_t begin, int64_t end) {
        std::vector<Bilinear> inside;
        std::vector<std::tuple<Taps, Taps, int64_t>> others;
        for (int64_t piece = begin; piece < end; ++piece) {
            const int64_t b = piece / pieces;
            inside.clear();
            others.clear();
            for (int64_t p = piece % pieces * kPiece; p < std::min(points, (piece % pieces + 1) * kPiece); ++p) {
                const float* at = grid + 2 * (b * points + p);
                const Taps across = tapsAt(at[0], width, mode, padding, corners);
                const Taps down = tapsAt(at[1], x[2], mode, padding, corners);
                if (mode == 'l' && std::min({across.index[0], across.index[1], down.index[0], down.index[1]}) >= 0)
                    inside.emplace_back(across, down, width, p);
                else
                    others.emplace_back(across, down, p);
            }
            for (int64_t c = b * channels; c < (b + 1) * channels; ++c) {
                const float* image = in[0].as<float>() + c * plane;
                float* dst = out[0].as<float>() + c * points;
                for (const Bilinear& point : inside)
                    dst[point.point] = point.of(image);
                for (const auto& [across, down, p] : others)
                    dst[p] = sampled(across, down, image, width);
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
