#include "core/quant/region_search.h"

#include "core/quant/level_error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace qs::quant {

namespace {

constexpr int kCoarse = 8;       ///< steps between the first candidates of the output error
constexpr int kReach = 3;        ///< such candidates to each side
constexpr double kWorthATry = 2; ///< times the best histogram error

/// A step that stays a normal float after m halvings.
float smallStep(double large, int shift)
{
    if (!(large > 0))
        return 1;
    const double largest = std::ldexp(std::numeric_limits<float>::max(), -16);
    const double smallest = std::numeric_limits<float>::min();
    return static_cast<float>(std::clamp(std::ldexp(large, -shift), smallest, largest));
}

RegionGrid signGrid(const Range& seen, int bits, int shift, double part)
{
    const int half = 1 << (bits - 1);
    RegionGrid grid;
    grid.fineStep = smallStep(part * std::max(seen.high, -seen.low) / (half - 1), shift);
    grid.lower = {.qmin = -half, .qmax = 0};
    grid.upper = {.shift = shift, .qmin = 0, .qmax = half - 1};
    return grid;
}

RegionGrid magnitudeGrid(const Range& seen, int bits, int shift, double part)
{
    const int half = 1 << (bits - 2);
    RegionGrid grid;
    grid.fineStep = smallStep(part * std::max(seen.high, -seen.low) / (half - 1), shift);
    // The first multiple of the large step above the small region; the border is half way.
    const int first = (((half - 1) >> shift) + 1) << shift;
    grid.border = static_cast<float>((half - 1 + first) / 2.0 * static_cast<double>(grid.fineStep));
    grid.byMagnitude = true;
    grid.lower = {.qmin = first > half ? -half : 1 - half, .qmax = half - 1};
    grid.upper = {.shift = shift, .qmin = -half, .qmax = half - 1};
    return grid;
}

RegionGrid asymmetricGrid(const Range& seen, int bits, int shift, double part)
{
    const int half = 1 << (bits - 1);
    const double low = std::min(seen.low, 0.0);
    const double span = part * std::max(seen.high, 0.0) - low;
    RegionGrid grid;
    grid.fineStep = smallStep(span / (half * (1 + std::ldexp(1.0, shift)) - 1), 0);
    const double below = std::nearbyint(-low / static_cast<double>(grid.fineStep));
    const int zeroPoint = static_cast<int>(std::clamp(below, 0.0, half - 1.0));
    const int top = half - 1 - zeroPoint;
    const int first = (top >> shift) + 1;
    grid.border = static_cast<float>((top + (first << shift)) / 2.0 * static_cast<double>(grid.fineStep));
    grid.lower = {.zeroPoint = zeroPoint, .qmin = 0, .qmax = half - 1};
    grid.upper = {.shift = shift, .zeroPoint = -first, .qmin = 0, .qmax = half - 1};
    return grid;
}

} // namespace

RegionGrid regionGrid(RegionLayout layout, const Range& seen, int bits, int shift, double part)
{
    switch (layout) {
    case RegionLayout::Sign:
        return signGrid(seen, bits, shift, part);
    case RegionLayout::Magnitude:
        return magnitudeGrid(seen, bits, shift, part);
    case RegionLayout::Asymmetric:
        break;
    }
    return asymmetricGrid(seen, bits, shift, part);
}

RegionGrid searchRegions(const QuantizerInput& input, const RegionCandidates& candidates)
{
    struct Place {
        int shift = 0;
        int step = 1;
        double error = std::numeric_limits<double>::infinity();
    };
    const HistogramMoments moments(input.statistics.histogram);
    Place best;
    std::vector<Place> bestOfShift;
    for (int shift = 0; shift < candidates.shifts; ++shift) {
        Place here{shift};
        for (int step = 1; step <= candidates.steps; ++step) {
            const double error = moments.error(cellsOf(candidates.grid(shift, step))).total();
            if (error < here.error)
                here = {shift, step, error};
        }
        if (here.error < best.error)
            best = here;
        bestOfShift.push_back(here);
    }
    if (input.output == nullptr || !byOutput(input.settings.objective))
        return candidates.grid(best.shift, best.step);

    Place chosen;
    const auto consider = [&](int shift, int step) {
        if (step < 1 || step > candidates.steps)
            return;
        const double error = input.output->squaredError(*makeRegionMap(candidates.grid(shift, step)));
        if (error < chosen.error)
            chosen = {shift, step, error};
    };
    for (const Place& place : bestOfShift)
        if (place.error <= kWorthATry * best.error)
            for (int i = -kReach; i <= kReach; ++i)
                consider(place.shift, place.step + i * kCoarse);
    for (int distance = kCoarse / 2; distance > 0; distance /= 2) {
        const Place middle = chosen;
        consider(middle.shift, middle.step - distance);
        consider(middle.shift, middle.step + distance);
    }
    return candidates.grid(chosen.shift, chosen.step);
}

ActivationNumbers numbersOf(const RegionGrid& grid, const stats::Histogram& histogram)
{
    const LevelCells cells = cellsOf(grid);
    ActivationNumbers numbers;
    numbers.range = {cells.levels.front(), cells.levels.back()};
    numbers.levels = grid;
    numbers.map = makeRegionMap(grid);
    numbers.error = HistogramMoments(histogram).error(cells);
    return numbers;
}

Result<void> expectPerTensor(const SiteSettings& settings, std::string_view title)
{
    if (settings.granularity == Granularity::Channel)
        return fail(ErrorCode::InvalidArgument, "the quantizer \"" + std::string(title) +
                                                    "\" has one set of levels for all channels; choose "
                                                    "granularity 'tensor'");
    return {};
}

} // namespace qs::quant
