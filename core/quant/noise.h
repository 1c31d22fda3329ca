#pragma once

#include "core/base/error.h"
#include "core/exec/simulation.h"
#include "core/quant/float_constants.h"
#include "core/quant/plan.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace qs::quant {

/// The fixed random vector u of a site, one number a channel: a function of seed and name alone, the same bits on
/// every machine for Uniform.
///   Uniform:  u ~ U(-1, 1).
///   Released: u = 2 g - 1, g ~ N(0, 1): mean -1 and deviation 2, as NoisyQuant's released code draws it.
std::vector<float> noiseDirection(NoiseLaw law, uint64_t seed, std::string_view site, std::size_t channels);

/// Expected change of the squared error of a value by noise U(-n, n), for levels 2 b apart and a value at distance x
/// from the middle between two levels:  n²/3 - (b/n) (n - x)²  where x <= n,  n²/3 beyond;  0 <= x <= b, n <= 2b - x.
/// Source: NoisyQuant (arXiv 2211.16056), theorem 1.
double noiseErrorChange(double x, double n, double b);
/// Values nearer than this to the middle between two levels gain from the noise: n (1 - sqrt(n / 3b)), for n <= 3b.
double noiseGainDistance(double n, double b);

/// The step that ranges of noise are given in: of a uniform grid its scale, of two regions the larger. 0 where there
/// is none (logarithms, a scale for every channel).
double noiseStep(const SitePlan& plan);

/// Finds the noise of a site whose quantizer is fixed: N = Δ (μ + n u).
///   shift    (where asked for) μ = -1, -0.98, .., 1 at n = 0; the best stays
///   range    n = 0, 1/100, .., 100/100 of the largest; or the one given
///   objective, on the sample rows x of X̂:
///     OutputError  sum |(Q(x + N) - N - x) Ŵ|² over the readers, with float weights
///     InputError   sum |Q(x + N) - N - x|²
/// The first of equals wins, so that noise is never worse than none on these rows, where the range is searched.
/// `statistics`: after smoothing. `smoothing` may be null. A site that cannot have noise gives a plan without it that
/// says why.
/// Source: NoisyQuant. Deviations: the range is searched on rows of the float network, with float weights.
std::shared_ptr<const NoisePlan> planNoise(const FloatConstants& constants, const graph::SiteTable& sites,
                                           const graph::Site& site, const stats::SiteStatistics& statistics,
                                           const SitePlan& plan, const SmoothingPlan* smoothing);

/// q(x + N) - N: what the quantizer with noise does to X̂ where the bias takes N off again.
std::shared_ptr<const exec::ElementMap> makeNoiseMap(std::vector<float> noise,
                                                     std::shared_ptr<const exec::ElementMap> inner);

/// (Ŵ - Ŵq)ᵀ N in double: what a reader's bias, from which ŴᵀN is taken, needs besides. Weights are [k, n].
std::vector<double> denoiseRest(std::span<const float> weight, std::span<const float> quantized,
                                std::span<const float> noise);

/// Values as 16-bit integers times one scale, max|x| / 32767.
void roundToInt16(std::span<float> values);

} // namespace qs::quant
