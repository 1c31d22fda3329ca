#include "widgets/model/site_notes.h"

#include "core/quant/guard.h"
#include "core/quant/zero_point.h"
#include "widgets/model/document.h"
#include "widgets/model/plans.h"
#include "widgets/theme/format.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace qs::ui {

namespace {

QString tr(const char* source)
{
    return QCoreApplication::translate("SiteNotes", source);
}

/// The range of a channel, or of all of them, that misses the codes by most.
struct Overflow {
    double low = 0, high = 0;
    double zeroPoint = 0;     ///< of the plain rule
    std::size_t channel = 0;  ///< of channels
    std::size_t channels = 0; ///< that overflow; 0: it is the tensor
};

double plainZeroPoint(double low, double high, int bits)
{
    const double scale = (high - low) / ((1 << bits) - 1);
    return scale > 0 ? std::nearbyint(-low / scale) : 0;
}

/// By how many codes; <= 0: it is one.
double missedBy(double zeroPoint, int bits)
{
    return std::max(-zeroPoint, zeroPoint - ((1 << bits) - 1));
}

std::optional<Overflow> overflowOf(const quant::SiteSettings& settings, const stats::SiteStatistics& statistics)
{
    if (settings.scheme != quant::Scheme::Asymmetric)
        return {};
    Overflow worst;
    if (settings.granularity != quant::Granularity::Channel) {
        worst.low = statistics.low();
        worst.high = statistics.high();
        worst.zeroPoint = plainZeroPoint(worst.low, worst.high, settings.bits);
        return missedBy(worst.zeroPoint, settings.bits) > 0 ? std::optional(worst) : std::nullopt;
    }
    for (std::size_t c = 0; c < statistics.minimum.size(); ++c) {
        const double low = statistics.minimum[c];
        const double high = statistics.maximum[c];
        const double zeroPoint = plainZeroPoint(low, high, settings.bits);
        const double missed = missedBy(zeroPoint, settings.bits);
        if (missed <= 0)
            continue;
        if (worst.channels++ == 0 || missed > missedBy(worst.zeroPoint, settings.bits)) {
            worst.low = low;
            worst.high = high;
            worst.zeroPoint = zeroPoint;
            worst.channel = c;
        }
    }
    return worst.channels > 0 ? std::optional(worst) : std::nullopt;
}

QString integer(double value)
{
    return QString::number(value, 'f', 0).replace(QLatin1Char('-'), QStringLiteral("−"));
}

SiteNote overflowNote(const Overflow& overflow, const quant::SiteSettings& settings, std::size_t channels)
{
    SiteNote note;
    note.kind = SiteNote::Kind::ZeroPointOverflow;
    note.help = QStringLiteral("overflow");
    note.severe = settings.zeroPoint == quant::ZeroPoint::Clamped;
    const int last = (1 << settings.bits) - 1;
    const QString range = QStringLiteral("%1 … %2").arg(formatNumber(overflow.low), formatNumber(overflow.high));
    const QString where = overflow.channels == 0 ? tr("The range %1 does not contain 0").arg(range)
                                                 : tr("%1 of %2 channels have ranges without 0, channel %3 has %4")
                                                       .arg(overflow.channels)
                                                       .arg(channels)
                                                       .arg(overflow.channel)
                                                       .arg(range);
    note.text = tr("%1: its zero point would be %2, and codes end at 0 and %3.")
                    .arg(where, integer(overflow.zeroPoint))
                    .arg(last);
    switch (settings.zeroPoint) {
    case quant::ZeroPoint::Clamped:
        note.title = tr("zero point %1, clamped").arg(integer(overflow.zeroPoint));
        note.text += tr(" Clamped, the grid does not cover the values.");
        note.remedy = overflow.channels > 0
                          ? tr("Keep 0 in the range, use symmetric codes or one scale for all channels.")
                          : tr("Keep 0 in the range, or use symmetric codes.");
        break;
    case quant::ZeroPoint::ZeroInRange: {
        const double width = std::max(overflow.high, 0.0) - std::min(overflow.low, 0.0);
        const double wider = width / (overflow.high - overflow.low);
        note.title = tr("zero point %1, step × %2").arg(integer(overflow.zeroPoint)).arg(wider, 0, 'f', 1);
        note.text += tr(" The range is widened to contain 0: the step is %1 times as large.").arg(wider, 0, 'f', 1);
        break;
    }
    case quant::ZeroPoint::Wide:
        note.title = tr("zero point %1, wide").arg(integer(overflow.zeroPoint));
        note.text += tr(" It is kept as a 32-bit integer, which is no zero point of ONNX: the export runs in float "
                        "here.");
        break;
    }
    return note;
}

std::optional<SiteNote> dynamicNote(const quant::SiteSettings& settings, const stats::SiteStatistics& statistics)
{
    if (settings.granularity == quant::Granularity::Channel)
        return {};
    double low = statistics.low();
    double high = statistics.high();
    const bool symmetric = settings.scheme == quant::Scheme::Symmetric;
    if (symmetric)
        low = -(high = std::max(std::abs(low), std::abs(high)));
    const double step = (high - low) / ((1 << settings.bits) - 1);
    std::size_t used = 0, starved = 0;
    for (std::size_t c = 0; c < statistics.minimum.size(); ++c) {
        const double width = static_cast<double>(statistics.maximum[c]) - statistics.minimum[c];
        if (!(width > 0))
            continue; // never more than one value
        ++used;
        starved += width < kFewLevels * step ? 1 : 0;
    }
    if (used < 2 || static_cast<double>(starved) < kStarvedShare * static_cast<double>(used))
        return {};
    SiteNote note;
    note.kind = SiteNote::Kind::DynamicRange;
    note.help = QStringLiteral("dynamic");
    note.title = tr("channels 1 : %1").arg(formatNumber(quant::zeroPointReport(statistics).dynamicRange));
    note.text =
        tr("With one scale at %1 bits %2 of %3 channels have fewer than %4 of %5 levels; the widest is %6 times "
           "as wide as the narrowest.")
            .arg(settings.bits)
            .arg(starved)
            .arg(used)
            .arg(kFewLevels, 0, 'f', 0)
            .arg(1 << settings.bits)
            .arg(formatNumber(quant::zeroPointReport(statistics).dynamicRange));
    note.remedy = tr("A scale for each channel, smoothing where it can be folded, or more bits.");
    return note;
}

SiteNote guardNote(const quant::GuardedGroup& group)
{
    SiteNote note;
    note.kind = SiteNote::Kind::Guard;
    note.title = tr("min-max taken");
    note.text = tr("The recipe's own choice has %1 times the error of min-max here, so the guard took min-max.")
                    .arg(formatNumber(group.own / group.minMax));
    note.remedy = tr("\"Take the recipe literally\" in the menu Quantize keeps the choice nevertheless.");
    return note;
}

} // namespace

