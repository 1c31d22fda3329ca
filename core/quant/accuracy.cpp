#include "core/quant/accuracy.h"

#include <cmath>
#include <cstdio>

namespace qs::quant {

namespace {

std::optional<stats::Interval> ofLabelled(const Evaluation& evaluation, const std::optional<double>& share)
{
    if (!share || evaluation.labelled == 0)
        return std::nullopt;
    return stats::wilson(stats::hitsOf(*share, evaluation.labelled), evaluation.labelled);
}

std::string ends(const stats::Interval& interval)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.1f to %.1f", interval.low * 100, interval.high * 100);
    return text;
}

} // namespace

std::optional<stats::Interval> top1Interval(const Evaluation& evaluation)
{
    return ofLabelled(evaluation, evaluation.top1);
}

std::optional<stats::Interval> top5Interval(const Evaluation& evaluation)
{
    return ofLabelled(evaluation, evaluation.top5);
}

std::optional<stats::Interval> floatTop1Interval(const Evaluation& evaluation)
{
    return ofLabelled(evaluation, evaluation.floatTop1);
}

std::optional<stats::Interval> agreementInterval(const Evaluation& evaluation)
{
    if (!evaluation.scores || evaluation.images == 0 || evaluation.isFloat)
        return std::nullopt;
    return stats::wilson(stats::hitsOf(evaluation.agreement, evaluation.images), evaluation.images);
}

std::optional<stats::Interval> dropInterval(const Evaluation& evaluation)
{
    if (!evaluation.gained || !evaluation.lost || evaluation.labelled == 0)
        return std::nullopt;
    return stats::pairedDifference(*evaluation.gained, *evaluation.lost, evaluation.labelled);
}

std::string withInterval(double share, const std::optional<stats::Interval>& interval)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.2f %%", share * 100);
    return interval ? text + (" (" + ends(*interval) + ")") : text;
}

std::string pointsWithInterval(double difference, const std::optional<stats::Interval>& interval)
{
    char text[32];
    const double points = std::round(difference * 1e4) / 100 + 0.0; // no "-0.00"
    std::snprintf(text, sizeof text, points == 0 ? "%.2f points" : "%+.2f points", points);
    if (!interval)
        return text;
    return text + (" (" + ends(*interval) + (interval->contains(0) ? ", within noise)" : ")"));
}

} // namespace qs::quant
