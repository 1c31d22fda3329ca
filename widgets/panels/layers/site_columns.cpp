#include "widgets/panels/layers/site_columns.h"

#include "widgets/theme/format.h"

#include <QCoreApplication>

#include <array>
#include <cmath>

namespace qs::ui {

namespace {

QString text(const char* source)
{
    return QCoreApplication::translate("SitesModel", source);
}

std::array<SiteColumnInfo, static_cast<std::size_t>(SiteColumn::Count)> makeColumns()
{
    std::array<SiteColumnInfo, static_cast<std::size_t>(SiteColumn::Count)> all;
    const auto set = [&all](SiteColumn column, const char* key, const char* header, const char* help, bool number) {
        all[static_cast<std::size_t>(column)] = {QString::fromLatin1(key), text(header), text(help), number};
    };
    set(SiteColumn::Site, "site", "Site",
        "A place where a quantizer can sit: a weight, or an activation on its way into an operator.", false);
    set(SiteColumn::Bits, "bits", "Bits", "Bits of each value, 2 to 8, or float. Double-click or F2 to change it.",
        true);
    set(SiteColumn::Histogram, "histogram", "Values",
        "Histogram of the values, counts on a logarithmic scale; violet: weights, green: activations.", false);
    set(SiteColumn::Sqnr, "sqnr", "SQNR, dB",
        "Isolated error: 10 log₁₀(Σx² / Σ(x − Q(x))²) with only this site quantized and its input that of the float "
        "network. 6 dB are about one bit.",
        true);
    set(SiteColumn::Accumulated, "acc", "Acc., dB",
        "Accumulated error: SQNR of the value that enters the site in the quantized network, all sites before it "
        "quantized, against the float network.",
        true);
    set(SiteColumn::OutputError, "err", "Out. err., %",
        "Relative squared error Σ(y − y_q)² / Σy² of the operator's output with only this site quantized, on sampled "
        "rows. None for products of two activations and convolutions with a window.",
        true);
    set(SiteColumn::Clipped, "clipped", "Clipped, %", "Share of the values that lie outside the range of the codes.",
        true);
    set(SiteColumn::Kurtosis, "kurtosis", "Kurtosis",
        "Excess kurtosis of the values: 0 for a Gaussian; large values mean heavy tails, which make a uniform grid "
        "coarse.",
        true);
    set(SiteColumn::TailWeight, "tail", "max / σ", "Largest absolute value over the standard deviation.", true);
    set(SiteColumn::Sensitivity, "sens", "Sens., mnat",
        "Sensitivity: mean KL divergence of the class probabilities (of other tasks, their loss) with only this site "
        "quantized, in thousandths. Measured on demand (Quantize menu).",
        true);
    set(SiteColumn::Role, "role", "Role", "What the operator that reads the value does, found from structure.",
        false);
    set(SiteColumn::Block, "block", "Block", "Number of the block from the input on.", true);
    set(SiteColumn::Bridge, "bridge", "Bridge",
        "Number of the bridge block: where a hybrid network turns the layout of convolutions into tokens, or lets "
        "both "
        "meet. Hover a cell for the reason.",
        true);
    set(SiteColumn::Warning, "warning", "Warning",
        "Zero-point overflow: a range without 0, whose zero point is no code. Channels 1 : n: with one scale, many "
        "channels have few levels. Hover a cell for the sentence; the inspector links to the page.",
        false);
    set(SiteColumn::ChannelRatio, "ratio", "Ch. ratio",
        "Dynamic range of the channels: width of the widest over that of the narrowest one that has any.", true);
    set(SiteColumn::Kind, "kind", "Kind", "Weight or activation.", false);
    set(SiteColumn::Scheme, "scheme", "Scheme",
        "Symmetric: zero point 0. Asymmetric: a zero point shifts the codes over the range.", false);
    set(SiteColumn::Granularity, "granularity", "Granularity", "One scale per tensor or one per channel.", false);
    set(SiteColumn::Quantizer, "quantizer", "Quantizer",
        "How levels lie: equally spaced, in two regions, or as powers of a number.", false);
    set(SiteColumn::Transforms, "transform", "Transforms",
        "Smoothing of the value, with its α and how it is carried out: folded into the constants around it, or an "
        "explicit operation.",
        false);
    set(SiteColumn::Estimator, "estimator", "Range by", "How the range of the codes is chosen.", false);
    set(SiteColumn::Range, "range", "Range",
        "Range that the codes span, in units of the value; the hull where channels differ. Sorts by width.", true);
    set(SiteColumn::Shape, "shape", "Shape", "Shape of the tensor for one image.", false);
    set(SiteColumn::SizeShare, "share", "Size, %",
        "Share of the bytes of all weights at their present bits. Activations have none.", true);
    set(SiteColumn::Lock, "lock", "Lock", "Locked sites are left alone by searches and group edits.", false);
    return all;
}

const auto& columns()
{
    static const auto all = makeColumns();
    return all;
}

} // namespace

QString kindTitle(graph::SiteKind kind)
{
    return text(kind == graph::SiteKind::Weight ? "weight" : "activation");
}

const SiteColumnInfo& columnInfo(SiteColumn column)
{
    return columns()[static_cast<std::size_t>(column)];
}

SiteColumn columnOfKey(const QString& key)
{
    const auto& all = columns();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].key == key)
            return static_cast<SiteColumn>(i);
    return SiteColumn::Count;
}

