#pragma once

#include "widgets/model/model_task.h"

#include <QWidget>

class QCheckBox;
class QDoubleSpinBox;
class QFormLayout;
class QLineEdit;
class QSpinBox;

namespace qs::ui {

/// What is right for the test images, as the task needs it: a folder of masks or maps, a file of boxes, texts or
/// classes, and how it is to be read. Nothing where the task has no use for any.
class TruthsForm : public QWidget {
    Q_OBJECT
public:
    TruthsForm(const ModelTask& task, QWidget* parent);

    /// The task with what the form says.
    images::TaskChoice choice() const;

private:
    void addPath(QFormLayout& form, const QString& title, QLineEdit* line, bool folder, const QString& tip);
    void addReading(QFormLayout& form);

    images::TaskChoice m_choice;
    std::optional<images::TruthKind> m_kind;
    QLineEdit* m_characters;
    QLineEdit* m_truths;
    QCheckBox* m_reduceZero;
    QSpinBox* m_ignored;
    QCheckBox* m_categoryIds;
    QDoubleSpinBox* m_scale;
    QCheckBox* m_zeroKnown;
};

} // namespace qs::ui
