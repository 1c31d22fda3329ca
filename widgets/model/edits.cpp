#include "widgets/model/edits.h"

#include "core/quant/locks.h"
#include "core/quant/presets.h"
#include "widgets/model/document.h"
#include "widgets/model/messages.h"
#include "widgets/model/selection.h"
#include "widgets/model/text.h"

#include <algorithm>
#include <vector>

namespace qs::ui {

Edits::Edits(Document& document, const Selection& selection, Messages& messages)
    : m_document(document), m_selection(selection), m_messages(messages)
{
}

bool Edits::editable(std::span<const SiteId> which) const
{
    if (!m_document.model() || which.empty())
        return false;
    if (!std::ranges::all_of(which, [this](SiteId id) { return m_document.locked(id); }))
        return true;
    m_messages.note(tr("%1: locked. Unlock (L) to change it.").arg(describe(which, m_document.sites())));
    return false;
}

void Edits::editSites(std::span<const SiteId> which, const quant::SitePatch& patch, int gesture)
{
    if (patch.empty() || !editable(which))
        return;
    m_document.setRecipe(quant::edited(m_document.recipe(), m_document.sites(), which, patch),
                         describe(which, m_document.sites()) + QStringLiteral(": ") + describe(patch), gesture);
}

void Edits::editEach(std::span<const SiteId> which, const std::function<quant::SitePatch(SiteId)>& patchOf,
                     const QString& what, int gesture)
{
    if (!editable(which))
        return;
    quant::Recipe recipe = m_document.recipe();
    for (const SiteId id : which)
        recipe = quant::edited(recipe, m_document.sites(), std::vector{id}, patchOf(id));
    m_document.setRecipe(recipe, describe(which, m_document.sites()) + QStringLiteral(": ") + what, gesture);
}

void Edits::editSelection(const quant::SitePatch& patch, int gesture)
{
    editSites(m_selection.sites(), patch, gesture);
}

void Edits::resetSites(std::span<const SiteId> which)
{
    if (m_document.model() && !which.empty())
        m_document.setRecipe(quant::reset(m_document.recipe(), m_document.sites(), which),
                             tr("Reset %1").arg(describe(which, m_document.sites())));
}

void Edits::setLocked(std::span<const SiteId> which, bool lock)
{
    if (!m_document.model() || which.empty())
        return;
    quant::Recipe recipe = quant::withLocks(m_document.recipe(), m_document.sites(), which, lock);
    m_document.setRecipe(recipe, (lock ? tr("Lock %1") : tr("Unlock %1")).arg(describe(which, m_document.sites())));
}

void Edits::applyPreset(const QString& name, int weightBits, int activationBits)
{
    auto preset = quant::presetRecipe(name.toStdString(), weightBits, activationBits);
    if (!m_messages.succeeded(preset))
        return;
    preset->coverage = m_document.recipe().coverage;
    const auto bits = [](int b) { return b == quant::kFloatBits ? QStringLiteral("32") : QString::number(b); };
    setRecipe(keepingLocked(*preset), QStringLiteral("%1 W%2A%3").arg(name, bits(weightBits), bits(activationBits)));
}

quant::Recipe Edits::keepingLocked(quant::Recipe recipe) const
{
    return quant::keepingLocks(std::move(recipe), m_document.recipe(), m_document.sites());
}

void Edits::setCoverage(graph::Coverage coverage)
{
    quant::Recipe recipe = m_document.recipe();
    recipe.coverage = coverage;
    setRecipe(recipe, tr("Coverage: %1").arg(coverageTitle(coverage)));
}

void Edits::setGuard(bool guard)
{
    quant::Recipe recipe = m_document.recipe();
    recipe.guard = guard;
    setRecipe(recipe, guard ? tr("Min-max where it does better") : tr("The recipe literally"));
}

void Edits::setRecipe(const quant::Recipe& recipe, const QString& text)
{
    m_document.setRecipe(recipe, text);
}

} // namespace qs::ui
