#include "core/quant/accuracy.h"

#include "core/base/number_text.h"

#include <cmath>

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
    return numberText(interval.low * 100, "%.1f") + " to " + numberText(interval.high * 100, "%.1f");
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
    const std::string text = numberText(share * 100, "%.2f %%");
    return interval ? text + (" (" + ends(*interval) + ")") : text;
}

std::string pointsWithInterval(double difference, const std::optional<stats::Interval>& interval)
{
    const std::string text = numberText(difference * 100, "%+.2f") + " points";
    if (!interval)
        return text;
    return text + (" (" + ends(*interval) + (interval->contains(0) ? ", within noise)" : ")"));
}

} // namespace qs::quant
