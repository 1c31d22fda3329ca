#pragma once

#include "core/kernels/target.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace qs::kernels {

/// Runs body once for each instruction set that this machine has, with that one selected.
template <class Body>
void forEachTarget(Body body)
{
    for (const std::string& name : availableTargets()) {
        SCOPED_TRACE(name);
        ASSERT_TRUE(selectTarget(name).has_value());
        body();
    }
    ASSERT_TRUE(selectTarget("").has_value());
}

/// Same bits, or both NaN.
inline bool sameBits(float a, float b)
{
    return (a != a && b != b) || std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}
inline bool sameBits(double a, double b)
{
    return (a != a && b != b) || std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

/// Fails with the first index at which the bits differ.
template <class T>
::testing::AssertionResult allSameBits(std::span<const T> got, std::span<const T> want)
{
    if (got.size() != want.size())
        return ::testing::AssertionFailure() << "sizes " << got.size() << " and " << want.size();
    for (std::size_t i = 0; i < got.size(); ++i)
        if (!sameBits(got[i], want[i]))
            return ::testing::AssertionFailure() << "at " << i << " of " << got.size() << ": " << std::hexfloat
                                                 << got[i] << ", expected " << want[i];
    return ::testing::AssertionSuccess();
}
inline ::testing::AssertionResult allSameBits(const std::vector<float>& got, const std::vector<float>& want)
{
    return allSameBits<float>(std::span<const float>(got), std::span<const float>(want));
}

/// Normal values around 0.
inline std::vector<float> normals(std::size_t count, uint32_t seed, float deviation = 1)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> distribution(0, deviation);
    std::vector<float> values(count);
    for (float& v : values)
        v = distribution(engine);
    return values;
}

/// Any bit pattern: subnormals, huge values, infinities, NaNs.
inline std::vector<float> anyFloats(std::size_t count, uint32_t seed)
{
    std::mt19937 engine(seed);
    std::vector<float> values(count);
    for (float& v : values)
        v = std::bit_cast<float>(static_cast<uint32_t>(engine()));
    return values;
}

/// Values that rounding, comparison and range reduction get wrong first.
inline std::vector<float> awkwardFloats()
{
    using Limits = std::numeric_limits<float>;
    std::vector<float> values{0.0f,    -0.0f,   0.5f,    -0.5f,   1.5f,  -1.5f,  2.5f,       126.5f,     127.5f,
                              -128.5f, -127.5f, 254.5f,  255.5f,  1.0f,  -1.0f,  3.0f,       -3.0f,      4.0f,
                              -4.0f,   6.0f,    -6.0f,   9.1f,    -9.1f, 20.0f,  88.7f,      88.8f,      89.5f,
                              -87.3f,  -87.4f,  -103.9f, -104.5f, 1e10f, -1e10f, 8388607.5f, 16777216.0f};
    for (const float v :
         {Limits::min(), Limits::denorm_min(), Limits::max(), Limits::infinity(), Limits::epsilon()}) {
        values.push_back(v);
        values.push_back(-v);
    }
    values.push_back(Limits::quiet_NaN());
    return values;
}

/// Sizes around every vector length.
inline std::vector<std::size_t> awkwardSizes()
{
    std::vector<std::size_t> sizes;
    for (std::size_t n = 0; n <= 33; ++n)
        sizes.push_back(n);
    for (const std::size_t n : {47u, 63u, 64u, 65u, 127u, 197u, 1000u, 4099u})
        sizes.push_back(n);
    return sizes;
}

} // namespace qs::kernels
