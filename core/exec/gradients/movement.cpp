#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"

#include <numeric>

namespace qs::exec {

namespace {

void concatBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape strides = contiguousStrides(call.out[0].shape);
    const std::size_t axis = *resolveAxis(call.node.attributes.integer("axis", 0), call.out[0].shape.rank());
    int64_t at = 0;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        if (call.wanted[i]) {
            gradients[i] = zeros(call.in[i].shape);
            copyStrided({call.seed() + at, DType::Float32, call.in[i].shape, strides}, gradients[i].mutableBytes(),
                        call.pool);
        }
        at += call.in[i].shape[axis] * strides[axis];
    }
}

/// Numbers from `first` on.
Tensor positions(const Shape& shape, int32_t first)
{
    Tensor t(DType::Int32, shape);
    const auto data = t.mutableData<int32_t>();
    std::iota(data.begin(), data.end(), first);
    return t;
}

/// Operators that put elements of their data inputs somewhere: they are asked where, by moving the elements'
/// positions (from 1 on, all data inputs in a row; 0 is what the operator fills in).
void movedBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    graph::Node node = derivedNode(call.node.op, call.node.attributes, call.inputs.size());
    if (node.op == "Pad") {
        node.attributes.erase("constant_value");
        node.attributes.set("value", 0.0f);
    }
    std::vector<Tensor> inputs(call.inputs.begin(), call.inputs.end());
    std::vector<int64_t> starts(call.in.size(), 0);
    int64_t next = 1;
    for (std::size_t i = 0; i < call.in.size(); ++i) {
        const bool data = i == 0 || (node.op == "ScatterND" && i == 2);
        if (!data)
            continue;
        starts[i] = next;
        inputs[i] = positions(call.in[i].shape, static_cast<int32_t>(next));
        next += call.in[i].shape.elements();
    }
    const Tensor sources = computeNode(node, inputs, call.pool);
    const auto from = sources.data<int32_t>();
    const float* dy = call.seed();
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        if (!call.wanted[i])
            continue;
        gradients[i] = zeros(call.in[i].shape);
        const auto dx = gradients[i].mutableData<float>();
        const int64_t start = starts[i];
        const auto size = static_cast<int64_t>(dx.size());
        for (std::size_t j = 0; j < from.size(); ++j)
            if (const int64_t at = from[j] - start; at >= 0 && at < size)
                dx[static_cast<std::size_t>(at)] += dy[j];
    }
}

/// To the elements that were taken; the second output names them.
void topKBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.in[0].shape;
    const std::size_t axis = *resolveAxis(call.node.attributes.integer("axis", -1), shape.rank());
    const int64_t k = call.out[0].shape[axis];
    const int64_t inner = shape.product(axis + 1, shape.rank());
    gradients[0] = zeros(shape);
    if (call.seeds[0].empty())
        return;
    const auto dx = gradients[0].mutableData<float>();
    const auto index = call.outputs[1].data<int64_t>();
    for (int64_t i = 0; i < call.out[0].shape.elements(); ++i) {
        const int64_t o = i / (k * inner);
        const int64_t at = (o * shape[axis] + index[static_cast<std::size_t>(i)]) * inner + i % inner;
        dx[static_cast<std::size_t>(at)] += call.seed()[i];
    }
}

Result<void> checkTopK(const graph::Node& node, Infos)
{
    if (node.outputs.size() < 2 || !node.outputs[1].valid())
        return unsupported("TopK without its output of indices");
    return {};
}

} // namespace

std::span<const BackwardDef> movementGradients()
{
    static constexpr uint32_t kData = 1;
    static constexpr uint32_t kDataAndUpdates = 5;
    static constexpr BackwardDef all[] = {
        {.op = "Concat", .backward = concatBackward},
        {.op = "DepthToSpace", .keeps = Keeps::Inputs, .backward = movedBackward},
        {.op = "Gather", .keeps = Keeps::Inputs, .backward = movedBackward, .inputs = kData},
        {.op = "GatherElements", .keeps = Keeps::Inputs, .backward = movedBackward, .inputs = kData},
        {.op = "GatherND", .keeps = Keeps::Inputs, .backward = movedBackward, .inputs = kData},
        {.op = "Pad", .keeps = Keeps::Inputs, .backward = movedBackward, .inputs = kData},
        {.op = "ScatterND", .keeps = Keeps::Inputs, .backward = movedBackward, .inputs = kDataAndUpdates},
        {.op = "SpaceToDepth", .keeps = Keeps::Inputs, .backward = movedBackward},
        {.op = "Tile", .keeps = Keeps::Inputs, .backward = movedBackward},
        {.op = "TopK", .keeps = Keeps::Outputs, .backward = topKBackward, .check = checkTopK},
        {.op = "Trilu", .keeps = Keeps::Inputs, .backward = movedBackward},
    };
    return all;
}

} // namespace qs::exec
