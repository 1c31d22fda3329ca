#pragma once

#include "core/quant/recipe.h"

#include <QCoreApplication>
#include <QString>

#include <functional>
#include <span>

namespace qs::ui {

class Document;
class Messages;
class Selection;

/// Edits of the recipe. Each is one entry of the history and can be undone; locked sites keep what they have.
class Edits {
    Q_DECLARE_TR_FUNCTIONS(qs::ui::Edits)
public:
    Edits(Document& document, const Selection& selection, Messages& messages);

    /// Consecutive edits with the same gesture (not 0) and the same sites become one entry: take a new gesture when a
    /// slider is pressed, and pass it with each move.
    int newGesture() { return ++m_gesture; }
    void editSites(std::span<const SiteId> sites, const quant::SitePatch& patch, int gesture = 0);
    void editSelection(const quant::SitePatch& patch, int gesture = 0);
    /// A patch of its own for each site, all in one entry. `what`: for the history, after the sites.
    void editEach(std::span<const SiteId> sites, const std::function<quant::SitePatch(SiteId)>& patchOf,
                  const QString& what, int gesture = 0);
    void resetSites(std::span<const SiteId> sites); ///< drops their overrides
    void setLocked(std::span<const SiteId> sites, bool locked);
    void applyPreset(const QString& name, int weightBits, int activationBits);
    void setCoverage(graph::Coverage coverage);
    void setGuard(bool guard); ///< min-max where it does better (core/quant/guard.h), or the recipe literally
    void setRecipe(const quant::Recipe& recipe, const QString& text);
    /// With the present locks; locked sites as they are now.
    quant::Recipe keepingLocked(quant::Recipe recipe) const;

private:
    /// Whether there is one that is not locked; says so where all are.
    bool editable(std::span<const SiteId> sites) const;

    Document& m_document;
    const Selection& m_selection;
    Messages& m_messages;
    int m_gesture = 0;
};

} // namespace qs::ui
