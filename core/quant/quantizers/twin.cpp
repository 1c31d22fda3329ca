// Based on: PTQ4ViT's released code (github.com/hahnyuan/PTQ4ViT): twin uniform quantization.
// Deviations: a value goes to its nearest level, where the code for softmax adds the split to every value above it;
// codes that no value would take are left out.
#include "core/quant/quantizers/list.h"
#include "core/quant/region_search.h"

#include <algorithm>
#include <cmath>

namespace qs::quant {

namespace {

constexpr double kGeluMinimum = 0.16997124254703522;
constexpr int kSoftmaxSplits = 20;

bool suitsGelu(const stats::SiteStatistics& statistics)
{
    return statistics.low() < 0 && statistics.low() >= -1.05 * kGeluMinimum;
}

bool suitsSoftmax(const stats::SiteStatistics& statistics)
{
    return statistics.low() >= 0 && statistics.high() <= 1.001F;
}

/// x < 0: step |min GELU| / 2^(k-1), fixed;  x >= 0: a step of 1/100, 2/100, .. of max / (2^(k-1) - 0.5). A range set
/// by hand takes the place of the search.
Result<ActivationNumbers> resolveGelu(const QuantizerInput& input)
{
    QS_CHECK(expectPerTensor(input.settings, "twin-gelu"));
    const Estimator& estimator = input.settings.estimator;
    const int half = 1 << (input.settings.bits - 1);
    const bool manual = estimator.kind == EstimatorKind::Manual;
    const double high = std::max(manual ? estimator.high : input.statistics.high(), 0.0);
    RegionCandidates candidates;
    candidates.shifts = 1;
    candidates.steps = manual ? 1 : kSearchSteps;
    candidates.grid = [&](int, int step) {
        const double largest = manual ? high / (half - 1) : high * step / kSearchSteps / (half - 0.5);
        RegionGrid grid;
        grid.fineStep = static_cast<float>(kGeluMinimum / half);
        grid.lower = {.qmin = -half, .qmax = 0};
        grid.upper = {.freeStep = std::max(static_cast<float>(largest), 1e-30F), .qmin = 0, .qmax = half - 1};
        return grid;
    };
    return numbersOf(searchRegions(input, candidates), input.statistics.histogram);
}

/// Below 2^-i: step 2^-i / (2^(k-1) - 1);  above: 1 / (2^(k-1) - 1).  i = 0..19 is searched.
Result<ActivationNumbers> resolveSoftmax(const QuantizerInput& input)
{
    QS_CHECK(expectPerTensor(input.settings, "twin-softmax"));
    if (input.statistics.low() < 0)
        return fail(ErrorCode::InvalidArgument,
                    "the quantizer \"twin-softmax\" has no levels below 0, and there are such values here");
    const int top = (1 << (input.settings.bits - 1)) - 1;
    RegionCandidates candidates;
    candidates.shifts = kSoftmaxSplits;
    candidates.steps = 1;
    candidates.grid = [&](int shift, int) {
        RegionGrid grid;
        grid.fineStep = std::ldexp(1.0F / static_cast<float>(top), -shift);
        const int first = (top >> shift) + 1;
        grid.border = static_cast<float>((top + std::ldexp(first, shift)) / 2 * static_cast<double>(grid.fineStep));
        grid.lower = {.qmin = 0, .qmax = top};
        grid.upper = {.shift = shift, .qmin = std::min(first, top), .qmax = top};
        return grid;
    };
    return numbersOf(searchRegions(input, candidates), input.statistics.histogram);
}

} // namespace

QuantizerDef twinGeluQuantizer()
{
    return {"twin-gelu", "Twin uniform for GELU",
            "A fixed step that covers GELU's minimum of -0.17 for negative values and a searched one for the others "
            "(PTQ4ViT, as in its released code).",
            suitsGelu, resolveGelu};
}

QuantizerDef twinSoftmaxQuantizer()
{
    return {"twin-softmax", "Twin uniform for softmax",
            "A fine step below a searched split 2^-i and one for [0, 1] above it (PTQ4ViT).", suitsSoftmax,
            resolveSoftmax};
}

} // namespace qs::quant
