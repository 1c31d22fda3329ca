#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <cmath>

namespace qs::exec {

namespace {

/// Where one output index of an axis reads: up to four inputs and their weights.
struct Taps {
    int count = 1;
    int64_t index[4] = {0, 0, 0, 0};
    float weight[4] = {1, 0, 0, 0};
};

struct Options {
    std::string mode, coordinates, nearest;
    float cubic = -0.75f;
    bool excludeOutside = false;
};

Options optionsOf(const graph::Node& node)
{
    return {node.attributes.text("mode", "nearest"),
            node.attributes.text("coordinate_transformation_mode", "half_pixel"),
            node.attributes.text("nearest_mode", "round_prefer_floor"), node.attributes.real("cubic_coeff_a", -0.75f),
            node.attributes.integer("exclude_outside", 0) != 0};
}

/// Output sizes and scales of all axes.
struct Target {
    std::vector<int64_t> sizes;
    std::vector<double> scales;
};

Result<Target> targetOf(const graph::Node& node, const Shape& in)
{
    Target target;
    const auto sizes = integersOf(node, "sizes");
    const auto scales = numbersOf(node, "scales");
    const bool haveSizes = sizes && !sizes->empty();
    const bool haveScales = scales && !scales->empty();
    if (!haveSizes && !haveScales)
        return unsupported("neither sizes nor scales are constant");
    if ((haveSizes && sizes->size() != in.rank()) || (haveScales && scales->size() != in.rank()))
        return mismatch("sizes or scales do not fit rank " + std::to_string(in.rank()));
    for (std::size_t i = 0; i < in.rank(); ++i) {
        const double scale =
            haveScales ? (*scales)[i]
                       : static_cast<double>((*sizes)[i]) / static_cast<double>(std::max<int64_t>(1, in[i]));
        if (!(scale > 0) || scale > static_cast<double>(kMaxElements))
            return mismatch("a scale is not positive");
        const double size =
            haveSizes ? static_cast<double>((*sizes)[i]) : std::floor(static_cast<double>(in[i]) * scale);
        if (size < 1 || size > static_cast<double>(kMaxElements) || in[i] == 0)
            return mismatch("an axis would have size " + std::to_string(size));
        target.scales.push_back(scale);
        target.sizes.push_back(static_cast<int64_t>(size));
    }
    return target;
}

InferResult inferResize(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    const Options o = optionsOf(node);
    const auto known = [](const std::string& v, std::initializer_list<std::string_view> all) {
        return std::find(all.begin(), all.end(), v) != all.end();
    };
    if (!known(o.mode, {"nearest", "linear", "cubic"}))
        return unsupported("Resize with mode \"" + o.mode + "\"");
    if (!known(o.coordinates, {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"}))
        return unsupported("Resize with coordinates \"" + o.coordinates + "\"");
    if (!known(o.nearest, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}))
        return unsupported("Resize with nearest_mode \"" + o.nearest + "\"");
    if (node.attributes.integer("antialias", 0) != 0 ||
        node.attributes.text("keep_aspect_ratio_policy", "stretch") != "stretch" || node.attributes.has("axes"))
        return unsupported("Resize with antialias, a kept aspect ratio or axes");
    QS_ASSIGN(const Target target, targetOf(node, in[0].shape));
    return oneOutput(DType::Float32, target.sizes);
}

Taps tapsOf(const Options& o, int64_t out, int64_t inSize, int64_t outSize, double scale)
{
    Taps taps;
    if (inSize == outSize && scale == 1) {
        taps.index[0] = out;
        return taps;
    }
    // Coordinates in float, as ONNX Runtime computes them: ties of nearest depend on it.
    const auto x = static_cast<float>(out);
    const auto s = static_cast<float>(scale);
    float at = (x + 0.5f) / s - 0.5f;
    if (o.coordinates == "asymmetric")
        at = x / s;
    else if (o.coordinates == "align_corners")
        at = outSize == 1 ? 0 : x * static_cast<float>(inSize - 1) / static_cast<float>(outSize - 1);
    else if (o.coordinates == "pytorch_half_pixel" && outSize == 1)
        at = 0;
    const auto clampIndex = [&](int64_t i) { return std::clamp<int64_t>(i, 0, inSize - 1); };
    if (o.mode == "nearest") {
        float v = std::floor(at);
        if (o.nearest == "ceil")
            v = std::ceil(at);
        else if (o.nearest == "round_prefer_floor")
            v = at == v + 0.5f ? v : std::round(at);
        else if (o.nearest == "round_prefer_ceil")
            v = std::floor(at + 0.5f);
        taps.index[0] = clampIndex(static_cast<int64_t>(v));
        return taps;
    }
    if (o.mode == "linear") {
        at = std::clamp(at, 0.0f, static_cast<float>(inSize - 1));
        const auto low = static_cast<int64_t>(at);
        taps.count = 2;
        taps.index[0] = low;
        taps.index[1] = clampIndex(low + 1);
        taps.weight[1] = at - static_cast<float>(low);
        taps.weight[0] = 1 - taps.weight[1];
        return taps;
    }
    const auto low = static_cast<int64_t>(std::floor(at));
    const float d = at - static_cast<float>(low);
    const float a = o.cubic;
    taps.count = 4;
    taps.weight[0] = ((a * (d + 1) - 5 * a) * (d + 1) + 8 * a) * (d + 1) - 4 * a;
    taps.weight[1] = ((a + 2) * d - (a + 3)) * d * d + 1;
    taps.weight[2] = ((a + 2) * (1 - d) - (a + 3)) * (1 - d) * (1 - d) + 1;
    taps.weight[3] = ((a * (2 - d) - 5 * a) * (2 - d) + 8 * a) * (2 - d) - 4 * a;
    float sum = 0;
    for (int i = 0; i < 4; ++i) {
        const int64_t index = low - 1 + i;
        if (o.excludeOutside && index != clampIndex(index))
            taps.weight[i] = 0;
        taps.index[i] = clampIndex(index);
        sum += taps.weight[i];
    }
    for (float& w : taps.weight)
        w = o.excludeOutside ? w / sum : w;
    return taps;
}

/// The taps of one axis. `repeats` > 0: output i reads input i / repeats, and nothing else.
struct AxisTaps {
    std::vector<Taps> taps;
    int64_t repeats = 0;
};

AxisTaps axisTaps(const Options& options, int64_t inSize, int64_t outSize, double scale)
{
    AxisTaps axis;
    for (int64_t i = 0; i < outSize; ++i)
        axis.taps.push_back(tapsOf(options, i, inSize, outSize, scale));
    const int64_t repeats = outSize % inSize == 0 ? outSize / inSize : 0;
    bool plain = repeats > 0;
    for (int64_t i = 0; i < outSize && plain; ++i) {
        const Taps& t = axis.taps[static_cast<std::size_t>(i)];
        plain = t.count == 1 && t.index[0] == i / repeats;
    }
    axis.repeats = plain ? repeats : 0;
    return axis;
}

template <int64_t kRepeats>
void repeat(const float* src, int64_t count, float* dst)
{
    for (int64_t i = 0; i < count; ++i)
        for (int64_t r = 0; r < kRepeats; ++r)
            dst[i * kRepeats + r] = src[i];
}

/// One line of the last axis.
void resampleLine(const AxisTaps& axis, const float* src, int64_t inSize, float* dst)
{
    if (axis.repeats == 2)
        return repeat<2>(src, inSize, dst);
    if (axis.repeats == 4)
        return repeat<4>(src, inSize, dst);
    for (std::size_t i = 0; i < axis.taps.size(); ++i) {
        const Taps& t = axis.taps[i];
        float sum = src[t.index[0]];
        if (t.count > 1) {
            sum = t.weight[0] * sum + t.weight[1] * src[t.index[1]];
            for (int j = 2; j < t.count; ++j)
                sum += t.weight[j] * src[t.index[j]];
        }
        dst[i] = sum;
    }
}

/// dst [outputs, width] from src [inputs, width]: whole lines, weighted and added.
void resampleLines(const AxisTaps& axis, const float* src, int64_t width, float* dst)
{
    for (const Taps& t : axis.taps) {
        const float* line[4];
        for (int j = 0; j < 4; ++j)
            line[j] = src + t.index[j] * width;
        const auto& w = t.weight;
        if (t.count == 1)
            std::copy_n(line[0], width, dst);
        else if (t.count == 2)
            for (int64_t i = 0; i < width; ++i)
                dst[i] = w[0] * line[0][i] + w[1] * line[1][i];
        else
            for (int64_t i = 0; i < width; ++i)
                dst[i] = w[0] * line[0][i] + w[1] * line[1][i] + w[2] * line[2][i] + w[3] * line[3][i];
        dst += width;
    }
}

/// Axis by axis, the last one first; axes before the first that changes are repetitions.
void computeResize(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool* pool)
{
    const Options options = optionsOf(node);
    const Shape& from = in[0].shape;
    const Shape& to = out[0].shape;
    const std::size_t rank = to.rank();
    const Target target = *targetOf(node, from);
    std::vector<AxisTaps> axes;
    for (std::size_t d = 0; d < rank; ++d)
        axes.push_back(axisTaps(options, from[d], to[d], target.scales[d]));
    std::size_t first = 0;
    while (first < rank && axes[first].repeats == 1)
        ++first;
    std::vector<std::size_t> changed; // in the order in which they are worked off
    std::size_t largest = 0;          // of what lies between two axes
    Shape shape = from;
    for (std::size_t d = rank; d-- > first;)
        if (axes[d].repeats != 1) {
            changed.push_back(d);
            shape[d] = to[d];
            largest = std::max(largest, static_cast<std::size_t>(shape.product(first, rank)));
        }
    const int64_t inBlock = from.product(first, rank);
    const int64_t outBlock = to.product(first, rank);
    if (changed.empty()) {
        std::copy_n(in[0].as<float>(), from.elements(), out[0].as<float>());
        return;
    }
    parallelChunks(pool, to.product(0, first), std::max<int64_t>(1, 16384 / outBlock), [&](int64_t b0, int64_t b1) {
        std::vector<float> buffers[2];
        for (std::size_t i = 0; i + 1 < changed.size() && i < 2; ++i)
            buffers[i].resize(largest);
        for (int64_t block = b0; block < b1; ++block) {
            const float* src = in[0].as<float>() + block * inBlock;
            Shape size = from;
            for (std::size_t step = 0; step < changed.size(); ++step) {
                const std::size_t d = changed[step];
                float* dst =
                    step + 1 == changed.size() ? out[0].as<float>() + block * outBlock : buffers[step % 2].data();
                const int64_t before = size.product(first, d);
                const int64_t width = size.product(d + 1, rank);
                for (int64_t i = 0; i < before; ++i)
                    if (width == 1)
                        resampleLine(axes[d], src + i * from[d], from[d], dst + i * to[d]);
                    else
                        resampleLines(axes[d], src + i * from[d] * width, width, dst + i * to[d] * width);
                size[d] = to[d];
                src = dst;
            }
        }
    });
}

} // namespace

std::span<const OpDef> resizeOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Resize", .infer = inferResize, .compute = computeResize},
    };
    return ops;
}

} // namespace qs::exec
