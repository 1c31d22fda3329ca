#include "widgets/shell/preset_box.h"

#include "widgets/theme/format.h"
#include "core/quant/presets.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>

namespace qs::ui {

namespace {

QString text(std::string_view view)
{
    return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

QComboBox* bitsBox(QWidget* parent, const QString& tip)
{
    auto* box = new QComboBox(parent);
    for (int bits = 8; bits >= 2; --bits)
        box->addItem(formatBitsOfSite(bits), bits);
    box->addItem(formatBitsOfSite(quant::kFloatBits), quant::kFloatBits);
    box->setToolTip(tip);
    return box;
}

} // namespace

PresetBox::PresetBox(Session& session, QWidget* parent)
    : QWidget(parent), m_session(session), m_preset(new QComboBox(this)),
      m_weightBits(bitsBox(this, tr("Bits of all weights"))),
      m_activationBits(bitsBox(this, tr("Bits of all activations")))
{
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(6, 0, 6, 0);
    layout->setSpacing(4);
    for (const quant::Preset& preset : quant::presets()) {
        m_preset->addItem(text(preset.title), text(preset.name));
        m_preset->setItemData(m_preset->count() - 1, text(preset.description), Qt::ToolTipRole);
    }
    const auto label = [this](const QString& title, QWidget* buddy) {
        auto* l = new QLabel(title, this);
        l->setBuddy(buddy);
        return l;
    };
    layout->addWidget(label(tr("P&reset"), m_preset));
    layout->addWidget(m_preset);
    layout->addSpacing(6);
    layout->addWidget(label(tr("&W"), m_weightBits));
    layout->addWidget(m_weightBits);
    layout->addWidget(label(tr("&A"), m_activationBits));
    layout->addWidget(m_activationBits);
    for (QComboBox* box : {m_preset, m_weightBits, m_activationBits})
        connect(box, &QComboBox::activated, this, &PresetBox::apply);
    for (auto signal : {&Session::recipeChanged, &Session::modelChanged})
        connect(&session, signal, this, &PresetBox::follow);
    follow();
}

void PresetBox::apply()
{
    m_session.applyPreset(m_preset->currentData().toString(), m_weightBits->currentData().toInt(),
                          m_activationBits->currentData().toInt());
    follow();
}

void PresetBox::follow()
{
    const quant::Recipe& recipe = m_session.recipe();
    setEnabled(m_session.model() != nullptr);
    std::string_view name = recipe.preset;
    if (name.ends_with(quant::kLiteral)) // the same preset, taken literally
        name.remove_suffix(quant::kLiteral.size());
    if (const int at = m_preset->findData(text(name)); at >= 0)
        m_preset->setCurrentIndex(at);
    m_preset->setToolTip(
        QStringLiteral("<p>%1</p><p>%2</p>")
            .arg(tr("Preset: a recipe for all sites. Choosing one replaces the recipe (undo brings it "
                    "back); locked sites keep theirs."),
                 m_preset->currentData(Qt::ToolTipRole).toString().toHtmlEscaped()));
    m_weightBits->setCurrentIndex(m_weightBits->findData(recipe.weight.bits));
    m_activationBits->setCurrentIndex(m_activationBits->findData(recipe.activation.bits));
}

} // namespace qs::ui
