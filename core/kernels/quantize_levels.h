#pragma once

#include <span>

namespace qs::kernels {

/// One region of a quantizer with two steps: codes without zero point, value = code * step.
struct LevelRegion {
    float step = 1; ///< > 0, finite
    float low = 0;  ///< smallest and largest code, whole numbers
    float high = 0;
};

/// A value x belongs to `upper` where |x| > border (byMagnitude) or x >= border (else), to `lower` elsewhere.
struct RegionLevels {
    float border = 0;
    bool byMagnitude = false;
    LevelRegion lower;
    LevelRegion upper;
};

/// Levels scale * b^-q, b = 2 or sqrt 2, and 0. With r = x / scale:
///   r < least: 0;  else q = rne(-log_b(min(r, 1))), decided by comparing r with the floats next above b^-(q + 1/2),
///   which is exact: no float is such a border.  Level: scale * 2^(-q / 2), the odd ones from float(scale * sqrt 2).
struct LogLevels {
    float scale = 1; ///< > 0, finite
    bool rootTwo = true;
    float least = 0x1p-126F; ///< >= the smallest normal float; leastOfLog() gives that of a number of codes
};

/// Smallest x / scale whose code is `code` (0, 1, ..): the float next above b^-(code + 1/2), at least the smallest
/// normal one.
float leastOfLog(bool rootTwo, int code);

// Bit-equal to the reference on every target: they decide codes. NaN gives the lowest level of `lower`, and 0.

/// y = code * step,  code = clamp(rne(x / step), low, high) of the region of x, a true division, half to even.
/// y may be x.
void fakeQuantizeRegions(std::span<const float> x, const RegionLevels& levels, std::span<float> y);
/// y = the level of x; 0 for what is not positive. y may be x.
void fakeQuantizeLog(std::span<const float> x, const LogLevels& levels, std::span<float> y);

namespace reference {
void fakeQuantizeRegions(std::span<const float> x, const RegionLevels& levels, std::span<float> y);
void fakeQuantizeLog(std::span<const float> x, const LogLevels& levels, std::span<float> y);
} // namespace reference

} // namespace qs::kernels
