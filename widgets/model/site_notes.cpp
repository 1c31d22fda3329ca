#include "widgets/model/site_notes.h"

#include "widgets/model/document.h"
#include "widgets/model/plans.h"
#include "widgets/theme/format.h"

#include <QCoreApplication>

#include <variant>

namespace qs::ui {

namespace {

QString tr(const char* source)
{
    return QCoreApplication::translate("SiteNotes", source);
}

NoteText textOf(const quant::ZeroPointOverflow& overflow, const quant::SiteSettings& settings, std::size_t channels)
{
    NoteText note;
    note.help = QStringLiteral("overflow");
    note.severe = settings.zeroPoint == quant::ZeroPoint::Clamped;
    const int last = (1 << settings.bits) - 1;
    const QString range =
        QStringLiteral("%1 … %2").arg(formatNumber(overflow.range.low), formatNumber(overflow.range.high));
    const QString where = overflow.overflowing == 0 ? tr("The range %1 does not contain 0").arg(range)
                                                    : tr("%1 of %2 channels have ranges without 0, channel %3 has %4")
                                                          .arg(overflow.overflowing)
                                                          .arg(channels)
                                                          .arg(overflow.channel)
                                                          .arg(range);
    note.text = tr("%1: its zero point would be %2, and codes end at 0 and %3.")
                    .arg(where, formatFixed(overflow.zeroPoint, 0))
                    .arg(last);
    switch (settings.zeroPoint) {
    case quant::ZeroPoint::Clamped:
        note.title = tr("zero point %1, clamped").arg(formatFixed(overflow.zeroPoint, 0));
        note.text += tr(" Clamped, the grid does not cover the values.");
        note.remedy = overflow.overflowing > 0
                          ? tr("Keep 0 in the range, use symmetric codes or one scale for all channels.")
                          : tr("Keep 0 in the range, or use symmetric codes.");
        break;
    case quant::ZeroPoint::ZeroInRange: {
        const double wider = overflow.widening();
        note.title = tr("zero point %1, step × %2").arg(formatFixed(overflow.zeroPoint, 0)).arg(wider, 0, 'f', 1);
        note.text += tr(" The range is widened to contain 0: the step is %1 times as large.").arg(wider, 0, 'f', 1);
        break;
    }
    case quant::ZeroPoint::Wide:
        note.title = tr("zero point %1, wide").arg(formatFixed(overflow.zeroPoint, 0));
        note.text += tr(" It is kept as a 32-bit integer, which is no zero point of ONNX: the export runs in float "
                        "here.");
        break;
    }
    return note;
}

NoteText textOf(const quant::StarvedChannels& found, const quant::SiteSettings& settings, std::size_t)
{
    NoteText note;
    note.help = QStringLiteral("dynamic");
    note.title = tr("channels 1 : %1").arg(formatNumber(found.dynamicRange));
    note.text =
        tr("With one scale at %1 bits %2 of %3 channels have fewer than %4 of %5 levels; the widest is %6 times "
           "as wide as the narrowest.")
            .arg(settings.bits)
            .arg(found.starved)
            .arg(found.used)
            .arg(quant::kFewLevels, 0, 'f', 0)
            .arg(1 << settings.bits)
            .arg(formatNumber(found.dynamicRange));
    note.remedy = tr("A scale for each channel, smoothing where it can be folded, or more bits.");
    return note;
}

NoteText textOf(const quant::GuardTook& guard, const quant::SiteSettings&, std::size_t)
{
    NoteText note;
    note.title = tr("min-max taken");
    note.text = tr("The recipe's own choice has %1 times the error of min-max here, so the guard took min-max.")
                    .arg(formatNumber(guard.times));
    note.remedy = tr("\"Take the recipe literally\" in the menu Quantize keeps the choice nevertheless.");
    return note;
}

} // namespace

NoteText noteText(const quant::SiteNote& note, const quant::SiteSettings& settings, std::size_t channels)
{
    return std::visit([&](const auto& kind) { return textOf(kind, settings, channels); }, note);
}

std::vector<NoteText> siteNotes(const Document& document, const Plans& plans, SiteId site)
{
    const quant::SiteSettings settings = document.settings(site);
    const stats::SiteStatistics* statistics = plans.statistics(site);
    const quant::Plan* plan = plans.plan() ? plans.plan().value.get() : nullptr;
    std::vector<NoteText> texts;
    for (const quant::SiteNote& note :
         quant::notesOf(document.sites()[site], settings, statistics, plan ? plan->guard.get() : nullptr))
        texts.push_back(noteText(note, settings, statistics ? statistics->minimum.size() : 0));
    return texts;
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
