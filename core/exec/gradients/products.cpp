#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"
#include "core/exec/ops/product.h"

namespace qs::exec {

namespace {

/// y = x W + b:  dx = dy W^T,  dW = x^T dy,  db = sum of the rows of dy.
void linearBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const int64_t k = call.in[1].shape[0];
    const int64_t n = call.in[1].shape[1];
    const int64_t m = n > 0 ? call.out[0].shape.elements() / n : 0;
    const MatrixView dy{call.seed(), m, n, n, 1};
    if (call.wanted[0]) {
        gradients[0] = zeros(call.in[0].shape);
        multiply(dy, {call.inputs[1].floats().data(), n, k, 1, n}, gradients[0].mutableData<float>().data(), false,
                 call.pool);
    }
    if (call.wanted[1]) {
        gradients[1] = zeros(call.in[1].shape);
        multiply({call.inputs[0].floats().data(), k, m, 1, k}, dy, gradients[1].mutableData<float>().data(), false,
                 call.pool);
    }
    if (call.wanted.size() > 2 && call.wanted[2])
        gradients[2] = summedTo(call.seeds[0], call.in[2].shape);
}

/// C = A B:  dA = dC B^T,  dB = A^T dC; what is broadcast over the leading dimensions is summed.
void matMulBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& aShape = call.in[0].shape;
    const Shape& bShape = call.in[1].shape;
    const MatMulPlan p = *planMatMul(aShape, contiguousStrides(aShape), bShape, contiguousStrides(bShape));
    const float* a = call.inputs[0].floats().data();
    const float* b = call.inputs[1].floats().data();
    float* da = nullptr;
    float* db = nullptr;
    if (call.wanted[0])
        da = (gradients[0] = zeros(aShape)).mutableData<float>().data();
    if (call.wanted[1])
        db = (gradients[1] = zeros(bShape)).mutableData<float>().data();
    for (int64_t i = 0; i < p.batches; ++i) {
        const MatrixView dc{call.seed() + i * p.m * p.n, p.m, p.n, p.n, 1};
        const int64_t atA = p.offset(i, p.aBatch);
        const int64_t atB = p.offset(i, p.bBatch);
        if (da)
            multiply(dc, {b + atB, p.n, p.k, p.bColumn, p.bRow}, da + atA, true, call.pool);
        if (db)
            multiply({a + atA, p.k, p.m, p.aColumn, p.aRow}, dc, db + atB, true, call.pool);
    }
}

} // namespace

std::span<const BackwardDef> productGradients()
{
    static constexpr BackwardDef all[] = {
        {.op = "Linear", .keeps = Keeps::Inputs, .backward = linearBackward},
        {.op = "MatMul", .keeps = Keeps::Inputs, .backward = matMulBackward},
    };
    return all;
}

} // namespace qs::exec
