#include "core/onnx/lowering.h"

#include <numeric>

namespace qs::onnx {

namespace {

Result<void> reduceOver(Lowering& n, std::string op, std::vector<int64_t> axes, int64_t keepDims)
{
    graph::Attributes attributes;
    attributes.set("axes", std::move(axes));
    attributes.set("keepdims", keepDims);
    return n.finish(std::move(op), {n.input(0)}, std::move(attributes));
}

Result<void> reduce(Lowering& n)
{
    QS_ASSIGN(auto given, n.integers("axes", 1));
    if (!given || given->empty()) {
        if (n.attributes().integer("noop_with_empty_axes", 0) != 0)
            return n.finishAs(n.input(0));
        given = std::vector<int64_t>(n.shape(0).rank());
        std::iota(given->begin(), given->end(), 0);
    }
    QS_ASSIGN(auto axes, n.axes(std::move(*given), n.rank(0)));
    return reduceOver(n, n.op(), std::move(axes), n.attributes().integer("keepdims", 1) != 0);
}

Result<void> globalPool(Lowering& n)
{
    QS_CHECK(n.needRank(0, 3, Shape::kMaxRank));
    std::vector<int64_t> axes(n.shape(0).rank() - 2);
    std::iota(axes.begin(), axes.end(), 2);
    return reduceOver(n, n.op() == "GlobalMaxPool" ? "ReduceMax" : "ReduceMean", std::move(axes), 1);
}

Result<void> argument(Lowering& n)
{
    QS_ASSIGN(const int64_t axis, n.axis(0, n.rank(0)));
    graph::Attributes attributes;
    attributes.set("axis", axis);
    attributes.set("keepdims", n.attributes().integer("keepdims", 1));
    attributes.set("select_last_index", n.attributes().integer("select_last_index", 0));
    return n.finish(n.op(), {n.input(0)}, std::move(attributes));
}

/// Before opset 13 all axes from `axis` on were one.
Result<void> softmax(Lowering& n)
{
    const bool old = n.opset() < 13;
    QS_ASSIGN(int64_t axis, n.axis(old ? 1 : -1, n.rank(0)));
    const Shape shape = n.shape(0);
    const auto first = static_cast<std::size_t>(axis);
    graph::Attributes attributes;
    if (!old || shape.product(first + 1, shape.rank()) == 1) {
        attributes.set("axis", axis);
        return n.finish(n.op(), {n.input(0)}, std::move(attributes));
    }
    graph::Attributes flat, back;
    flat.set("shape", std::vector<int64_t>{shape.product(0, first), shape.product(first, shape.rank())});
    back.set("shape", std::vector<int64_t>(shape.begin(), shape.end()));
    attributes.set("axis", int64_t{1});
    QS_ASSIGN(const TensorId rows, n.step("Reshape", {n.input(0)}, std::move(flat)));
    QS_ASSIGN(const TensorId result, n.step(n.op(), {rows}, std::move(attributes)));
    return n.finish("Reshape", {result}, std::move(back));
}

constexpr Rule kRules[] = {
    {"ReduceMean", 1, 2, reduce},        {"ReduceSum", 1, 2, reduce},       {"ReduceMax", 1, 2, reduce},
    {"ReduceMin", 1, 2, reduce},         {"ReduceProd", 1, 2, reduce},      {"ReduceL1", 1, 2, reduce},
    {"ReduceL2", 1, 2, reduce},          {"ReduceSumSquare", 1, 2, reduce}, {"GlobalAveragePool", 1, 1, globalPool},
    {"GlobalMaxPool", 1, 1, globalPool}, {"ArgMax", 1, 1, argument},        {"ArgMin", 1, 1, argument},
    {"Softmax", 1, 1, softmax},          {"LogSoftmax", 1, 1, softmax},
};

} // namespace

std::span<const Rule> reductionRules()
{
    return kRules;
}

} // namespace qs::onnx
