#pragma once

#include "core/base/error.h"
#include "core/exec/simulation.h"
#include "core/kernels/quantize.h"
#include "core/quant/recipe.h"
#include "core/stats/histogram.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::quant {

/// Numbers of a uniform quantizer:  q = clamp(rne(x / scale) + zeroPoint, qmin, qmax),  x' = (q - zeroPoint) * scale.
/// One scale and zero point, or one a channel.
struct UniformGrid {
    std::vector<float> scale;       ///< > 0
    std::vector<int32_t> zeroPoint; ///< in [qmin, qmax], but for ZeroPoint::Wide
    int qmin = 0;
    int qmax = 255;
    int levels() const { return qmax - qmin + 1; }
};

/// Scale and zero point for the range [low, high], widened to contain 0 (asymmetric: unless `rule` says otherwise).
///   Symmetric:  scale = max(|low|, |high|) / (2^(bits-1) - 1), zero point 0, codes [-2^(bits-1), 2^(bits-1) - 1];
///               with 8 bits the most negative code is left out, so that weights stay in [-127, 127].
///   Asymmetric: scale = (high - low) / (2^bits - 1), zeroPoint = clamp(rne(-low / scale)), codes [0, 2^bits - 1];
///               ZeroPoint::Wide: within ±2^22 instead of the codes.
/// An empty range (0, 0) gives scale 1. A denormal scale is raised to the smallest normal float.
UniformGrid uniformGrid(double low, double high, int bits, Scheme scheme, ZeroPoint rule = ZeroPoint::ZeroInRange);
/// The same numbers for a kernel: what searches call for every candidate.
kernels::QuantGrid uniformNumbers(double low, double high, int bits, Scheme scheme,
                                  ZeroPoint rule = ZeroPoint::ZeroInRange);

/// The simulated form of a grid: an ElementMap that runs on the quantization kernels.
std::shared_ptr<const exec::ElementMap> makeUniformMap(UniformGrid grid);

/// Levels of a one-channel grid in units of the activation, ascending: what the window draws over the histogram.
std::vector<double> gridLevels(const UniformGrid& grid);

} // namespace qs::quant
