#include "widgets/shell/preset_box.h"

#include "core/quant/preset_edits.h"
#include "core/quant/presets.h"
#include "widgets/model/follow.h"
#include "widgets/theme/format.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>

namespace qs::ui {

namespace {

constexpr int kTitleLength = 24; ///< characters

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

PresetBox::PresetBox(const Document& document, Edits& edits, Messages& messages, QWidget* parent)
    : QWidget(parent), m_document(document), m_edits(edits), m_messages(messages), m_preset(new QComboBox(this)),
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
    layout->addWidget(label(tr("&Preset"), m_preset));
    layout->addWidget(m_preset);
    layout->addSpacing(6);
    layout->addWidget(label(tr("&W"), m_weightBits));
    layout->addWidget(m_weightBits);
    layout->addWidget(label(tr("&A"), m_activationBits));
    layout->addWidget(m_activationBits);
    m_preset->setPlaceholderText(tr("Own recipe"));
    m_preset->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_preset->setMinimumContentsLength(kTitleLength); // does not grow when ", edited" comes
    connect(m_preset, &QComboBox::activated, this, &PresetBox::apply);
    for (QComboBox* box : {m_weightBits, m_activationBits})
        connect(box, &QComboBox::activated, this, &PresetBox::changeBits);
    ui::follow(this, &PresetBox::follow).on(document, &Document::recipeChanged).on(document, &Document::modelChanged);
    follow();
}

void PresetBox::apply()
{
    m_edits.applyPreset(m_preset->currentData().toString(), m_weightBits->currentData().toInt(),
                        m_activationBits->currentData().toInt());
    follow();
}

/// What was changed by hand stays.
void PresetBox::changeBits()
{
    const quant::Recipe before = m_document.recipe();
    const int weights = m_weightBits->currentData().toInt();
    const int activations = m_activationBits->currentData().toInt();
    if (auto moved = quant::withBits(before, weights, activations)) {
        const bool edited = quant::isEdited(*moved);
        m_edits.setRecipe(m_edits.keepingLocked(std::move(*moved)),
                          tr("W%1 A%2%3")
                              .arg(formatBitsOfSite(weights), formatBitsOfSite(activations),
                                   edited ? tr(", edits kept") : QString()));
        if (const auto own = static_cast<int>(quant::sitesWithOwnBits(before)); own > 0)
            m_messages.note(tr("%n site(s) keep bits of their own. Choosing the preset again drops them; "
                               "so does Reset for the selected sites.",
                               nullptr, own));
    } else {
        m_messages.fail(moved.error());
    }
    follow();
}

void PresetBox::follow()
{
    const quant::Recipe& recipe = m_document.recipe();
    setEnabled(m_document.model() != nullptr);
    std::string_view name = recipe.preset;
    bool literal = !recipe.guard && name != "minmax";
    if (name.ends_with(quant::kLiteral)) { // the same preset, taken literally
        name.remove_suffix(quant::kLiteral.size());
        literal = true;
    }
    const bool edited = quant::isEdited(recipe);
    const int at = m_preset->findData(text(name));
    for (int i = 0; i < m_preset->count(); ++i)
        m_preset->setItemText(i, text(quant::presets()[static_cast<std::size_t>(i)].title) +
                                     (i == at && literal ? tr(", literal") : QString()) +
                                     (i == at && edited ? tr(", edited") : QString()));
    m_preset->setCurrentIndex(at);
    m_preset->setToolTip(
        QStringLiteral("<p>%1</p><p>%2</p><p>%3</p>")
            .arg(tr("Preset: a recipe for all sites. Choosing one replaces the recipe (undo brings it "
                    "back); locked sites keep theirs. Other bits keep what was changed by hand."),
                 m_preset->currentData(Qt::ToolTipRole).toString().toHtmlEscaped(),
                 edited ? tr("The recipe is no longer the preset's: choose the preset again to have it back.")
                        : QString()));
    m_weightBits->setCurrentIndex(m_weightBits->findData(recipe.weight.bits));
    m_activationBits->setCurrentIndex(m_activationBits->findData(recipe.activation.bits));
}

} // namespace qs::ui