double columnNumber(const SiteRow& row, SiteColumn column)
{
    switch (column) {
    case SiteColumn::Bits:
        return row.bits;
    case SiteColumn::Sqnr:
        return row.sqnrDb;
    case SiteColumn::Accumulated:
        return row.accumulatedSqnrDb;
    case SiteColumn::OutputError:
        return 100 * row.outputError;
    case SiteColumn::Clipped:
        return 100 * row.clippedShare;
    case SiteColumn::Kurtosis:
        return row.kurtosis;
    case SiteColumn::TailWeight:
        return row.tailWeight;
    case SiteColumn::Sensitivity:
        return 1000 * row.sensitivityKl;
    case SiteColumn::Block:
        return row.block;
    case SiteColumn::Bridge:
        return row.bridge < 0 ? SiteRow::kNone : row.bridge;
    case SiteColumn::ChannelRatio:
        return row.channelRatio;
    case SiteColumn::Range:
        return row.high - row.low;
    case SiteColumn::SizeShare:
        return 100 * row.sizeShare;
    default:
        return SiteRow::kNone;
    }
}

QString columnWord(const SiteRow& row, SiteColumn column)
{
    switch (column) {
    case SiteColumn::Site:
        return row.name;
    case SiteColumn::Role: {
        const auto name = graph::roleName(row.role);
        return QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()));
    }
    case SiteColumn::Warning:
        return row.warning;
    case SiteColumn::Kind:
        return kindTitle(row.kind);
    case SiteColumn::Scheme:
        return row.scheme;
    case SiteColumn::Granularity:
        return row.granularity;
    case SiteColumn::Quantizer:
        return row.quantizer;
    case SiteColumn::Estimator:
        return row.estimator;
    case SiteColumn::Transforms:
        return row.transforms;
    case SiteColumn::Shape:
        return row.shape;
    case SiteColumn::Lock:
        return row.locked ? text("locked") : QString();
    default:
        return {};
    }
}

bool sameRow(const SiteRow& a, const SiteRow& b)
{
    const auto same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
    return a.id == b.id && a.name == b.name && a.covered == b.covered && a.current == b.current && a.bits == b.bits &&
           a.scheme == b.scheme && a.granularity == b.granularity && a.estimator == b.estimator &&
           a.quantizer == b.quantizer && a.transforms == b.transforms && same(a.low, b.low) && same(a.high, b.high) &&
           same(a.kurtosis, b.kurtosis) && same(a.tailWeight, b.tailWeight) && same(a.clippedShare, b.clippedShare) &&
           same(a.sqnrDb, b.sqnrDb) && same(a.outputError, b.outputError) &&
           same(a.accumulatedSqnrDb, b.accumulatedSqnrDb) && a.accumulatedCurrent == b.accumulatedCurrent &&
           same(a.sensitivityKl, b.sensitivityKl) && a.sensitivityCurrent == b.sensitivityCurrent &&
           same(a.sizeShare, b.sizeShare) && a.bridge == b.bridge && a.bridgeHelp == b.bridgeHelp &&
           a.warning == b.warning && a.warningHelp == b.warningHelp && a.severe == b.severe &&
           same(a.channelRatio, b.channelRatio) && a.locked == b.locked && a.histogram == b.histogram;
}

} // namespace qs::ui
