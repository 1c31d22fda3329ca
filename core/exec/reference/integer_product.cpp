#include "core/exec/reference/integer_product.h"

#include <cmath>
#include <vector>

namespace qs::exec::reference {

namespace {

/// Codes less their zero point.
std::vector<int64_t> codesOf(const Tensor& values, const kernels::QuantGrid& grid)
{
    std::vector<int64_t> codes;
    codes.reserve(values.floats().size());
    for (const float v : values.floats())
        codes.push_back(std::llround(static_cast<double>(v) / static_cast<double>(grid.scale)));
    return codes;
}

/// Number of the matrix that batch `index` of `out` reads, with broadcast leading dimensions.
int64_t matrixOf(const Shape& shape, const Shape& out, int64_t index)
{
    int64_t at = 0;
    int64_t step = 1;
    for (std::size_t back = 3; back <= out.rank(); ++back) {
        const int64_t size = out[out.rank() - back];
        if (back <= shape.rank()) {
            const int64_t own = shape[shape.rank() - back];
            at += own == 1 ? 0 : index % size * step;
            step *= own;
        }
        index /= size;
    }
    return at;
}

} // namespace

void integerProduct(const IntegerProduct& product, const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& out)
{
    const std::vector<int64_t> left = codesOf(a, product.a);
    std::vector<int64_t> right;
    if (product.weight)
        for (const int8_t code : product.weight->codes.data<int8_t>())
            right.push_back(code);
    else
        right = codesOf(b, product.b);
    const Shape& bShape = product.weight ? product.weight->codes.shape() : b.shape();
    const int64_t k = a.shape().back();
    const int64_t n = bShape.back();
    const int64_t m = a.shape()[a.shape().rank() - 2];
    const auto results = out.mutableData<float>();
    for (int64_t r = 0; r < out.elements(); ++r) {
        const int64_t j = r % n;
        const int64_t row = r / n;
        // A Linear's rows are all of a's; a MatMul's are those of its matrix.
        const int64_t batch = product.weight ? 0 : row / m;
        const int64_t aRow = product.weight ? row : matrixOf(a.shape(), out.shape(), batch) * m + row % m;
        const int64_t bFirst = product.weight ? 0 : matrixOf(bShape, out.shape(), batch) * k * n;
        int64_t sum = product.bias ? (*product.bias)[static_cast<std::size_t>(j)] : 0;
        for (int64_t l = 0; l < k; ++l)
            sum += left[static_cast<std::size_t>(aRow * k + l)] * right[static_cast<std::size_t>(bFirst + l * n + j)];
        float scale = product.b.scale;
        if (product.weight)
            scale = product.weight->scale[static_cast<std::size_t>(j)];
        const float y = static_cast<float>(sum) * (product.a.scale * scale);
        results[static_cast<std::size_t>(r)] =
            product.bias || bias.empty() ? y : y + bias.floats()[static_cast<std::size_t>(j)];
    }
}

} // namespace qs::exec::reference
