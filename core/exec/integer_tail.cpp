#include "core/exec/integer_tail.h"

namespace qs::exec {

IntegerTail tailOf(const IntegerProduct& product, const kernels::IntegerView& weight)
{
    const auto n = static_cast<int64_t>(weight.n);
    const std::vector<float>& scale = product.weight->scale;
    IntegerTail tail;
    tail.offset = Tensor(DType::Int32, Shape{n});
    tail.scale = Tensor(DType::Float32, Shape{n});
    const auto offsets = tail.offset.mutableData<int32_t>();
    const auto scales = tail.scale.mutableData<float>();
    for (std::size_t j = 0; j < weight.n; ++j) {
        offsets[j] = (product.bias ? (*product.bias)[j] : 0) - product.a.zeroPoint * weight.columnSums[j];
        scales[j] = product.a.scale * scale[j];
    }
    return tail;
}

void requantize(IntegerTail& tail, const kernels::QuantGrid& grid)
{
    tail.codes = grid;
    if (tail.activation != kernels::Activation::None || tail.residual.present() || !tail.bias.empty())
        return;
    for (float& scale : tail.scale.mutableData<float>())
        scale /= grid.scale;
    tail.codes->scale = 1;
}

} // namespace qs::exec
