#include "core/exec/output_form.h"

#include "core/graph/op_traits.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace qs::exec {

namespace {

constexpr double kTolerance = 5e-3;
constexpr float kSmallest = 1e-30F;
constexpr float kLargestSigmoid = 1.0F - 0x1p-24F;

std::string_view lastOperator(const graph::Graph& graph)
{
    for (NodeId node = graph.value(graph.output()).producer; node.valid();) {
        const graph::Node& last = graph.node(node);
        if (!graph::has(last, graph::OpTrait::KeepsOrder) || last.inputs.empty() || !last.inputs[0].valid())
            return last.op;
        node = graph.value(last.inputs[0]).producer;
    }
    return {};
}

} // namespace

bool isDistribution(std::span<const float> values)
{
    double sum = 0;
    for (const float value : values) {
        if (!(value >= 0))
            return false;
        sum += value;
    }
    return values.size() > 1 && std::abs(sum - 1) <= kTolerance;
}

OutputForm outputForm(const graph::Graph& graph, const Tensor& outputs)
{
    if (outputs.shape().rank() < 2 || outputs.shape()[0] < 1)
        return OutputForm::Logits;
    const auto values = outputs.floats();
    const std::size_t width = values.size() / static_cast<std::size_t>(outputs.shape()[0]);
    bool distributions = width > 0;
    for (std::size_t at = 0; distributions && at < values.size(); at += width)
        distributions = isDistribution(values.subspan(at, width));
    if (distributions)
        return OutputForm::Probabilities;
    if (lastOperator(graph) == "Sigmoid" &&
        std::ranges::all_of(values, [](float value) { return value >= 0 && value <= 1; }))
        return OutputForm::Sigmoids;
    return OutputForm::Logits;
}

void logProbabilities(std::span<const float> src, std::span<float> dst)
{
    for (std::size_t i = 0; i < src.size(); ++i)
        dst[i] = std::log(std::max(src[i], kSmallest));
}

Tensor asLogits(const Tensor& outputs, OutputForm form)
{
    if (form == OutputForm::Logits)
        return outputs;
    Tensor logits = Tensor::fromFloats(outputs.shape(), outputs.floats());
    const std::span<float> values = logits.mutableData<float>();
    if (form == OutputForm::Probabilities) {
        logProbabilities(values, values);
        return logits;
    }
    for (float& value : values) {
        const float p = std::clamp(value, kSmallest, kLargestSigmoid);
        value = std::log(p) - std::log1p(-p);
    }
    return logits;
}

} // namespace qs::exec
