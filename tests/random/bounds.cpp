#include "bounds.h"

#include "core/exec/op.h"

#include <algorithm>
#include <cmath>

namespace qs::random_tests {

namespace {

Tensor each(const Tensor& a, auto&& f)
{
    Tensor result(DType::Float32, a.shape());
    const auto dst = result.mutableData<float>();
    for (std::size_t i = 0; i < dst.size(); ++i)
        dst[i] = f(i, a.floats()[i]);
    return result;
}

/// One operand: its float values, and how far its codes may be from them.
struct OperandError {
    Tensor value, magnitude, eps;
    bool coded = false;
};

std::optional<OperandError> operandError(const onnx::Model& model, const quant::Plan& plan, graph::Use use,
                                         const std::vector<Tensor>& values)
{
    const TensorId id = model.graph.node(use.node).inputs[static_cast<std::size_t>(use.input)];
    OperandError operand;
    operand.value = model.graph.value(id).isConstant() ? model.graph.value(id).constant : values[id.index()];
    if (operand.value.dtype() != DType::Float32)
        return std::nullopt;
    operand.magnitude = each(operand.value, [](std::size_t, float v) { return std::abs(v); });
    operand.eps = Tensor(DType::Float32, operand.value.shape());
    const SiteId site = model.sites.at(use);
    if (!site.valid())
        return operand;
    const quant::SitePlan& numbers = plan[site];
    // Quantized or not: the values are not those that the float weight is for; or the weight has taken a transform.
    if (numbers.transform() || plan.smoothed.constants.contains(use))
        return std::nullopt;
    if (!numbers.quantized())
        return operand;
    if (model.sites[site].shape != operand.value.shape())
        return std::nullopt;
    operand.coded = true;
    const graph::ChannelLayout& layout = model.sites[site].layout;
    if (numbers.uniform()) {
        const quant::UniformGrid& grid = numbers.grid;
        operand.eps = each(operand.value, [&](std::size_t i, float v) {
            const std::size_t parts = grid.scale.size();
            const std::size_t channel =
                i / static_cast<std::size_t>(layout.inner) % static_cast<std::size_t>(layout.channels);
            const std::size_t c = parts == 1 ? 0 : channel * parts / static_cast<std::size_t>(layout.channels);
            const double s = grid.scale[c];
            const double low = (grid.qmin - grid.zeroPoint[c]) * s, high = (grid.qmax - grid.zeroPoint[c]) * s;
            return static_cast<float>(s / 2 * (1 + 1e-5) + std::max({0.0, low - v, v - high}));
        });
    } else if (numbers.map) {
        Tensor mapped(DType::Float32, operand.value.shape());
        numbers.map->apply(operand.value.floats().data(), mapped.mutableData<float>().data(), layout);
        operand.eps = each(operand.value, [&](std::size_t i, float v) { return std::abs(mapped.floats()[i] - v); });
    } else {
        operand.eps = each(operand.value,
                           [&](std::size_t i, float v) { return std::abs(numbers.dequantized.floats()[i] - v); });
    }
    return operand;
}

} // namespace

std::optional<double> shareOfBound(const onnx::Model& model, const quant::Plan& plan, NodeId id,
                                   const std::vector<Tensor>& values, const Tensor& output)
{
    graph::Node node = model.graph.node(id);
    if (node.op != "Linear" && node.op != "MatMul" && node.op != "Conv")
        return std::nullopt;
    const auto x = operandError(model, plan, {id, 0}, values);
    const auto w = operandError(model, plan, {id, 1}, values);
    if (!x || !w || (!x->coded && !w->coded))
        return std::nullopt;
    // A weight that changes without a code of its own belongs to a smoothed, corrected or otherwise folded layer.
    if (!w->coded && plan.simulation.constants.contains({id, 1}))
        return std::nullopt;
    for (const graph::Site& site : model.sites)
        if (site.kind == graph::SiteKind::Weight && model.sites.at({id, 1}) == site.id &&
            plan[site.id].settings.biasCorrection)
            return std::nullopt;
    Tensor bias, changed;
    if (node.inputs.size() > 2 && node.inputs[2].valid())
        bias = model.graph.value(node.inputs[2]).constant;
    if (const auto it = plan.simulation.constants.find({id, 2}); it != plan.simulation.constants.end())
        changed = it->second;
    node.inputs.resize(2);
    const auto product = [&](const Tensor& a, const Tensor& b) { return exec::evaluate(node, std::vector{a, b}); };
    const auto y = product(x->value, w->value), size = product(x->magnitude, w->magnitude);
    const auto a = product(x->eps, w->magnitude), b = product(x->magnitude, w->eps), c = product(x->eps, w->eps);
    if (!y || !size || !a || !b || !c)
        return std::nullopt;
    const std::size_t count = output.floats().size();
    const std::size_t channels =
        bias.empty() && changed.empty() ? 1 : (bias.empty() ? changed : bias).floats().size();
    const std::size_t inner = node.op == "Conv" ? count / channels / static_cast<std::size_t>(output.shape()[0]) : 1;
    double worst = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t channel = i / inner % channels;
        const double exact = bias.empty() ? 0 : bias.floats()[channel];
        const double stored = changed.empty() ? exact : changed.floats()[channel];
        const double bound = static_cast<double>(a->front().floats()[i]) + b->front().floats()[i] +
                             c->front().floats()[i] + std::abs(stored - exact) +
                             1e-5 * (size->front().floats()[i] + std::abs(exact)) + 1e-30;
        worst = std::max(worst, std::abs(output.floats()[i] - y->front().floats()[i] - exact) / bound);
    }
    return worst;
}

} // namespace qs::random_tests
