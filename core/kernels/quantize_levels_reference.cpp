#include "core/kernels/quantize_levels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::kernels {

namespace {

// The floats next above 2^(1/4), 2^(1/2) and 2^(3/4).
constexpr float kQuarter = 0x1.306fe2p+0F;
constexpr float kHalf = 0x1.6a09e8p+0F;
constexpr float kThreeQuarters = 0x1.ae89fap+0F;

float regionLevel(float x, const LevelRegion& region)
{
    const float code = std::nearbyint(x / region.step) + 0.0F; // never -0
    const float raised = code > region.low ? code : region.low;
    return (raised < region.high ? raised : region.high) * region.step;
}

} // namespace

float leastOfLog(bool rootTwo, int code)
{
    const float border = !rootTwo   ? std::ldexp(kHalf, -code - 1)
                         : code % 2 ? std::ldexp(kQuarter, -(code + 1) / 2)
                                    : std::ldexp(kThreeQuarters, -code / 2 - 1);
    return std::max(border, std::numeric_limits<float>::min());
}

namespace reference {

void fakeQuantizeRegions(std::span<const float> x, const RegionLevels& levels, std::span<float> y)
{
    for (std::size_t i = 0; i < x.size(); ++i) {
        const bool upper = levels.byMagnitude ? std::fabs(x[i]) > levels.border : x[i] >= levels.border;
        y[i] = regionLevel(x[i], upper ? levels.upper : levels.lower);
    }
}

void fakeQuantizeLog(std::span<const float> x, const LogLevels& levels, std::span<float> y)
{
    const float root = static_cast<float>(levels.scale * std::sqrt(2.0));
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float r = x[i] / levels.scale;
        if (!(r >= levels.least)) {
            y[i] = 0;
            continue;
        }
        int exponent = 0;
        const float mantissa = 2 * std::frexp(std::min(r, 1.0F), &exponent); // [1, 2)
        --exponent;
        if (mantissa >= (levels.rootTwo ? kThreeQuarters : kHalf))
            y[i] = std::ldexp(1.0F, exponent + 1) * levels.scale;
        else
            y[i] = std::ldexp(1.0F, exponent) * (levels.rootTwo && mantissa >= kQuarter ? root : levels.scale);
    }
}

} // namespace reference

} // namespace qs::kernels
