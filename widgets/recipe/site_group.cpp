#include "widgets/recipe/site_group.h"

#include "widgets/model/text.h"

#include <QFormLayout>

namespace qs::ui {

SiteGroup::SiteGroup(Session& session, QWidget* parent)
    : QWidget(parent), m_session(session), m_form(new QFormLayout(this))
{
    m_form->setContentsMargins(0, 0, 0, 0);
    m_form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_form->setVerticalSpacing(5);
}

std::function<void()> SiteGroup::gestureBegins()
{
    return [this] { m_gesture = m_session.edits.newGesture(); };
}

void SiteGroup::refresh()
{
    m_sites.clear();
    std::vector<quant::SiteSettings> settings;
    bool editable = false;
    for (const SiteId id : m_session.selection.sites()) {
        quant::SiteSettings own = m_session.document.settings(id);
        if (!suits(m_session.document.sites()[id], own))
            continue;
        m_sites.push_back(id);
        settings.push_back(std::move(own));
        editable |= !m_session.document.locked(id);
    }
    fill([&] { showSettings(settings, editable); });
    refreshNumbers();
}

void SiteGroup::editEach(const std::function<quant::SitePatch(SiteId)>& patchOf, int gesture)
{
    if (m_filling || m_sites.empty())
        return;
    const std::vector<SiteId> sites = m_sites; // the edit refreshes
    m_session.edits.editEach(sites, patchOf, describe(patchOf(sites.back())), gesture);
    refresh(); // a locked site keeps what it has
}

} // namespace qs::ui
