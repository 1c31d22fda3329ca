#include "widgets/recipe/flag_group.h"

#include "widgets/recipe/choice.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QLabel>

namespace qs::ui {

FlagGroup::FlagGroup(const Document& document, const Selection& selection, Edits& edits, Flag flag, const char* name,
                     const QString& title, const QString& help, QWidget* parent)
    : SiteGroup(document, selection, edits, parent), m_flag(flag), m_box(new QCheckBox(title, this))
{
    m_box->setObjectName(QLatin1String(name));
    m_box->setToolTip(help);
    m_form->addRow(new QLabel(this), m_box); // stands in the column of the fields
    connect(m_box, &QCheckBox::clicked, this, [this](bool on) { edit(m_flag, [on](bool& own) { own = on; }); });
}

bool FlagGroup::suits(const graph::Site& site, const quant::SiteSettings& settings) const
{
    return applies(m_flag, site, settings);
}

void FlagGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    setVisible(!settings.empty());
    if (settings.empty())
        return;
    m_box->setEnabled(editable);
    showCheck(m_box, common(settings, [this](const auto& s) { return *(quant::wholePatch(s).*m_flag) ? 1 : 0; }));
}

} // namespace qs::ui
