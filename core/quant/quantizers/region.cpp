// Based on: MPTQ-ViT's OPT-m (= AMP-ViT's AutoScale), reconstructed; see region_search.h.
// Deviations: unknown, since the paper gives no formulas that could be had; the three layouts are its candidates.
#include "core/quant/quantizers/list.h"
#include "core/quant/region_search.h"

namespace qs::quant {

namespace {

bool suitsAll(const stats::SiteStatistics&)
{
    return true;
}

/// A range set by hand is the one that the levels reach; only the ratio is searched then. The other estimators leave
/// the step to the search.
Result<ActivationNumbers> resolveLayout(const QuantizerInput& input, RegionLayout layout, std::string_view name)
{
    QS_CHECK(expectPerTensor(input.settings, name));
    const Estimator& estimator = input.settings.estimator;
    const int bits = input.settings.bits;
    Range seen{input.statistics.low(), input.statistics.high()};
    RegionCandidates candidates;
    candidates.grid = [&](int shift, int step) {
        return regionGrid(layout, seen, bits, shift, static_cast<double>(step) / kSearchSteps);
    };
    if (estimator.kind == EstimatorKind::Manual) {
        QS_ASSIGN(seen, estimateRange(estimator, input.statistics.histogram, seen.low, seen.high, bits,
                                      input.settings.scheme));
        candidates.steps = 1;
        candidates.grid = [&](int shift, int) { return regionGrid(layout, seen, bits, shift, 1); };
    }
    return numbersOf(searchRegions(input, candidates), input.statistics.histogram);
}

Result<ActivationNumbers> resolveSign(const QuantizerInput& input)
{
    return resolveLayout(input, RegionLayout::Sign, "region-sign");
}

Result<ActivationNumbers> resolveMagnitude(const QuantizerInput& input)
{
    if (input.settings.bits < 3)
        return fail(ErrorCode::InvalidArgument, "the quantizer \"region-magnitude\" needs at least 3 bits");
    return resolveLayout(input, RegionLayout::Magnitude, "region-magnitude");
}

Result<ActivationNumbers> resolveAsymmetric(const QuantizerInput& input)
{
    return resolveLayout(input, RegionLayout::Asymmetric, "region-asymmetric");
}

} // namespace

QuantizerDef regionSignQuantizer()
{
    return {.name = "region-sign",
            .title = "Two regions by sign (OPT-m)",
            .description = "A step for negative values and a 2^m times larger one for the others, m chosen from the "
                           "data: MPTQ-ViT's "
                           "OPT-m (AMP-ViT's AutoScale) in PTQ4ViT's layout; the paper's formulas are reconstructed.",
            .suits = suitsAll,
            .resolve = resolveSign,
            .searchesLevels = true};
}

QuantizerDef regionMagnitudeQuantizer()
{
    return {.name = "region-magnitude",
            .title = "Two regions by magnitude (OPT-m)",
            .description =
                "A small step near 0 and a 2^m times larger one beyond, m chosen from the data: MPTQ-ViT's OPT-m "
                "(AMP-ViT's AutoScale) in TSPTQ-ViT's layout; the paper's formulas are reconstructed.",
            .suits = suitsAll,
            .resolve = resolveMagnitude,
            .searchesLevels = true};
}

QuantizerDef regionAsymmetricQuantizer()
{
    return {.name = "region-asymmetric",
            .title = "Two regions, asymmetric (OPT-m)",
            .description =
                "A small step from the smallest value up and a 2^m times larger one above, m chosen from the data: "
                "MPTQ-ViT's OPT-m (AMP-ViT's AutoScale) in a layout of this program; the paper's formulas are "
                "reconstructed.",
            .suits = suitsAll,
            .resolve = resolveAsymmetric,
            .searchesLevels = true};
}

} // namespace qs::quant
