#pragma once

#include "core/graph/sites.h"
#include "core/quant/notes.h"

#include <QString>

#include <vector>

namespace qs::ui {

class Document;
class Plans;

/// A note on a site (core/quant/notes.h) in words.
struct NoteText {
    bool severe = false; ///< values are lost (a zero point that is clamped); else the note explains a cost
    QString title;       ///< a few words, for tables: "zero point −510"
    QString text;        ///< a sentence with the numbers
    QString remedy;      ///< what helps; "" where nothing must
    QString help;        ///< anchor of the page on methods
};

/// channels: of the site.
NoteText noteText(const quant::SiteNote& note, const quant::SiteSettings& settings, std::size_t channels);
/// All notes of a site as it is now.
std::vector<NoteText> siteNotes(const Document& document, const Plans& plans, SiteId site);

/// Why layers belong to a bridge block, in a sentence: "Bridge block 1 (one of 3): ...".
QString bridgeText(const graph::SiteTable& sites, int bridge);
/// The same with the layers, and what Q-HyViT makes of it.
QString bridgeHelp(const graph::SiteTable& sites, int bridge);

} // namespace qs::ui
