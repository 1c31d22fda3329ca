// Based on: PTQ4ViT's released code (github.com/hahnyuan/PTQ4ViT): twin uniform quantization.
// Deviations: a value goes to its nearest level, where the code for softmax adds the split to every value above it;
// codes that no value would take are left out.
#include "core/quant/quantizers/list.h"
#include "core/quant/region_search.h"
#include "core/quant/search_grid.h"

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

Result<void> expectNoneBelowZero(const stats::SiteStatistics& statistics)
{
    if (statistics.low() < 0)
        return fail(ErrorCode::InvalidArgument,
                    "the quantizer \"twin-softmax\" has no levels below 0, and there are such values here");
    return {};
}

RegionGrid geluGrid(int half, double positiveStep)
{
    RegionGrid grid;
    grid.fineStep = static_cast<float>(kGeluMinimum / half);
    grid.lower = {.qmin = -half, .qmax = 0};
    grid.upper = {.freeStep = std::max(static_cast<float>(positiveStep), 1e-30F), .qmin = 0, .qmax = half - 1};
    return grid;
}

/// Below 2^-shift: step 2^-shift / top;  above: 1 / top.
RegionGrid softmaxGrid(int top, int shift)
{
    RegionGrid grid;
    grid.fineStep = std::ldexp(1.0F / static_cast<float>(top), -shift);
    const int first = (top >> shift) + 1;
    grid.border = static_cast<float>((top + std::ldexp(first, shift)) / 2 * static_cast<double>(grid.fineStep));
    grid.lower = {.qmin = 0, .qmax = top};
    grid.upper = {.shift = shift, .qmin = std::min(first, top), .qmax = top};
    return grid;
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
        return geluGrid(half, manual ? high / (half - 1) : high * step / kSearchSteps / (half - 0.5));
    };
    return numbersOf(searchRegions(input, candidates), input.statistics.histogram);
}

/// Below 2^-i: step 2^-i / (2^(k-1) - 1);  above: 1 / (2^(k-1) - 1).  i = 0..19 is searched.
Result<ActivationNumbers> resolveSoftmax(const QuantizerInput& input)
{
    QS_CHECK(expectPerTensor(input.settings, "twin-softmax"));
    QS_CHECK(expectNoneBelowZero(input.statistics));
    const int top = (1 << (input.settings.bits - 1)) - 1;
    RegionCandidates candidates;
    candidates.shifts = kSoftmaxSplits;
    candidates.steps = 1;
    candidates.grid = [&](int shift, int) { return softmaxGrid(top, shift); };
    return numbersOf(searchRegions(input, candidates), input.statistics.histogram);
}

/// Positive steps Δ0 = max / (2^(k-1) - 0.5) times the factors of the grid.
Result<RangeCandidates> geluCandidates(const QuantizerInput& input)
{
    QS_CHECK(expectPerTensor(input.settings, "twin-gelu"));
    const int half = 1 << (input.settings.bits - 1);
    const double first = std::max<double>(input.statistics.high(), 0) / (half - 0.5);
    RangeCandidates candidates;
    candidates.numbers.push_back(numbersOf(geluGrid(half, first), input.statistics.histogram));
    for (const double factor : searchFactors(input.settings.estimator.search))
        candidates.numbers.push_back(numbersOf(geluGrid(half, first * factor), input.statistics.histogram));
    return candidates;
}

/// The splits, whatever the grid.
Result<RangeCandidates> softmaxCandidates(const QuantizerInput& input)
{
    QS_CHECK(expectPerTensor(input.settings, "twin-softmax"));
    QS_CHECK(expectNoneBelowZero(input.statistics));
    RangeCandidates candidates;
    candidates.partnersFloat = true;
    for (int shift = 0; shift < kSoftmaxSplits; ++shift)
        candidates.numbers.push_back(
            numbersOf(softmaxGrid((1 << (input.settings.bits - 1)) - 1, shift), input.statistics.histogram));
    return candidates;
}

} // namespace

QuantizerDef twinGeluQuantizer()
{
    return {
        .name = "twin-gelu",
        .title = "Twin uniform for GELU",
        .description =
            "A fixed step that covers GELU's minimum of -0.17 for negative values and a searched one for the others "
            "(PTQ4ViT, as in its released code).",
        .suits = suitsGelu,
        .resolve = resolveGelu,
        .candidates = geluCandidates,
        .searchesLevels = true};
}

QuantizerDef twinSoftmaxQuantizer()
{
    return {.name = "twin-softmax",
            .title = "Twin uniform for softmax",
            .description = "A fine step below a searched split 2^-i and one for [0, 1] above it (PTQ4ViT).",
            .suits = suitsSoftmax,
            .resolve = resolveSoftmax,
            .candidates = softmaxCandidates,
            .refusesNegative = true,
            .searchesLevels = true};
}

} // namespace qs::quant
