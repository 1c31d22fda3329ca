#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <cmath>

namespace qs::exec {

namespace {

/// Where the outputs of one axis read: `stride` places each, of which `count` are used.
struct AxisTaps {
    std::size_t stride = 4;
    std::vector<int> count;
    std::vector<int64_t> index;
    std::vector<float> weight;
    int64_t repeats = 0; ///< > 0: output i reads input i / repeats, and nothing else
};

/// The places of one output.
struct Taps {
    int& count;
    int64_t* index;
    float* weight;
};

struct Options {
    std::string mode, coordinates, nearest;
    float cubic = -0.75f;
    bool excludeOutside = false, antialias = false;
};

Options optionsOf(const graph::Node& node)
{
    return {node.attributes.text("mode", "nearest"),
            node.attributes.text("coordinate_transformation_mode", "half_pixel"),
            node.attributes.text("nearest_mode", "round_prefer_floor"),
            node.attributes.real("cubic_coeff_a", -0.75f),
            node.attributes.integer("exclude_outside", 0) != 0,
            node.attributes.integer("antialias", 0) != 0};
}

/// Most places that an output of an axis reads.
std::size_t tapsFor(const Options& o, double scale)
{
    const double narrow = o.antialias && o.mode != "nearest" ? std::min(scale, 1.0) : 1.0;
    return static_cast<std::size_t>(2 * std::ceil(2 / narrow));
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
    if (node.attributes.text("keep_aspect_ratio_policy", "stretch") != "stretch" || node.attributes.has("axes"))
        return unsupported("Resize with a kept aspect ratio or axes");
    QS_ASSIGN(const Target target, targetOf(node, in[0].shape));
    if (o.antialias && o.mode != "nearest")
        for (std::size_t d = 0; d < target.scales.size(); ++d)
            if (static_cast<double>(tapsFor(o, target.scales[d])) * static_cast<double>(target.sizes[d]) > 1 << 24)
                return fail(ErrorCode::TooLarge, "Resize with antialiasing shrinks to 1/" +
                                                     std::to_string(std::llround(1 / target.scales[d])));
    return oneOutput(DType::Float32, target.sizes);
}

/// Where output `out` lies among the inputs, in float, as ONNX Runtime computes it: ties of nearest depend on it.
float placeOf(const Options& o, int64_t out, int64_t inSize, int64_t outSize, double scale)
{
    const auto x = static_cast<float>(out);
    const auto s = static_cast<float>(scale);
    if (o.coordinates == "asymmetric")
        return x / s;
    if (o.coordinates == "align_corners")
        return outSize == 1 ? 0 : x * static_cast<float>(inSize - 1) / static_cast<float>(outSize - 1);
    if (o.coordinates == "pytorch_half_pixel" && outSize == 1)
        return 0;
    return (x + 0.5f) / s - 0.5f;
}

/// Keys' cubic kernel at distance t.
float cubicAt(float a, float t)
{
    t = std::abs(t);
    return t <= 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 : t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

int64_t nearestTo(const Options& o, float at)
{
    float v = std::floor(at);
    if (o.nearest == "ceil")
        v = std::ceil(at);
    else if (o.nearest == "round_prefer_floor")
        v = at == v + 0.5f ? v : std::round(at);
    else if (o.nearest == "round_prefer_ceil")
        v = std::floor(at + 0.5f);
    return static_cast<int64_t>(v);
}

/// All places of a kernel that is stretched by 1 / scale where the axis shrinks. Sources: ONNX Resize, opset 18
/// (antialias: filter as wide as the outputs are apart, weights that add up to one; what lies outside is the border,
/// or nothing with exclude_outside).
void kernelTaps(const Options& o, float at, int64_t inSize, double scale, Taps taps)
{
    const bool linear = o.mode == "linear";
    const double narrow = o.antialias ? std::min(scale, 1.0) : 1.0;
    const auto low = static_cast<int64_t>(std::floor(at));
    const float ratio = at - static_cast<float>(low);
    const auto start = static_cast<int64_t>(std::floor(-(linear ? 1 : 2) / narrow)) + 1;
    taps.count = static_cast<int>(2 - 2 * start);
    double sum = 0;
    for (int i = 0; i < taps.count; ++i) {
        const int64_t index = low + start + i;
        const float t = static_cast<float>(narrow) * (static_cast<float>(start + i) - ratio);
        taps.weight[i] = linear ? std::max(0.0f, 1 - std::abs(t)) : cubicAt(o.cubic, t);
        taps.index[i] = std::clamp<int64_t>(index, 0, inSize - 1);
        if (o.excludeOutside && index != taps.index[i])
            taps.weight[i] = 0;
        sum += taps.weight[i];
    }
    if (o.excludeOutside || narrow < 1)
        for (int i = 0; i < taps.count; ++i)
            taps.weight[i] = static_cast<float>(taps.weight[i] / sum);
}

void fillTaps(const Options& o, int64_t out, int64_t inSize, int64_t outSize, double scale, Taps taps)
{
    taps.count = 1;
    taps.index[0] = out;
    taps.weight[0] = 1;
    if (inSize == outSize && scale == 1)
        return;
    const float at = placeOf(o, out, inSize, outSize, scale);
    if (o.mode == "nearest") {
        taps.index[0] = std::clamp<int64_t>(nearestTo(o, at), 0, inSize - 1);
    } else if (o.mode == "linear" && !(o.antialias && scale < 1)) {
        const float inside = std::clamp(at, 0.0f, static_cast<float>(inSize - 1));
        const auto low = static_cast<int64_t>(inside);
        taps.count = 2;
        taps.index[0] = low;
        taps.index[1] = std::min(low + 1, inSize - 1);
        taps.weight[1] = inside - static_cast<float>(low);
        taps.weight[0] = 1 - taps.weight[1];
    } else {
        kernelTaps(o, at, inSize, scale, taps);
    }
}

AxisTaps axisTaps(const Options& options, int64_t inSize, int64_t outSize, double scale)
{
    AxisTaps axis;
    axis.stride = tapsFor(options, scale);
    const auto outputs = static_cast<std::size_t>(outSize);
    axis.count.resize(outputs);
    axis.index.resize(outputs * axis.stride);
    axis.weight.resize(outputs * axis.stride);
    for (std::size_t i = 0; i < outputs; ++i)
        fillTaps(options, static_cast<int64_t>(i), inSize, outSize, scale,
                 {axis.count[i], &axis.index[i * axis.stride], &axis.weight[i * axis.stride]});
    const int64_t repeats = outSize % inSize == 0 ? outSize / inSize : 0;
    bool plain = repeats > 0;
    for (std::size_t i = 0; i < outputs && plain; ++i)
        plain = axis.count[i] == 1 && axis.index[i * axis.stride] == static_cast<int64_t>(i) / repeats;
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
    for (std::size_t i = 0; i < axis.count.size(); ++i) {
        const int64_t* index = &axis.index[i * axis.stride];
        const float* weight = &axis.weight[i * axis.stride];
        float sum = src[index[0]];
        if (axis.count[i] > 1) {
            sum = weight[0] * sum + weight[1] * src[index[1]];
            for (int j = 2; j < axis.count[i]; ++j)
                sum += weight[j] * src[index[j]];
        }
        dst[i] = sum;
    }
}

/// dst [outputs, width] from src [inputs, width]: whole lines, weighted and added.
void resampleLines(const AxisTaps& axis, const float* src, int64_t width, float* dst)
{
    for (std::size_t o = 0; o < axis.count.size(); ++o, dst += width) {
        const int count = axis.count[o];
        const float* w = &axis.weight[o * axis.stride];
        const auto line = [&](int j) {
            return src + axis.index[o * axis.stride + static_cast<std::size_t>(j)] * width;
        };
        if (count == 1) {
            std::copy_n(line(0), width, dst);
            continue;
        }
        const float *first = line(0), *second = line(1);
        if (count == 2) {
            for (int64_t i = 0; i < width; ++i)
                dst[i] = w[0] * first[i] + w[1] * second[i];
            continue;
        }
        const float *third = line(2), *fourth = line(3);
        for (int64_t i = 0; i < width; ++i)
            dst[i] = w[0] * first[i] + w[1] * second[i] + w[2] * third[i] + w[3] * fourth[i];
        for (int j = 4; j < count; ++j) {
            const float* more = line(j);
            for (int64_t i = 0; i < width; ++i)
                dst[i] += w[j] * more[i];
        }
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
