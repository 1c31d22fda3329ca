#include "widgets/recipe/choice.h"

#include <QFocusEvent>
#include <QObject>

#include <utility>

namespace qs::ui {

void showChoice(QComboBox* box, int value)
{
    const int mixed = box->findData(kMixed);
    if (value == kMixed && mixed < 0)
        box->insertItem(0, QObject::tr("mixed"), kMixed);
    else if (value != kMixed && mixed >= 0)
        box->removeItem(mixed);
    box->setCurrentIndex(box->findData(value));
}

QComboBox* makeChoice(QWidget* parent, const QString& help)
{
    auto* box = new QComboBox(parent);
    box->setToolTip(help);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    return box;
}

GestureBox::GestureBox(QWidget* parent, std::function<void()> begins)
    : QDoubleSpinBox(parent), m_begins(std::move(begins))
{
    setKeyboardTracking(false);
}

void GestureBox::focusInEvent(QFocusEvent* event)
{
    m_begins();
    QDoubleSpinBox::focusInEvent(event);
}

} // namespace qs::ui
