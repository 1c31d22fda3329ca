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

/// atan in float by one polynomial, some twice as fast as the C library's: above 1,
///   atan(x) = π/2 - atan(1 / x);
/// the polynomial is that of SLEEF's atanf, within 4 units in the last place.
inline float atanOf(float x)
{
    const float a = std::fabs(x);
    const float t = (a > 1.0F ? 1.0F : a) / (a > 1.0F ? a : 1.0F), z = t * t;
    float p = 0.00282363896258175373077393F;
    p = p * z - 0.0159569028764963150024414F;
    p = p * z + 0.0425049886107444763183594F;
    p = p * z - 0.0748900920152664184570312F;
    p = p * z + 0.106347933411598205566406F;
    p = p * z - 0.142027363181114196777344F;
    p = p * z + 0.199926957488059997558594F;
    p = p * z - 0.333331018686294555664062F;
    const float low = t + t * (z * p), high = 1.5707963267948966F - low;
    return std::copysign(a > 1.0F ? high : low, x);
}

/// y = f(x), mostly f of the C library: rare in networks, so plain loops.
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
                                    angle<asinhf>("Asinh"), angle<atanOf>("Atan"),  angle<atanhf>("Atanh"),
                                    angle<coshf>("Cosh"),   angle<sinhf>("Sinh"),   angle<tanf>("Tan")};
    return ops;
}

} // namespace qs::exec
