#include "core/exec/ops/views.h"
#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"

namespace qs::exec {

namespace {

void sameElements(const BackwardCall& call, std::span<Tensor> gradients)
{
    gradients[0] = call.seeds[0].reshaped(call.in[0].shape);
}

/// Transpose, Slice, Split: each output looks at other elements of the input.
void scatterViews(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.in[0].shape;
    gradients[0] = zeros(shape);
    float* dst = gradients[0].mutableData<float>().data();
    for (std::size_t i = 0; i < call.seeds.size(); ++i) {
        if (call.seeds[i].empty())
            continue;
        const auto map = mapView(call.node, i, shape, contiguousStrides(shape), call.out[i].shape);
        copyStrided({call.seeds[i].bytes(), DType::Float32, call.out[i].shape, contiguousStrides(call.out[i].shape)},
                    dst + map->offset, map->strides, call.pool);
    }
}

void expandBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    gradients[0] = summedTo(call.seeds[0], call.in[0].shape);
}

} // namespace

std::span<const BackwardDef> viewGradients()
{
    static constexpr BackwardDef all[] = {
        {.op = "Dropout", .backward = sameElements},      {.op = "Expand", .backward = expandBackward},
        {.op = "FakeQuantize", .backward = sameElements}, // straight through
        {.op = "Flatten", .backward = sameElements},      {.op = "Identity", .backward = sameElements},
        {.op = "Reshape", .backward = sameElements},      {.op = "Slice", .backward = scatterViews},
        {.op = "Split", .backward = scatterViews},        {.op = "Squeeze", .backward = sameElements},
        {.op = "Transpose", .backward = scatterViews},    {.op = "Unsqueeze", .backward = sameElements},
    };
    return all;
}

} // namespace qs::exec
