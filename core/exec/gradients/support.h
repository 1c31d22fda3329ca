#pragma once

#include "core/exec/gradients/backward.h"
#include "core/exec/ops/strided.h"

#include <array>
#include <cstdint>
#include <vector>

namespace qs::exec {

/// Zeros.
inline Tensor zeros(const Shape& shape)
{
    return Tensor(DType::Float32, shape);
}

/// Sums in double of `count` neighbours: sum a, sum a b.
double sumOf(const float* a, int64_t count);
double dotOf(const float* a, const float* b, int64_t count);

/// First output of a node that is made up here, computed by the operator's own code: derivatives that are operators
/// themselves. The node and its inputs must fit (infer accepts them).
Tensor computeNode(const graph::Node& node, std::span<const Tensor> inputs, ThreadPool* pool);

/// A node of one output for computeNode.
graph::Node derivedNode(std::string op, const graph::Attributes& attributes, std::size_t inputs);

/// C [m, n] (rows cRow apart) = A B, or += with `add`. A(i, l) = a[i aRow + l aColumn], B likewise.
struct MatrixView {
    const float* data = nullptr;
    int64_t rows = 0, columns = 0;
    int64_t rowStride = 0, columnStride = 0;
};
void multiply(const MatrixView& a, const MatrixView& b, float* c, bool add, ThreadPool* pool);

/// target += f(seed, x, y) for every element of `shape`, where target, x and y are broadcast to it: what is broadcast
/// in target is summed. x, y: strides over shape (all 0 and any data where f ignores it).
template <class F>
void accumulate(const Shape& shape, const float* seed, const float* x, const Shape& xStrides, const float* y,
                const Shape& yStrides, Tensor& target, F f)
{
    const Shape targetStrides = broadcastStrides(target.shape(), contiguousStrides(target.shape()), shape);
    const StridedLoop<4> loop(shape, {contiguousStrides(shape), xStrides, yStrides, targetStrides});
    float* dst = target.mutableData<float>().data();
    const int64_t n = loop.inner();
    const int64_t sx = loop.innerStride(1);
    const int64_t sy = loop.innerStride(2);
    const bool summed = loop.innerStride(3) == 0;
    const auto row = [&](const float* g, const float* a, int64_t sa, const float* b, int64_t sb, float* t) {
        if (summed) {
            double sum = 0;
            for (int64_t i = 0; i < n; ++i)
                sum += f(g[i], a[i * sa], b[i * sb]);
            *t += static_cast<float>(sum);
        } else {
            for (int64_t i = 0; i < n; ++i)
                t[i] += f(g[i], a[i * sa], b[i * sb]);
        }
    };
    loop.forRows(0, loop.rows(), [&](const std::array<int64_t, 4>& at) {
        const float* g = seed + at[0];
        const float* a = x + at[1];
        const float* b = y + at[2];
        float* t = dst + at[3];
        if (sx == 1 && sy == 1) // constants: the compiler makes vectors of the inner loops
            row(g, a, 1, b, 1, t);
        else if (sx == 1 && sy == 0)
            row(g, a, 1, b, 0, t);
        else if (sx == 0 && sy == 1)
            row(g, a, 0, b, 1, t);
        else
            row(g, a, sx, b, sy, t);
    });
}

/// The seed summed to `shape`, which was broadcast to the seed's.
Tensor summedTo(const Tensor& seed, const Shape& shape);

} // namespace qs::exec
