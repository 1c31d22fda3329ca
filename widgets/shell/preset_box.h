#pragma once

#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/messages.h"

#include <QWidget>

class QComboBox;
class QPushButton;

namespace qs::ui {

/// Preset and bits of weights and activations in one row. Choosing a preset makes it the recipe; other bits keep what
/// was changed by hand. Follows the recipe, and says where it is no longer what its preset says.
class PresetBox : public QWidget {
    Q_OBJECT
public:
    explicit PresetBox(const Document& document, Edits& edits, Messages& messages, QWidget* parent = nullptr);

private:
    void apply();
    void changeBits();
    void follow();
    const Document& m_document;
    Edits& m_edits;
    Messages& m_messages;
    QComboBox* m_preset;
    QComboBox* m_weightBits;
    QComboBox* m_activationBits;
};

} // namespace qs::ui