std::vector<SiteNote> siteNotes(const quant::SiteSettings& settings, const stats::SiteStatistics& statistics)
{
    std::vector<SiteNote> notes;
    if (settings.isFloat() || !settings.isUniform() || settings.smoothing.kind != quant::SmoothingKind::None ||
        statistics.minimum.empty())
        return notes;
    if (const auto overflow = overflowOf(settings, statistics))
        notes.push_back(overflowNote(*overflow, settings, statistics.minimum.size()));
    if (auto note = dynamicNote(settings, statistics))
        notes.push_back(std::move(*note));
    return notes;
}

std::vector<SiteNote> siteNotes(const Document& document, const Plans& plans, SiteId site)
{
    std::vector<SiteNote> notes;
    if (const quant::GuardReport* guard = plans.plan() ? plans.plan()->guard.get() : nullptr)
        if (const quant::GuardedGroup* group = guard->of(site); group && group->replaced)
            notes.push_back(guardNote(*group));
    const stats::SiteStatistics* statistics = plans.statistics(site);
    if (!statistics || document.sites()[site].kind != graph::SiteKind::Activation)
        return notes;
    std::ranges::move(siteNotes(document.settings(site), *statistics), std::back_inserter(notes));
    if (document.sites()[site].role == graph::Role::SoftmaxOutput) // its channels are tokens: they have no scales
        std::erase_if(notes, [](const SiteNote& note) { return note.kind == SiteNote::Kind::DynamicRange; });
    return notes;
}

QString bridgeText(const graph::SiteTable& sites, int bridge)
{
    const auto bridges = sites.bridges();
    if (bridge < 0 || bridge >= static_cast<int>(bridges.size()))
        return {};
    const QString why = bridges[static_cast<std::size_t>(bridge)].kind == graph::BridgeBlock::Kind::Entry
                            ? tr("here the layout of convolutions becomes that of tokens")
                            : tr("here a feature map and tokens attend to each other");
    return tr("Bridge block %1 (one of %2): %3.").arg(bridge).arg(bridges.size()).arg(why);
}

QString bridgeHelp(const graph::SiteTable& sites, int bridge)
{
    const QString text = bridgeText(sites, bridge);
    const std::vector<SiteId> members = text.isEmpty() ? std::vector<SiteId>() : sites.ofBridge(bridge);
    if (members.empty())
        return text;
    const QString first = QString::fromStdString(sites[members.front()].layer);
    const QString last = QString::fromStdString(sites[members.back()].layer);
    return text + QLatin1Char(' ') +
           tr("Layers: %1. Q-HyViT judges their quantizers by the error at the end of the block.")
               .arg(first == last ? first : tr("%1 to %2").arg(first, last));
}

} // namespace qs::ui
