#include "core/exec/op.h"

#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <new>

namespace qs::exec {

namespace {

// A file of a few bytes can ask for a constant of any size; real models stay far below this (1 GiB of floats).
constexpr int64_t kMaxConstantElements = int64_t{1} << 28;

std::vector<OpDef> collectOps()
{
    std::vector<OpDef> ops;
#define QS_APPEND(family) ops.insert(ops.end(), family().begin(), family().end());
    QS_OPERATOR_FAMILIES(QS_APPEND)
#undef QS_APPEND
    std::sort(ops.begin(), ops.end(), [](const OpDef& a, const OpDef& b) { return a.name < b.name; });
    return ops;
}

} // namespace

std::span<const OpDef> allOps()
{
    static const std::vector<OpDef> ops = collectOps();
    return ops;
}

const OpDef* findOp(std::string_view name)
{
    const auto ops = allOps();
    const auto it = std::lower_bound(ops.begin(), ops.end(), name,
                                     [](const OpDef& op, std::string_view wanted) { return op.name < wanted; });
    return it != ops.end() && it->name == name ? &*it : nullptr;
}

Result<std::vector<Tensor>> evaluate(const graph::Node& node, std::span<const Tensor> inputs)
{
    const OpDef* op = findOp(node.op);
    if (!op)
        return fail(ErrorCode::Unsupported, "operator " + node.op + " is not supported", node.name);
    std::vector<ValueInfo> infos;
    std::vector<ConstView> views;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Tensor& t = inputs[i];
        if (t.empty() && (i >= node.inputs.size() || node.inputs[i].valid()))
            return fail(ErrorCode::ShapeMismatch, "input " + std::to_string(i) + " is missing", node.name);
        infos.push_back({t.dtype(), t.shape()});
        views.push_back({t.bytes(), t.dtype(), t.shape(), contiguousStrides(t.shape())});
    }
    auto outputs = op->infer(node, infos);
    if (!outputs) {
        outputs.error().where = node.name;
        return tl::unexpected<Error>(std::move(outputs.error()));
    }
    for (const ValueInfo& info : *outputs)
        if (info.shape.elements() > kMaxConstantElements)
            return fail(ErrorCode::TooLarge, node.op + " gives a constant of " + info.shape.text(), node.name);
    try {
        std::vector<Tensor> results;
        std::vector<View> targets;
        for (const ValueInfo& info : *outputs) {
            results.emplace_back(info.dtype, info.shape);
            targets.push_back({results.back().mutableBytes(), info.dtype, info.shape});
        }
        std::vector<std::byte> scratch(op->scratchBytes ? op->scratchBytes(node, infos, 1) : 0);
        op->compute(node, views, targets, scratch, nullptr);
        return results;
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to compute " + node.op, node.name);
    }
}

} // namespace qs::exec
