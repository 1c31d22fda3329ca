#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <cmath>

namespace qs::exec {

namespace {

constexpr int64_t kGrain = 4096; ///< elements of one chunk: some 50 microseconds of the C library's functions

InferResult inferAngle(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    return oneOutput(DType::Float32, in[0].shape);
}

/// y = f(x), f of the C library: rare in networks, so plain loops.
template <float (*F)(float)>
void computeAngle(const graph::Node&, std::span<const ConstView> in, std::span<const View> out, std::span<std::byte>,
                  ThreadPool* pool)
{
    const float* src = in[0].as<float>();
    float* dst = out[0].as<float>();
    parallelChunks(pool, in[0].shape.elements(), kGrain, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i)
            dst[i] = F(src[i]);
    });
}

template <float (*F)(float)>
constexpr OpDef angle(std::string_view name)
{
    return {.name = name, .infer = inferAngle, .compute = computeAngle<F>, .beforeWrite = 1};
}

} // namespace

std::span<const OpDef> angleOps()
{
    static constexpr OpDef ops[] = {angle<acosf>("Acos"),   angle<acoshf>("Acosh"), angle<asinf>("Asin"),
                                    angle<asinhf>("Asinh"), angle<atanhf>("Atanh"), angle<coshf>("Cosh"),
                                    angle<sinhf>("Sinh"),   angle<tanf>("Tan")};
    return ops;
}

} // namespace qs::exec
