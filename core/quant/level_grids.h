#pragma once

#include "core/exec/simulation.h"

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace qs::quant {

/// One region of a region-wise quantizer:  q = clamp(rne(x / step) + zeroPoint, qmin, qmax),
/// x' = (q - zeroPoint) · step,  step = fineStep · 2^shift. The zero point may be any integer: a region need not hold
/// 0.
struct Region {
    int shift = 0;
    float freeStep = 0; ///< not 0: the step, whatever the shift (PTQ4ViT's released code for GELU)
    int32_t zeroPoint = 0;
    int qmin = 0;
    int qmax = 0;
    friend bool operator==(const Region&, const Region&) = default;
};

/// Two regions with steps whose ratio is a power of two, so that integer products need one shift between them:
///   x' = fineStep · ((q - zeroPoint) << shift)   exactly, in integers, up to the factor fineStep.
/// A value belongs to `upper` where |x| > border (byMagnitude) or x >= border (else), to `lower` elsewhere.
/// One bit of the code tells the region: both together have at most 2^bits codes (a 0 of both counts once).
/// Source: PTQ4ViT (twin uniform), TSPTQ-ViT (V-2SF), MPTQ-ViT (OPT-m; reconstructed).
struct RegionGrid {
    float fineStep = 1; ///< > 0, units of the activation
    float border = 0;   ///< units of the activation
    bool byMagnitude = false;
    Region lower;
    Region upper;

    const Region& regionOf(float x) const;
    float step(const Region& region) const; ///< exact where the shift gives it
    friend bool operator==(const RegionGrid&, const RegionGrid&) = default;
};

/// Logarithmic codes of non-negative values, for softmax outputs:
///   q = clamp(rne(-log_b(x / scale)), 0, codes - 1),  x' = scale · b^-q, and 0 for the last code (and for x = 0).
/// b = 2 (log2) or sqrt 2 (log√2: x' = scale · 2^-ceil(q / 2) · (√2 for odd q)). `codes` = 2^bits, zero included.
/// Levels below the smallest normal float times scale are 0. Decided by comparisons that are exact, see
/// kernels/quantize_levels.h.
/// `reciprocal` (b = 2 alone): the code of the integer R = rne(scale / x), log2 R rounded down below 1.5 · 2^k and up
/// from there on: borders at scale / x = 1.5, 2.5, 5.5, 11.5, .. = 1.5 · 2^k - 1/2, not at √2 · 2^k.
/// Source: FQ-ViT (log2; reciprocal: its log-int-softmax), RepQ-ViT (log√2; its released code has one code more for
/// 0, kept as `extraZero`).
struct LogGrid {
    float scale = 1; ///< > 0: the largest value
    bool rootTwo = true;
    int codes = 16;
    bool extraZero = false; ///< 0 is not one of the 2^bits codes but one more
    bool reciprocal = false;
    friend bool operator==(const LogGrid&, const LogGrid&) = default;
};

/// A quantizer's levels that are not equally spaced; nothing for uniform ones.
using LevelGrid = std::variant<std::monostate, RegionGrid, LogGrid>;

/// What a quantizer does, as intervals: a value in [borders[i - 1], borders[i]) becomes levels[i]; one below `begin`
/// or above `end` is clipped, as for uniform grids half a step (log: half a code) outside the outermost level.
struct LevelCells {
    std::vector<double> levels;  ///< units of the activation, ascending, each once, only what some value becomes
    std::vector<double> borders; ///< [levels - 1]
    double begin = 0;
    double end = 0;
};
LevelCells cellsOf(const RegionGrid& grid);
LevelCells cellsOf(const LogGrid& grid);

/// Levels in units of the activation, ascending, each once.
std::vector<double> levelsOf(const RegionGrid& grid);
std::vector<double> levelsOf(const LogGrid& grid);

/// Largest code of a log grid that is not 0.
int lastCode(const LogGrid& grid);
/// x / scale from which on a value has at most this code.
float leastRatio(const LogGrid& grid, int code);

/// The simulated forms, on the quantization kernels.
std::shared_ptr<const exec::ElementMap> makeRegionMap(const RegionGrid& grid);
std::shared_ptr<const exec::ElementMap> makeLogMap(const LogGrid& grid);

} // namespace qs::quant
