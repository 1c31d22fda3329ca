#pragma once

#include "core/graph/sites.h"

#include <QString>

#include <limits>
#include <memory>
#include <vector>

namespace qs::ui {

/// One line of the table of sites: values only.
struct SiteRow {
    static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

    SiteId id;
    QString name;
    graph::SiteKind kind = graph::SiteKind::Activation;
    graph::Role role = graph::Role::Linear;
    int block = -1; ///< -1: stem, -2: head
    QString shape;
    bool covered = true;  ///< false: outside the coverage in force, the site stays in float
    bool current = false; ///< whether the numbers below that depend on the recipe belong to the present one
    int bits = 32;
    QString scheme, granularity, estimator;
    QString quantizer;                ///< title; "" in float
    QString transforms;               ///< "SQ-b α = 0.80, folded"
    double low = kNone, high = kNone; ///< range that the codes span, units of the value
    double kurtosis = kNone;          ///< excess
    double tailWeight = kNone;        ///< max |x| / σ
    double clippedShare = kNone;      ///< of the values, in [0, 1]
    double sqnrDb = kNone;            ///< isolated
    double outputError = kNone;       ///< relative squared, as a fraction
    double accumulatedSqnrDb = kNone;
    bool accumulatedCurrent = false;
    double sensitivityKl = kNone; ///< nats
    bool sensitivityCurrent = false;
    double sizeShare = kNone;    ///< of the bytes of all weights, in [0, 1]; activations none
    int bridge = -1;             ///< number of the bridge block, -1: in none
    QString bridgeHelp;          ///< why; "" in none
    QString warning;             ///< titles of NoteText; "" where there is nothing to warn of
    QString warningHelp;         ///< their sentences, as rich text
    bool severe = false;         ///< one of them loses values
    double channelRatio = kNone; ///< widest over narrowest channel
    bool locked = false;
    /// Heights in [0, 1] of the inline histogram; null: not known yet.
    std::shared_ptr<const std::vector<float>> histogram;
};

/// Equality that takes two NaN as equal.
bool sameRow(const SiteRow& a, const SiteRow& b);

enum class SiteColumn {
    Site,
    Bits,
    Histogram,
    Sqnr,
    Accumulated,
    OutputError,
    Clipped,
    Kurtosis,
    TailWeight,
    Sensitivity,
    Role,
    Block,
    Bridge,
    Warning,
    ChannelRatio,
    Kind,
    Scheme,
    Granularity,
    Quantizer,
    Estimator,
    Transforms,
    Range,
    Shape,
    SizeShare,
    Lock,
    Count
};

QString kindTitle(graph::SiteKind kind);

} // namespace qs::ui
