#include "widgets/recipe/bits_group.h"

#include "widgets/recipe/choice.h"
#include "widgets/theme/format.h"

#include <QFormLayout>

namespace qs::ui {

BitsGroup::BitsGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent)
    : SiteGroup(document, selection, edits, parent)
{
    m_bits = makeChoice(this, tr("Bits of a code. Keys 2 … 8; 0 for float."));
    m_bits->setObjectName(QStringLiteral("bits"));
    for (int bits = 8; bits >= 2; --bits)
        m_bits->addItem(formatBitsOfSite(bits), bits);
    m_bits->addItem(formatBitsOfSite(quant::kFloatBits), quant::kFloatBits);
    m_form->addRow(tr("&Bits"), m_bits);
    onChoice(m_bits, [this](int bits) { edit(&quant::SitePatch::bits, [bits](int& own) { own = bits; }); });
}

void BitsGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    if (settings.empty())
        return;
    showChoice(m_bits, common(settings, [](const auto& s) { return s.bits; }));
    m_bits->setEnabled(editable);
}

} // namespace qs::ui
