#include "widgets/recipe/quantizer_group.h"

#include "core/quant/quantizers.h"
#include "core/quant/trials.h"
#include "widgets/model/text.h"
#include "widgets/recipe/choice.h"

#include <QFormLayout>

#include <algorithm>

namespace qs::ui {

QuantizerGroup::QuantizerGroup(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
                               QWidget* parent)
    : SiteGroup(document, selection, edits, parent), m_plans(plans)
{
    m_quantizer = makeChoice(this, tr("How levels lie."));
    m_quantizer->setObjectName(QStringLiteral("quantizer"));
    m_form->addRow(tr("Quant&izer"), m_quantizer);
    onChoice(m_quantizer, [this](int chosen) {
        edit(&quant::SitePatch::quantizer,
             [chosen](std::string& name) { name = quant::quantizers()[static_cast<std::size_t>(chosen)].name; });
    });
}

bool QuantizerGroup::suits(const graph::Site& site, const quant::SiteSettings&) const
{
    return site.kind == graph::SiteKind::Activation;
}

void QuantizerGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    setVisible(!settings.empty());
    if (settings.empty())
        return;
    const auto all = quant::quantizers();
    const int chosen = common(settings, [&](const auto& s) {
        const auto found = std::ranges::find(all, s.quantizer, &quant::QuantizerDef::name);
        return static_cast<int>(found - all.begin());
    });
    fillChoice(chosen);
    showChoice(m_quantizer, chosen);
    m_quantizer->setToolTip(chosen == kMixed ? tr("How levels lie.")
                                             : m_quantizer->currentData(Qt::ToolTipRole).toString());
    m_quantizer->setEnabled(editable && anyQuantized());
}

void QuantizerGroup::fillChoice(int chosen)
{
    const auto all = quant::quantizers();
    std::vector<bool> suitable(all.size(), true);
    for (const SiteId id : sites()) {
        const std::vector<bool> own =
            quant::suitableQuantizers(m_document.sites()[id], m_plans.statistics(id), m_plans.sitePlan(id).get());
        for (std::size_t q = 0; q < all.size(); ++q)
            suitable[q] = suitable[q] && own[q];
    }
    m_quantizer->clear();
    for (std::size_t q = 0; q < all.size(); ++q)
        if (const int index = static_cast<int>(q); suitable[q] || index == chosen)
            addEntry(m_quantizer, quantizerTitle(std::string(all[q].name)), index,
                     QString::fromUtf8(all[q].description.data(), qsizetype(all[q].description.size())));
}

} // namespace qs::ui
