#include "core/exec/ops/product.h"

#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"
#include "core/kernels/gemm.h"

namespace qs::exec {

namespace {

InferResult inferMatMul(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 2, 2));
    QS_CHECK(expectType(in, 0, DType::Float32));
    QS_CHECK(expectType(in, 1, DType::Float32));
    const Shape& a = in[0].shape;
    const Shape& b = in[1].shape;
    QS_ASSIGN(const MatMulPlan plan, planMatMul(a, contiguousStrides(a), b, contiguousStrides(b)));
    std::vector<int64_t> dims(plan.batch.begin(), plan.batch.end());
    if (a.rank() > 1)
        dims.push_back(plan.m);
    if (b.rank() > 1)
        dims.push_back(plan.n);
    return oneOutput(DType::Float32, dims);
}

std::size_t packedBytes(const MatMulPlan& plan)
{
    return kernels::packedSize(static_cast<std::size_t>(plan.k), static_cast<std::size_t>(plan.n)) * sizeof(float) +
           64;
}

std::size_t scratchMatMul(const graph::Node&, Infos in, int)
{
    return packedBytes(
        *planMatMul(in[0].shape, contiguousStrides(in[0].shape), in[1].shape, contiguousStrides(in[1].shape)));
}

void computeMatMul(const graph::Node&, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte> scratch, ThreadPool* pool)
{
    const MatMulPlan plan = *planMatMul(in[0].shape, in[0].strides, in[1].shape, in[1].strides);
    auto* buffer = reinterpret_cast<float*>(alignScratch(scratch));
    if (out[0].shape.elements() == 0)
        return;
    for (int64_t i = 0; i < plan.batches; ++i) {
        const auto packed =
            kernels::packMatrixInto(buffer, in[1].as<float>() + plan.offset(i, plan.bBatch),
                                    static_cast<std::size_t>(plan.k), static_cast<std::size_t>(plan.n),
                                    static_cast<std::size_t>(plan.bRow), static_cast<std::size_t>(plan.bColumn));
        kernels::gemmParallel(pool, in[0].as<float>() + plan.offset(i, plan.aBatch),
                              static_cast<std::size_t>(plan.aRow), static_cast<std::size_t>(plan.m), packed,
                              out[0].as<float>() + i * plan.m * plan.n, static_cast<std::size_t>(plan.n));
    }
}

InferResult inferLinear(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 2, 3));
    for (std::size_t i = 0; i < in.size(); ++i)
        if (given(node, in, i))
            QS_CHECK(expectType(in, i, DType::Float32));
    const Shape& x = in[0].shape;
    const Shape& w = in[1].shape;
    if (x.rank() == 0 || w.rank() != 2 || x.back() != w[0])
        return mismatch("input " + x.text() + " does not fit weights " + w.text());
    if (given(node, in, 2) && !(in[2].shape == Shape{w[1]}))
        return mismatch("bias " + in[2].shape.text() + " does not fit weights " + w.text());
    std::vector<int64_t> dims(x.begin(), x.end());
    dims.back() = w[1];
    return oneOutput(DType::Float32, dims);
}

std::size_t scratchLinear(const graph::Node&, Infos in, int)
{
    return kernels::packedSize(static_cast<std::size_t>(in[1].shape[0]), static_cast<std::size_t>(in[1].shape[1])) *
               sizeof(float) +
           64;
}

void computeLinear(const graph::Node&, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte> scratch, ThreadPool* pool)
{
    const auto k = static_cast<std::size_t>(in[1].shape[0]);
    const auto n = static_cast<std::size_t>(in[1].shape[1]);
    if (out[0].shape.elements() == 0)
        return;
    const auto packed =
        kernels::packMatrixInto(reinterpret_cast<float*>(alignScratch(scratch)), in[1].as<float>(), k, n, n, 1);
    kernels::Epilogue epilogue;
    epilogue.bias = in.size() > 2 && in[2].present() ? in[2].as<float>() : nullptr;
    kernels::gemmParallel(pool, in[0].as<float>(), k, static_cast<std::size_t>(out[0].shape.elements()) / n, packed,
                          out[0].as<float>(), n, epilogue);
}

} // namespace

std::byte* alignScratch(std::span<std::byte> scratch)
{
    const auto at = reinterpret_cast<std::uintptr_t>(scratch.data());
    return scratch.data() + ((at + 63) / 64 * 64 - at);
}

int64_t MatMulPlan::offset(int64_t i, const Shape& strides) const
{
    int64_t at = 0;
    for (std::size_t d = batch.rank(); d-- > 0;) {
        at += i % batch[d] * strides[d];
        i /= batch[d];
    }
    return at;
}

Result<MatMulPlan> planMatMul(const Shape& a, const Shape& aStrides, const Shape& b, const Shape& bStrides)
{
    if (a.rank() == 0 || b.rank() == 0)
        return mismatch("a product needs at least one dimension");
    MatMulPlan plan;
    const std::size_t aLead = a.rank() > 1 ? a.rank() - 2 : 0;
    const std::size_t bLead = b.rank() > 1 ? b.rank() - 2 : 0;
    plan.k = a.back();
    plan.aColumn = aStrides.back();
    if (a.rank() > 1) {
        plan.m = a[aLead];
        plan.aRow = aStrides[aLead];
    }
    if (b.rank() > 1) {
        plan.n = b.back();
        plan.bColumn = bStrides.back();
    }
    plan.bRow = bStrides[bLead];
    if (b[bLead] != plan.k)
        return mismatch(a.text() + " cannot be multiplied with " + b.text());
    const Shape aDims(a.dims().first(aLead));
    const Shape bDims(b.dims().first(bLead));
    QS_ASSIGN(plan.batch, broadcastShapes(aDims, bDims));
    plan.aBatch = broadcastStrides(aDims, Shape(aStrides.dims().first(aLead)), plan.batch);
    plan.bBatch = broadcastStrides(bDims, Shape(bStrides.dims().first(bLead)), plan.batch);
    QS_CHECK(checkShape(plan.batch.dims()));
    plan.batches = plan.batch.elements();
    return plan;
}

std::span<const OpDef> productOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Linear", .infer = inferLinear, .compute = computeLinear, .scratchBytes = scratchLinear},
        {.name = "MatMul", .infer = inferMatMul, .compute = computeMatMul, .scratchBytes = scratchMatMul},
    };
    return ops;
}

} // namespace qs::exec
