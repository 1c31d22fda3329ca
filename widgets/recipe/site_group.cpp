#include "widgets/recipe/site_group.h"

#include "widgets/model/text.h"
#include "widgets/recipe/choice.h"

#include <QFormLayout>

namespace qs::ui {

SiteGroup::SiteGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent)
    : QWidget(parent), m_document(document), m_selection(selection), m_edits(edits), m_form(new QFormLayout(this))
{
    m_form->setContentsMargins(0, 0, 0, 0);
    m_form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_form->setVerticalSpacing(5);
}

std::function<void()> SiteGroup::gestureBegins()
{
    return [this] { m_gesture = m_edits.newGesture(); };
}

bool SiteGroup::anyQuantized() const
{
    return std::ranges::any_of(m_sites, [this](SiteId id) { return !m_document.settings(id).isFloat(); });
}

void SiteGroup::onChoice(QComboBox* box, std::function<void(int)> take)
{
    connect(box, &QComboBox::activated, this, [box, take = std::move(take)] {
        if (const int chosen = box->currentData().toInt(); chosen != kMixed)
            take(chosen);
    });
}

void SiteGroup::refresh()
{
    m_sites.clear();
    std::vector<quant::SiteSettings> settings;
    bool editable = false;
    for (const SiteId id : m_selection.sites()) {
        quant::SiteSettings own = m_document.settings(id);
        if (!suits(m_document.sites()[id], own))
            continue;
        m_sites.push_back(id);
        settings.push_back(std::move(own));
        editable |= !m_document.locked(id);
    }
    fill([&] { showSettings(settings, editable); });
    refreshNumbers();
}

void SiteGroup::editEach(const std::function<quant::SitePatch(SiteId)>& patchOf, int gesture)
{
    if (m_filling || m_sites.empty())
        return;
    const std::vector<SiteId> sites = m_sites; // the edit refreshes
    m_edits.editEach(sites, patchOf, describe(patchOf(sites.back())), gesture);
    refresh(); // a locked site keeps what it has
}

} // namespace qs::ui
