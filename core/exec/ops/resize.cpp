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

/// Sum over the taps of axes d.. of the rest of the index; axes multiply their weights.
float sample(const float* src, const Shape& strides, std::span<const Taps* const> taps, std::size_t d)
{
    const Taps& t = *taps[d];
    float sum = 0;
    for (int i = 0; i < t.count; ++i) {
        const float* at = src + t.index[i] * strides[d];
        const float v = d + 1 == taps.size() ? *at : sample(at, strides, taps, d + 1);
        sum = t.count == 1 ? v : sum + t.weight[i] * v;
    }
    return sum;
}

void computeResize(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool* pool)
{
    const Options options = optionsOf(node);
    const Shape& shape = out[0].shape;
    const std::size_t rank = shape.rank();
    if (rank == 0) {
        *out[0].as<float>() = *in[0].as<float>();
        return;
    }
    const Target target = *targetOf(node, in[0].shape);
    std::vector<std::vector<Taps>> axes(rank);
    for (std::size_t d = 0; d < rank; ++d)
        for (int64_t i = 0; i < shape[d]; ++i)
            axes[d].push_back(tapsOf(options, i, in[0].shape[d], shape[d], target.scales[d]));
    const int64_t inner = shape.back();
    parallelChunks(pool, shape.elements() / inner, std::max<int64_t>(1, 4096 / inner), [&](int64_t r0, int64_t r1) {
        std::array<const Taps*, Shape::kMaxRank> at{};
        for (int64_t row = r0; row < r1; ++row) {
            int64_t rest = row;
            for (std::size_t d = rank - 1; d-- > 0;) {
                at[d] = &axes[d][static_cast<std::size_t>(rest % shape[d])];
                rest /= shape[d];
            }
            for (int64_t i = 0; i < inner; ++i) {
                at[rank - 1] = &axes[rank - 1][static_cast<std::size_t>(i)];
                out[0].as<float>()[row * inner + i] =
                    sample(in[0].as<float>(), in[0].strides, std::span(at.data(), rank), 0);
            }
        }
    });
}

} // namespace

std::span<const OpDef> resizeOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Resize", .infer = inferResize, .compute = computeResize, .acceptsStrides = true},
    };
    return ops;
}

} // namespace qs::exec
