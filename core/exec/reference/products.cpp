#include "core/exec/reference/indices.h"
#include "core/exec/reference/reference.h"

#include <algorithm>
#include <vector>

namespace qs::exec::reference {

namespace {

/// dst [m, n] = a [m, k] b [k, n], row-major, sums in double.
void multiply(const float* a, const float* b, float* dst, int64_t m, int64_t k, int64_t n, const float* bias)
{
    std::vector<double> sums(static_cast<std::size_t>(n));
    for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j)
            sums[static_cast<std::size_t>(j)] = bias ? bias[j] : 0.0;
        for (int64_t l = 0; l < k; ++l) {
            const double v = a[i * k + l];
            const float* row = b + l * n;
            for (int64_t j = 0; j < n; ++j)
                sums[static_cast<std::size_t>(j)] += v * row[j];
        }
        for (int64_t j = 0; j < n; ++j)
            dst[i * n + j] = static_cast<float>(sums[static_cast<std::size_t>(j)]);
    }
}

void computeLinear(const graph::Node&, std::span<const Tensor> in, std::span<Tensor> out)
{
    const int64_t k = in[1].shape()[0], n = in[1].shape()[1];
    const int64_t m = k == 0 ? out[0].elements() / std::max<int64_t>(1, n) : in[0].elements() / k;
    multiply(in[0].floats().data(), in[1].floats().data(), out[0].mutableData<float>().data(), m, k, n,
             in.size() > 2 && !in[2].empty() ? in[2].floats().data() : nullptr);
}

/// Vectors are matrices of one row (left) or one column (right), as numpy.matmul has it.
void computeMatMul(const graph::Node&, std::span<const Tensor> in, std::span<Tensor> out)
{
    Shape a = in[0].shape(), b = in[1].shape();
    if (a.rank() == 1)
        a = Shape{1, a[0]};
    if (b.rank() == 1)
        b = Shape{b[0], 1};
    const int64_t m = a[a.rank() - 2], k = a.back(), n = b.back();
    Shape aBatch(a.dims().first(a.rank() - 2)), bBatch(b.dims().first(b.rank() - 2));
    Shape batch = aBatch.rank() >= bBatch.rank() ? aBatch : bBatch;
    const Shape& other = aBatch.rank() >= bBatch.rank() ? bBatch : aBatch;
    for (std::size_t i = 0; i < other.rank(); ++i)
        if (int64_t& size = batch[batch.rank() - other.rank() + i]; size == 1)
            size = other[i];
    forEachIndex(batch, [&](const Shape& index, int64_t at) {
        multiply(in[0].floats().data() + broadcastPosition(index, aBatch) * m * k,
                 in[1].floats().data() + broadcastPosition(index, bBatch) * k * n,
                 out[0].mutableData<float>().data() + at * m * n, m, k, n, nullptr);
    });
}

} // namespace

Compute products(std::string_view op)
{
    return op == "Linear" ? computeLinear : op == "MatMul" ? computeMatMul : nullptr;
}

} // namespace qs::exec::reference
