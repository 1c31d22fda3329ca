#include "core/onnx/lowering.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace qs::onnx {

namespace {

/// Spreads a list for some axes over all of them; the others get `fallback`.
template <class T>
std::vector<T> spread(const std::vector<T>& list, const std::vector<int64_t>& axes, std::size_t rank, T fallback)
{
    std::vector<T> all(rank, fallback);
    for (std::size_t i = 0; i < axes.size(); ++i)
        all[static_cast<std::size_t>(axes[i])] = list[i];
    return all;
}

/// Sizes, scales, or both: then the places are those of the scales.
Result<void> resizeBy(Lowering& n, const std::optional<std::vector<float>>& scales,
                      const std::optional<std::vector<int64_t>>& sizes, std::vector<int64_t> axes,
                      graph::Attributes attributes)
{
    const Shape& shape = n.shape(0);
    std::vector<int64_t> target(shape.begin(), shape.end());
    std::vector<float> factor(shape.rank(), 1.0f);
    const std::size_t given = sizes ? sizes->size() : scales ? scales->size() : 0;
    if (given != axes.size())
        return fail(ErrorCode::Malformed, "its sizes or scales do not fit " + shape.text());
    if (sizes) {
        target = spread(*sizes, axes, shape.rank(), int64_t{0});
        for (std::size_t i = 0; i < target.size(); ++i) {
            target[i] = target[i] == 0 ? shape[i] : target[i];
            factor[i] = static_cast<float>(target[i]) / static_cast<float>(shape[i]);
        }
        if (scales)
            factor = spread(*scales, axes, shape.rank(), 1.0f);
    } else {
        factor = spread(*scales, axes, shape.rank(), 1.0f);
        for (std::size_t i = 0; i < target.size(); ++i) {
            const double size = std::floor(static_cast<double>(shape[i]) * factor[i]);
            if (!(factor[i] > 0) || !(size < 1e9))
                return fail(ErrorCode::Malformed, "has a scale that is not positive, or enormous");
            target[i] = static_cast<int64_t>(size);
        }
    }
    for (const int64_t size : target)
        if (size < 1)
            return fail(ErrorCode::Malformed, "resizes to nothing");
    attributes.set("sizes", std::move(target));
    attributes.set("scales", std::move(factor));
    return n.finish("Resize", {n.input(0)}, std::move(attributes));
}

std::vector<int64_t> allAxes(const Shape& shape)
{
    std::vector<int64_t> axes(shape.rank());
    std::iota(axes.begin(), axes.end(), 0);
    return axes;
}

/// keep_aspect_ratio_policy (opset 18): the sizes are bounds; one scale for all axes meets one of them.
Result<void> keepAspect(Lowering& n, std::optional<std::vector<int64_t>>& sizes,
                        std::optional<std::vector<float>>& scales, const std::vector<int64_t>& axes)
{
    const std::string policy = n.attributes().text("keep_aspect_ratio_policy", "stretch");
    if (!sizes || policy == "stretch")
        return {};
    if ((policy != "not_larger" && policy != "not_smaller") || sizes->size() != axes.size() || axes.empty())
        return fail(ErrorCode::Malformed, "has sizes or an aspect ratio policy that make no sense");
    std::optional<float> scale;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const float one = static_cast<float>((*sizes)[i]) /
                          static_cast<float>(std::max<int64_t>(1, n.shape(0)[static_cast<std::size_t>(axes[i])]));
        scale = !scale ? one : policy == "not_larger" ? std::min(*scale, one) : std::max(*scale, one);
    }
    for (std::size_t i = 0; i < axes.size(); ++i)
        (*sizes)[i] = std::llround(*scale * static_cast<float>(n.shape(0)[static_cast<std::size_t>(axes[i])]));
    scales = std::vector<float>(axes.size(), *scale);
    return {};
}

Result<void> resize(Lowering& n)
{
    const bool old = n.opset() < 11; // x, scales; samples at x / scale, rounded down
    QS_ASSIGN(auto scales, n.reals("scales", old ? 1 : 2));
    std::optional<std::vector<int64_t>> sizes;
    if (!old) {
        QS_ASSIGN(sizes, n.integers("sizes", 3));
    }
    if (sizes && sizes->empty())
        sizes.reset();
    if (scales && scales->empty())
        scales.reset();
    if (!sizes == !scales)
        return fail(ErrorCode::Malformed, "needs either sizes or scales");
    std::vector<int64_t> axes = n.attributes().integers("axes");
    if (axes.empty())
        axes = allAxes(n.shape(0));
    QS_CHECK(n.axes(axes, n.rank(0)));
    for (int64_t& axis : axes)
        axis = axis < 0 ? axis + n.rank(0) : axis;
    QS_CHECK(keepAspect(n, sizes, scales, axes));
    graph::Attributes attributes;
    attributes.set("mode", n.attributes().text("mode", "nearest"));
    attributes.set("coordinate_transformation_mode",
                   old ? "asymmetric" : n.attributes().text("coordinate_transformation_mode", "half_pixel"));
    attributes.set("nearest_mode", old ? "floor" : n.attributes().text("nearest_mode", "round_prefer_floor"));
    attributes.set("cubic_coeff_a", n.attributes().real("cubic_coeff_a", -0.75f));
    attributes.set("exclude_outside", n.attributes().integer("exclude_outside", 0));
    if (n.attributes().integer("antialias", 0) != 0)
        attributes.set("antialias", int64_t{1});
    return resizeBy(n, scales, sizes, std::move(axes), std::move(attributes));
}

Result<void> upsample(Lowering& n)
{
    QS_ASSIGN(const auto scales, n.reals("scales", 1));
    if (!scales)
        return fail(ErrorCode::Malformed, "has no scales");
    graph::Attributes attributes;
    attributes.set("mode", n.attributes().text("mode", "nearest"));
    attributes.set("coordinate_transformation_mode", std::string("asymmetric"));
    attributes.set("nearest_mode", std::string("floor"));
    attributes.set("cubic_coeff_a", -0.75f);
    attributes.set("exclude_outside", int64_t{0});
    return resizeBy(n, scales, std::nullopt, allAxes(n.shape(0)), std::move(attributes));
}

/// Opset 20 renamed the modes.
Result<void> gridSample(Lowering& n)
{
    const std::string mode = n.attributes().text("mode", "linear");
    graph::Attributes attributes;
    attributes.set("mode", mode == "bilinear"  ? std::string("linear")
                           : mode == "bicubic" ? std::string("cubic")
                                               : mode);
    attributes.set("padding_mode", n.attributes().text("padding_mode", "zeros"));
    attributes.set("align_corners", n.attributes().integer("align_corners", 0));
    return n.finish("GridSample", {n.input(0), n.input(1)}, std::move(attributes));
}

constexpr Rule kRules[] = {{"GridSample", 2, 2, gridSample}, {"Resize", 1, 4, resize}, {"Upsample", 1, 2, upsample}};

} // namespace

std::span<const Rule> resizeRules()
{
    return kRules;
}

} // namespace qs::onnx
