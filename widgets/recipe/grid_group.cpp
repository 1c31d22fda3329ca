#include "widgets/recipe/grid_group.h"

#include "widgets/model/text.h"
#include "widgets/recipe/choice.h"

#include <QFormLayout>

#include <algorithm>

namespace qs::ui {

GridGroup::GridGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent)
    : SiteGroup(document, selection, edits, parent)
{
    m_scheme = makeChoice(this, tr("How codes lie around zero."));
    for (const quant::Scheme scheme : {quant::Scheme::Symmetric, quant::Scheme::Asymmetric})
        addEntry(m_scheme, schemeTitle(scheme), static_cast<int>(scheme), schemeHelp(scheme));
    m_form->addRow(tr("&Scheme"), m_scheme);
    m_granularity = makeChoice(this, tr("How many scales there are."));
    for (const quant::Granularity granularity :
         {quant::Granularity::Tensor, quant::Granularity::Part, quant::Granularity::Channel})
        addEntry(m_granularity, granularityTitle(granularity), static_cast<int>(granularity),
                 granularityHelp(granularity));
    m_form->addRow(tr("&Granularity"), m_granularity);
    onChoice(m_scheme, [this](int chosen) {
        edit(&quant::SitePatch::scheme,
             [chosen](quant::Scheme& scheme) { scheme = static_cast<quant::Scheme>(chosen); });
    });
    onChoice(m_granularity, [this](int chosen) {
        edit(&quant::SitePatch::granularity,
             [chosen](quant::Granularity& own) { own = static_cast<quant::Granularity>(chosen); });
    });
}

void GridGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    if (settings.empty())
        return;
    showChoice(m_scheme, common(settings, [](const auto& s) { return static_cast<int>(s.scheme); }));
    showChoice(m_granularity, common(settings, [](const auto& s) { return static_cast<int>(s.granularity); }));
    const bool quantized = std::ranges::any_of(settings, [](const auto& s) { return !s.isFloat(); });
    const bool uniform = anyApplies(&quant::SitePatch::scheme);
    m_scheme->setEnabled(editable && quantized && uniform);
    m_granularity->setEnabled(editable && quantized && uniform);
}

} // namespace qs::ui
