#include "core/base/half.h"

#include <bit>
#include <cmath>
#include <limits>

namespace qs {

namespace {

/// Keeps the upper bits of a number that is finite: adds half of what is dropped, less where the kept part is even.
float dropBits(float value, int dropped)
{
    const auto bits = std::bit_cast<uint32_t>(value);
    const uint32_t half = (1U << (dropped - 1)) - 1, odd = bits >> dropped & 1U;
    return std::bit_cast<float>((bits + half + odd) & ~((1U << dropped) - 1));
}

} // namespace

float fromFloat16(uint16_t bits)
{
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
    const uint32_t exponent = (bits >> 10) & 0x1fu;
    const uint32_t mantissa = bits & 0x3ffu;
    if (exponent == 0x1f)
        return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
    if (exponent != 0)
        return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
    const float subnormal = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(subnormal) | sign);
}

float fromBFloat16(uint16_t bits)
{
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

float roundToFloat16(float value)
{
    constexpr float kInfinite = 65520; // half a step above the largest, and the tie goes to the even one
    constexpr float kLeastNormal = 0x1p-14F, kStep = 0x1p-24F;
    if (!std::isfinite(value))
        return value;
    if (std::abs(value) >= kInfinite)
        return std::copysign(std::numeric_limits<float>::infinity(), value);
    if (std::abs(value) < kLeastNormal)
        return std::copysign(std::nearbyint(value / kStep) * kStep, value);
    return dropBits(value, 13);
}

float roundToBFloat16(float value)
{
    return std::isfinite(value) ? dropBits(value, 16) : value;
}

} // namespace qs
