#include "core/quant/notes.h"

#include "core/quant/quantizer.h"
#include "core/quant/zero_point.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace qs::quant {

namespace {

/// The zero point that the plain rule would have, codes or not; 0 without a width.
double plainZeroPoint(double low, double high, int bits)
{
    return low < high ? uniformGrid(low, high, bits, Scheme::Asymmetric, ZeroPoint::Wide).zeroPoint.front() : 0;
}

/// By how many codes; <= 0: it is one.
double missedBy(double zeroPoint, int bits)
{
    return std::max(-zeroPoint, zeroPoint - ((1 << bits) - 1));
}

std::optional<ZeroPointOverflow> overflowOf(const SiteSettings& settings, const stats::SiteStatistics& statistics)
{
    if (settings.scheme != Scheme::Asymmetric)
        return {};
    ZeroPointOverflow worst;
    if (settings.granularity != Granularity::Channel) {
        worst.range = {statistics.low(), statistics.high()};
        worst.zeroPoint = plainZeroPoint(worst.range.low, worst.range.high, settings.bits);
        return missedBy(worst.zeroPoint, settings.bits) > 0 ? std::optional(worst) : std::nullopt;
    }
    for (std::size_t c = 0; c < statistics.minimum.size(); ++c) {
        const Range range{statistics.minimum[c], statistics.maximum[c]};
        const double zeroPoint = plainZeroPoint(range.low, range.high, settings.bits);
        const double missed = missedBy(zeroPoint, settings.bits);
        if (missed <= 0)
            continue;
        if (worst.overflowing++ == 0 || missed > missedBy(worst.zeroPoint, settings.bits)) {
            worst.range = range;
            worst.zeroPoint = zeroPoint;
            worst.channel = c;
        }
    }
    return worst.overflowing > 0 ? std::optional(worst) : std::nullopt;
}

std::optional<StarvedChannels> starvedOf(const SiteSettings& settings, const stats::SiteStatistics& statistics)
{
    if (settings.granularity == Granularity::Channel)
        return {};
    double low = statistics.low();
    double high = statistics.high();
    if (settings.scheme == Scheme::Symmetric)
        low = -(high = std::max(std::abs(low), std::abs(high)));
    const double step = (high - low) / ((1 << settings.bits) - 1);
    StarvedChannels found;
    for (std::size_t c = 0; c < statistics.minimum.size(); ++c) {
        const double width = static_cast<double>(statistics.maximum[c]) - statistics.minimum[c];
        if (!(width > 0))
            continue; // never more than one value
        ++found.used;
        found.starved += width < kFewLevels * step ? 1 : 0;
    }
    if (found.used < 2 || static_cast<double>(found.starved) < kStarvedShare * static_cast<double>(found.used))
        return {};
    found.dynamicRange = zeroPointReport(statistics).dynamicRange;
    return found;
}

} // namespace

double ZeroPointOverflow::widening() const
{
    return (std::max(range.high, 0.0) - std::min(range.low, 0.0)) / (range.high - range.low);
}

std::vector<SiteNote> notesOf(const SiteSettings& settings, const stats::SiteStatistics& statistics)
{
    std::vector<SiteNote> notes;
    if (settings.isFloat() || !settings.isUniform() || settings.smoothing.kind != SmoothingKind::None ||
        statistics.minimum.empty())
        return notes;
    if (const auto overflow = overflowOf(settings, statistics))
        notes.emplace_back(*overflow);
    if (const auto starved = starvedOf(settings, statistics))
        notes.emplace_back(*starved);
    return notes;
}

std::vector<SiteNote> notesOf(const graph::Site& site, const SiteSettings& settings,
                              const stats::SiteStatistics* statistics, const GuardReport* guard)
{
    std::vector<SiteNote> notes;
    if (const GuardedGroup* group = guard ? guard->of(site.id) : nullptr; group && group->replaced)
        notes.emplace_back(GuardTook{group->own / group->minMax});
    if (!statistics || site.kind != graph::SiteKind::Activation)
        return notes;
    std::ranges::move(notesOf(settings, *statistics), std::back_inserter(notes));
    if (site.role == graph::Role::SoftmaxOutput)
        std::erase_if(notes, [](const SiteNote& note) { return std::holds_alternative<StarvedChannels>(note); });
    return notes;
}

} // namespace qs::quant
