#include "widgets/recipe/zero_point_group.h"

#include "widgets/model/text.h"
#include "widgets/recipe/choice.h"

#include <QFormLayout>

namespace qs::ui {

ZeroPointGroup::ZeroPointGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent)
    : SiteGroup(document, selection, edits, parent)
{
    m_rule = makeChoice(this, tr("What becomes of a range that does not contain 0, whose zero point is no code."));
    m_rule->setObjectName(QStringLiteral("zeroPoint"));
    for (const quant::ZeroPoint rule :
         {quant::ZeroPoint::ZeroInRange, quant::ZeroPoint::Clamped, quant::ZeroPoint::Wide})
        addEntry(m_rule, zeroPointTitle(rule), static_cast<int>(rule), zeroPointHelp(rule));
    m_form->addRow(tr("&Zero point"), m_rule);
    onChoice(m_rule, [this](int chosen) {
        edit(&quant::SitePatch::zeroPoint,
             [chosen](quant::ZeroPoint& rule) { rule = static_cast<quant::ZeroPoint>(chosen); });
    });
}

bool ZeroPointGroup::suits(const graph::Site& site, const quant::SiteSettings& settings) const
{
    return applies(&quant::SitePatch::zeroPoint, site, settings);
}

void ZeroPointGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    setVisible(!settings.empty());
    if (settings.empty())
        return;
    setEnabled(editable);
    showChoice(m_rule, common(settings, [](const auto& s) { return static_cast<int>(s.zeroPoint); }));
}

} // namespace qs::ui
