#include "core/onnx/lowering.h"

#include <algorithm>

namespace qs::onnx {

namespace {

using List = std::vector<int64_t>;

/// Kernel, strides, dilations and pads of a sliding window, complete and checked.
struct Window {
    List kernel, strides, dilations, pads;
};

Result<List> positive(const Lowering& n, std::string_view name, std::size_t axes, int64_t fallback)
{
    List list = n.attributes().integers(name);
    if (list.empty())
        list.assign(axes, fallback);
    if (list.size() != axes)
        return fail(ErrorCode::Malformed, "'" + std::string(name) + "' has the wrong length");
    for (const int64_t value : list)
        if (value < 1 || value > (int64_t{1} << 20))
            return fail(ErrorCode::Malformed, "'" + std::string(name) + "' has the value " + std::to_string(value));
    return list;
}

Result<Window> readWindow(const Lowering& n, List kernel)
{
    const std::size_t axes = kernel.size();
    Window window;
    window.kernel = std::move(kernel);
    for (const int64_t size : window.kernel)
        if (size < 1 || size > (int64_t{1} << 20))
            return fail(ErrorCode::Malformed, "has a kernel size of " + std::to_string(size));
    QS_ASSIGN(window.strides, positive(n, "strides", axes, 1));
    QS_ASSIGN(window.dilations, positive(n, "dilations", axes, 1));
    window.pads = n.attributes().integers("pads");
    const std::string autoPad = n.attributes().text("auto_pad", "NOTSET");
    if (window.pads.empty() || autoPad != "NOTSET")
        window.pads.assign(2 * axes, 0);
    if (window.pads.size() != 2 * axes)
        return fail(ErrorCode::Malformed, "'pads' has the wrong length");
    for (const int64_t value : window.pads)
        if (value < 0 || value > (int64_t{1} << 20))
            return fail(ErrorCode::Malformed, "'pads' has the value " + std::to_string(value));
    if (autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER") {
        for (std::size_t i = 0; i < axes; ++i) {
            const int64_t size = n.shape(0)[i + 2];
            const int64_t reach = (window.kernel[i] - 1) * window.dilations[i] + 1;
            const int64_t outputs = (size + window.strides[i] - 1) / window.strides[i];
            const int64_t total = std::max<int64_t>(0, (outputs - 1) * window.strides[i] + reach - size);
            const int64_t less = total / 2;
            window.pads[i] = autoPad == "SAME_UPPER" ? less : total - less;
            window.pads[i + axes] = total - window.pads[i];
        }
    } else if (autoPad != "NOTSET" && autoPad != "VALID") {
        return fail(ErrorCode::Unsupported, "has an unknown auto_pad");
    }
    return window;
}

Result<void> convolution(Lowering& n)
{
    QS_CHECK(n.needRank(0, 3, 4));
    QS_CHECK(n.needRank(1, n.rank(0), n.rank(0)));
    for (const std::size_t i : {0u, 1u, 2u})
        if (n.has(i) && n.dtype(i) != DType::Float32)
            return fail(ErrorCode::Unsupported, "input " + std::to_string(i) + " is not float");
    const Shape& weight = n.shape(1);
    QS_ASSIGN(Window window, readWindow(n, List(weight.begin() + 2, weight.end())));
    const List claimed = n.attributes().integers("kernel_shape");
    if (!claimed.empty() && claimed != window.kernel)
        return fail(ErrorCode::ShapeMismatch, "its kernel_shape does not fit the weight " + weight.text());
    const int64_t group = n.attributes().integer("group", 1);
    const bool transposed = n.op() == "ConvTranspose";
    const int64_t outputs = weight[transposed ? 1 : 0];
    const int64_t inputs = weight[transposed ? 0 : 1];
    if (group < 1 || group > n.shape(0)[1] || n.shape(0)[1] != (transposed ? inputs : inputs * group) ||
        (!transposed && outputs % group != 0))
        return fail(ErrorCode::ShapeMismatch, "its weight " + weight.text() + " does not fit " +
                                                  std::to_string(n.shape(0)[1]) + " channels in " +
                                                  std::to_string(group) + " groups");
    if (n.has(2) && (n.rank(2) != 1 || n.shape(2)[0] != (transposed ? outputs * group : outputs)))
        return fail(ErrorCode::ShapeMismatch,
                    "its bias " + n.shape(2).text() + " does not fit the weight " + weight.text());
    graph::Attributes attributes;
    attributes.set("strides", std::move(window.strides));
    attributes.set("dilations", std::move(window.dilations));
    attributes.set("pads", std::move(window.pads));
    attributes.set("group", group);
    if (transposed) {
        if (n.attributes().has("output_shape") || n.attributes().text("auto_pad", "NOTSET") != "NOTSET")
            return fail(ErrorCode::Unsupported, "gives an output_shape or auto_pad");
        List padding = n.attributes().integers("output_padding");
        padding.resize(window.kernel.size(), 0);
        attributes.set("output_padding", std::move(padding));
    }
    return n.finish(n.op(), {n.input(0), n.input(1), n.input(2)}, std::move(attributes));
}

Result<void> pool(Lowering& n)
{
    QS_CHECK(n.needRank(0, 3, 4));
    List kernel = n.attributes().integers("kernel_shape");
    if (static_cast<int64_t>(kernel.size()) != n.rank(0) - 2)
        return fail(ErrorCode::Malformed, "its kernel_shape does not fit " + n.shape(0).text());
    if (n.outputUsed(1))
        return fail(ErrorCode::Unsupported, "its output of indices is used");
    QS_ASSIGN(Window window, readWindow(n, std::move(kernel)));
    graph::Attributes attributes;
    if (n.op() == "MaxPool")
        attributes.set("dilations", std::move(window.dilations));
    else if (std::ranges::any_of(window.dilations, [](int64_t d) { return d != 1; }))
        return fail(ErrorCode::Unsupported, "is dilated");
    else
        attributes.set("count_include_pad", n.attributes().integer("count_include_pad", 0));
    attributes.set("kernel_shape", std::move(window.kernel));
    attributes.set("strides", std::move(window.strides));
    attributes.set("pads", std::move(window.pads));
    attributes.set("ceil_mode", n.attributes().integer("ceil_mode", 0));
    return n.finish(n.op(), {n.input(0)}, std::move(attributes));
}

constexpr Rule kRules[] = {
    {"Conv", 2, 3, convolution},
    {"ConvTranspose", 2, 3, convolution},
    {"AveragePool", 1, 1, pool},
    {"MaxPool", 1, 1, pool},
};

} // namespace

std::span<const Rule> poolingRules()
{
    return kRules;
}

} // namespace qs::onnx
