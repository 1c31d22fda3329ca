#include "core/onnx/lowering.h"

#include <algorithm>

namespace qs::onnx {

namespace {

/// Parameters beyond this are nonsense (and would overflow sums and products of sizes), except for the ends of
/// slices, which mean "to the end": those are cut to it.
constexpr int64_t kMaxParameter = int64_t{1} << 31;

std::vector<Rule> collectRules()
{
    std::vector<Rule> rules;
    for (const auto family :
         {elementwiseRules(), constantRules(), movementRules(), gatherRules(), scatterRules(), resizeRules(),
          reductionRules(), productRules(), poolingRules(), normalisationRules(), quantizeRules()})
        rules.insert(rules.end(), family.begin(), family.end());
    std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) { return a.op < b.op; });
    return rules;
}

} // namespace

const Rule* findRule(std::string_view op)
{
    static const std::vector<Rule> rules = collectRules();
    const auto it = std::lower_bound(rules.begin(), rules.end(), op,
                                     [](const Rule& rule, std::string_view wanted) { return rule.op < wanted; });
    return it != rules.end() && it->op == op ? &*it : nullptr;
}

Result<std::optional<std::vector<int64_t>>> Lowering::integers(std::string_view name, std::size_t i) const
{
    using List = std::optional<std::vector<int64_t>>;
    std::vector<int64_t> list;
    if (has(i)) {
        const Tensor* tensor = constant(i);
        if (!tensor)
            return fail(ErrorCode::Unsupported, "its parameter '" + std::string(name) + "' depends on the image");
        if (tensor->shape().rank() > 1)
            return fail(ErrorCode::Malformed, "its parameter '" + std::string(name) + "' is not a list");
        if (tensor->dtype() == DType::Int64) {
            list.assign(tensor->data<int64_t>().begin(), tensor->data<int64_t>().end());
        } else if (tensor->dtype() == DType::Int32) {
            list.assign(tensor->data<int32_t>().begin(), tensor->data<int32_t>().end());
        } else {
            return fail(ErrorCode::Malformed, "its parameter '" + std::string(name) + "' is not of integers");
        }
    } else if (attributes().has(name)) {
        list = attributes().integers(name);
        if (list.empty() && attributes().all().find(name)->second.index() == 0)
            list = {attributes().integer(name, 0)};
    } else {
        return List();
    }
    for (int64_t& value : list)
        value = std::clamp(value, -kMaxParameter, kMaxParameter);
    return List(std::move(list));
}

Result<std::vector<int64_t>> Lowering::neededIntegers(std::string_view name, std::size_t i) const
{
    auto list = integers(name, i);
    if (!list)
        return tl::unexpected<Error>(std::move(list.error()));
    if (!*list)
        return fail(ErrorCode::Malformed, "has no parameter '" + std::string(name) + "'");
    return std::move(**list);
}

Result<std::optional<std::vector<float>>> Lowering::reals(std::string_view name, std::size_t i) const
{
    using List = std::optional<std::vector<float>>;
    if (has(i)) {
        const Tensor* tensor = constant(i);
        if (!tensor)
            return fail(ErrorCode::Unsupported, "its parameter '" + std::string(name) + "' depends on the image");
        if (tensor->dtype() != DType::Float32 || tensor->shape().rank() > 1)
            return fail(ErrorCode::Malformed, "its parameter '" + std::string(name) + "' is not a list of floats");
        return List(std::vector<float>(tensor->floats().begin(), tensor->floats().end()));
    }
    if (!attributes().has(name))
        return List();
    std::vector<float> list = attributes().reals(name);
    if (list.empty() && attributes().all().find(name)->second.index() == 1)
        list = {attributes().real(name, 0)};
    return List(std::move(list));
}

Result<int64_t> Lowering::axis(int64_t fallback, int64_t rank) const
{
    const int64_t axis = attributes().integer("axis", fallback);
    if (axis < -rank || axis >= rank)
        return fail(ErrorCode::Malformed,
                    "axis " + std::to_string(axis) + " is out of range for " + std::to_string(rank) + " dimensions");
    return axis < 0 ? axis + rank : axis;
}

Result<std::vector<int64_t>> Lowering::axes(std::vector<int64_t> list, int64_t rank) const
{
    for (int64_t& axis : list) {
        if (axis < -rank || axis >= rank)
            return fail(ErrorCode::Malformed, "axis " + std::to_string(axis) + " is out of range for " +
                                                  std::to_string(rank) + " dimensions");
        axis = axis < 0 ? axis + rank : axis;
    }
    std::sort(list.begin(), list.end());
    if (std::adjacent_find(list.begin(), list.end()) != list.end())
        return fail(ErrorCode::Malformed, "an axis is listed twice");
    return list;
}

Result<void> Lowering::needRank(std::size_t i, int64_t lowest, int64_t highest) const
{
    if (rank(i) < lowest || rank(i) > highest)
        return fail(ErrorCode::ShapeMismatch,
                    "input " + std::to_string(i) + " (" + shape(i).text() + ") has the wrong number of dimensions");
    return {};
}

graph::Node Lowering::makeNode(std::string op, std::vector<TensorId> inputs, graph::Attributes attributes) const
{
    graph::Node node;
    node.op = std::move(op);
    node.name = m_node.name;
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    node.sources = m_absorbed;
    node.sources.push_back(m_node.position);
    return node;
}

Result<TensorId> Lowering::step(std::string op, std::vector<TensorId> inputs, graph::Attributes attributes)
{
    QS_ASSIGN(const auto outputs,
              m_builder.emit(makeNode(std::move(op), std::move(inputs), std::move(attributes)), {}));
    return outputs.front();
}

Result<void> Lowering::finish(std::string op, std::vector<TensorId> inputs, graph::Attributes attributes)
{
    QS_ASSIGN(m_results,
              m_builder.emit(makeNode(std::move(op), std::move(inputs), std::move(attributes)), m_node.outputNames));
    return {};
}

Result<void> Lowering::finishPending(std::string op, graph::Attributes attributes, const exec::ValueInfo& output)
{
    m_results = m_builder.emitAs(makeNode(std::move(op), {input(0)}, std::move(attributes)), m_node.outputNames,
                                 {&output, 1});
    return {};
}

Result<void> Lowering::finishConstant(Tensor tensor, int32_t fileType)
{
    QS_ASSIGN(const TensorId id, m_builder.addFolded(m_node.outputNames.front(), std::move(tensor)));
    m_builder.noteFileType(id, fileType);
    m_results = {id};
    return {};
}

Result<void> Lowering::finishAs(TensorId id)
{
    m_builder.bypass(id, m_node.position);
    m_results = {id};
    return {};
}

Result<TensorId> Lowering::constantStep(Tensor tensor)
{
    return m_builder.addFolded(m_builder.innerName(m_node.name), std::move(tensor));
}

} // namespace qs::onnx
