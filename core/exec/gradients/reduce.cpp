#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"

#include <algorithm>
#include <cmath>

namespace qs::exec {

namespace {

/// dx = f(dy, x, y), dy and y spread over the reduced axes. `count`: elements that one result was made of.
template <class F>
void spread(const BackwardCall& call, std::span<Tensor> gradients, const float* x, const float* y, F f)
{
    const Shape& shape = call.in[0].shape;
    Shape kept = shape; // of the result, as if the reduced axes had been kept with size 1
    const auto axes = integersOf(call.node, "axes");
    if (axes && !axes->empty())
        for (const int64_t a : *axes)
            kept[*resolveAxis(a, shape.rank())] = 1;
    else if (call.node.attributes.integer("noop_with_empty_axes", 0) == 0)
        for (std::size_t i = 0; i < shape.rank(); ++i)
            kept[i] = 1;
    const Shape full = contiguousStrides(shape);
    const Shape reduced = broadcastStrides(kept, contiguousStrides(kept), shape);
    const StridedLoop<2> loop(shape, {full, reduced});
    gradients[0] = zeros(shape);
    float* dx = gradients[0].mutableData<float>().data();
    const float* dy = call.seed();
    loop.forRows(0, loop.rows(), [&](const std::array<int64_t, 2>& at) {
        for (int64_t i = 0; i < loop.inner(); ++i) {
            const int64_t from = at[0] + i * loop.innerStride(0);
            const int64_t to = at[1] + i * loop.innerStride(1);
            dx[from] = f(dy[to], x ? x[from] : 0, y ? y[to] : 0);
        }
    });
}

void reduceBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const std::string_view op = call.node.op;
    const float* x = call.inputs.empty() || call.inputs[0].empty() ? nullptr : call.inputs[0].floats().data();
    const float* y = call.outputs.empty() || call.outputs[0].empty() ? nullptr : call.outputs[0].floats().data();
    const auto with = [&](auto f) { spread(call, gradients, x, y, f); };
    if (op == "ReduceSum")
        return with([](float g, float, float) { return g; });
    if (op == "ReduceMean") {
        const auto share = static_cast<float>(static_cast<double>(call.out[0].shape.elements()) /
                                              static_cast<double>(call.in[0].shape.elements()));
        return with([share](float g, float, float) { return g * share; });
    }
    if (op == "ReduceL1")
        return with([](float g, float v, float) { return v > 0 ? g : (v < 0 ? -g : 0.0f); });
    if (op == "ReduceL2")
        return with([](float g, float v, float norm) { return norm > 0 ? g * v / norm : 0.0f; });
    if (op == "ReduceSumSquare")
        return with([](float g, float v, float) { return 2 * g * v; });
    // ReduceMax, ReduceMin: divided by the number of ties, which is the sum of what each would get.
    with([](float, float v, float best) { return v == best ? 1.0f : 0.0f; });
    const Tensor hits = gradients[0];
    graph::Node count = derivedNode("ReduceSum", call.node.attributes, 1);
    const Tensor ties = computeNode(count, {&hits, 1}, call.pool);
    spread(call, gradients, hits.floats().data(), ties.floats().data(),
           [](float g, float hit, float many) { return hit != 0 ? g / many : 0.0f; });
}

/// The sum that runs the other way.
void cumSumBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    graph::Node node = derivedNode("CumSum", call.node.attributes, 1);
    node.attributes.set("reverse", int64_t{call.node.attributes.integer("reverse", 0) == 0});
    gradients[0] = computeNode(node, call.seeds.first(1), call.pool);
}

} // namespace

std::span<const BackwardDef> reduceGradients()
{
    static constexpr BackwardDef all[] = {
        {.op = "CumSum", .backward = cumSumBackward},
        {.op = "ReduceL1", .keeps = Keeps::Inputs, .backward = reduceBackward},
        {.op = "ReduceL2", .keeps = Keeps::Both, .backward = reduceBackward},
        {.op = "ReduceMax", .keeps = Keeps::Both, .backward = reduceBackward},
        {.op = "ReduceMean", .backward = reduceBackward},
        {.op = "ReduceMin", .keeps = Keeps::Both, .backward = reduceBackward},
        {.op = "ReduceSum", .backward = reduceBackward},
        {.op = "ReduceSumSquare", .keeps = Keeps::Inputs, .backward = reduceBackward},
    };
    return all;
}

} // namespace qs::exec
