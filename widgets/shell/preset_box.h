#pragma once

#include "widgets/model/session.h"

#include <QWidget>

class QComboBox;
class QPushButton;

namespace qs::ui {

/// Preset and bits of weights and activations in one row; Apply makes it the recipe. Follows the recipe's preset.
class PresetBox : public QWidget {
    Q_OBJECT
public:
    explicit PresetBox(Session& session, QWidget* parent = nullptr);

private:
    void apply();
    void follow();
    Session& m_session;
    QComboBox* m_preset;
    QComboBox* m_weightBits;
    QComboBox* m_activationBits;
};

} // namespace qs::ui
