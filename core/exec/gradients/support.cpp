#include "core/exec/gradients/support.h"

#include "core/exec/gradients/list.h"
#include "core/exec/ops/product.h"
#include "core/kernels/gemm.h"

#include <algorithm>
#include <cassert>

namespace qs::exec {

namespace {

std::vector<BackwardDef> collectGradients()
{
    std::vector<BackwardDef> all;
#define QS_APPEND(family) all.insert(all.end(), family().begin(), family().end());
    QS_GRADIENT_FAMILIES(QS_APPEND)
#undef QS_APPEND
    std::sort(all.begin(), all.end(), [](const BackwardDef& a, const BackwardDef& b) { return a.op < b.op; });
    return all;
}

constexpr int64_t kLanes = 8;

} // namespace

const BackwardDef* findBackward(std::string_view op)
{
    static const std::vector<BackwardDef> all = collectGradients();
    const auto it = std::lower_bound(all.begin(), all.end(), op,
                                     [](const BackwardDef& d, std::string_view wanted) { return d.op < wanted; });
    return it != all.end() && it->op == op ? &*it : nullptr;
}

double sumOf(const float* a, int64_t count)
{
    double lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        for (int64_t j = 0; j < kLanes; ++j)
            lanes[j] += a[i + j];
    for (; i < count; ++i)
        lanes[i % kLanes] += a[i];
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

double dotOf(const float* a, const float* b, int64_t count)
{
    double lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        for (int64_t j = 0; j < kLanes; ++j)
            lanes[j] += static_cast<double>(a[i + j]) * b[i + j];
    for (; i < count; ++i)
        lanes[i % kLanes] += static_cast<double>(a[i]) * b[i];
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

graph::Node derivedNode(std::string op, const graph::Attributes& attributes, std::size_t inputs)
{
    graph::Node node;
    node.op = std::move(op);
    node.attributes = attributes;
    for (std::size_t i = 0; i < inputs; ++i)
        node.inputs.emplace_back(i);
    node.outputs.emplace_back(inputs);
    return node;
}

Tensor computeNode(const graph::Node& node, std::span<const Tensor> inputs, ThreadPool* pool)
{
    const OpDef* op = findOp(node.op);
    assert(op);
    std::vector<ValueInfo> infos;
    std::vector<ConstView> views;
    for (const Tensor& t : inputs) {
        infos.push_back({t.dtype(), t.shape()});
        views.push_back({t.bytes(), t.dtype(), t.shape(), contiguousStrides(t.shape())});
    }
    const auto outputs = op->infer(node, infos);
    assert(outputs);
    Tensor result(outputs->front().dtype, outputs->front().shape);
    const View target{result.mutableBytes(), result.dtype(), result.shape()};
    std::vector<std::byte> scratch(op->scratchBytes ? op->scratchBytes(node, infos, 1) : 0);
    op->compute(node, views, {&target, 1}, scratch, pool);
    return result;
}

void multiply(const MatrixView& a, const MatrixView& b, float* c, bool add, ThreadPool* pool)
{
    if (a.rows == 0 || b.columns == 0)
        return;
    const auto m = static_cast<std::size_t>(a.rows);
    const auto k = static_cast<std::size_t>(a.columns);
    const auto n = static_cast<std::size_t>(b.columns);
    std::vector<std::byte> scratch(kernels::packedSize(k, n) * sizeof(float) + 64);
    const auto packed =
        kernels::packMatrixInto(reinterpret_cast<float*>(alignScratch(scratch)), b.data, k, n,
                                static_cast<std::size_t>(b.rowStride), static_cast<std::size_t>(b.columnStride));
    std::vector<float> rows;
    const float* left = a.data;
    auto stride = static_cast<std::size_t>(a.rowStride);
    if (a.columnStride != 1) {
        rows.resize(m * k);
        copyStrided({a.data, DType::Float32, Shape{a.rows, a.columns}, Shape{a.rowStride, a.columnStride}},
                    rows.data(), pool);
        left = rows.data();
        stride = k;
    }
    kernels::Epilogue epilogue;
    epilogue.residual = add ? c : nullptr;
    epilogue.residualStride = n;
    kernels::gemmParallel(pool, left, stride, m, packed, c, n, epilogue);
}

Tensor summedTo(const Tensor& seed, const Shape& shape)
{
    if (seed.shape() == shape)
        return seed;
    if (seed.shape().elements() == shape.elements())
        return seed.reshaped(shape);
    Tensor result = zeros(shape);
    const float none = 0;
    Shape still;
    for (std::size_t i = 0; i < seed.shape().rank(); ++i)
        still.push_back(0);
    accumulate(seed.shape(), seed.floats().data(), &none, still, &none, still, result,
               [](float g, float, float) { return g; });
    return result;
}

} // namespace qs::exec
