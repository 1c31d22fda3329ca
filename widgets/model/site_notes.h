#pragma once

#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

#include <QString>

#include <vector>

namespace qs::ui {

class Document;
class Plans;

/// What is worth knowing of a site before it is quantized.
struct SiteNote {
    enum class Kind { ZeroPointOverflow, DynamicRange, Guard };
    Kind kind = Kind::ZeroPointOverflow;
    bool severe = false; ///< values are lost; else the note explains a cost
    QString title;       ///< a few words, for tables: "zero point −510"
    QString text;        ///< a sentence with the numbers
    QString remedy;      ///< what helps; "" where nothing must
    QString help;        ///< anchor of the page on methods
};

/// Channels that have fewer levels than this with one scale for all are counted as starved.
constexpr double kFewLevels = 8;
/// A site is said to be highly dynamic where at least this share of its channels is starved.
constexpr double kStarvedShare = 0.25;

/// Notes of an activation under its settings, severe ones first:
///   ZeroPointOverflow  asymmetric, a range without 0 (of the tensor, or of channels where these have scales of their
///                      own): the zero point rne(-low / s) of the plain rule is not a code. Severe where it is
///                      clamped
///   DynamicRange       one scale for all channels, kStarvedShare of which span fewer than kFewLevels levels; not of
///                      softmax outputs, whose channels are tokens (the window's form)
/// None for weights, in float, for other levels than uniform ones, and where smoothing makes other channels of them.
/// Source: Q-HyViT (arXiv 2303.12557), challenges C1 and C2.
std::vector<SiteNote> siteNotes(const quant::SiteSettings& settings, const stats::SiteStatistics& statistics);
/// With what the guard did (core/quant/guard.h), also of weights:
///   Guard              it took min-max in place of the recipe's choice, whose error at the site was larger
std::vector<SiteNote> siteNotes(const Document& document, const Plans& plans, SiteId site);

/// Why layers belong to a bridge block, in a sentence: "Bridge block 1 (one of 3): ...".
QString bridgeText(const graph::SiteTable& sites, int bridge);
/// The same with the layers, and what Q-HyViT makes of it.
QString bridgeHelp(const graph::SiteTable& sites, int bridge);

} // namespace qs::ui
