#include "widgets/recipe/choice.h"

#include <QFocusEvent>
#include <QMouseEvent>
#include <QObject>
#include <QWheelEvent>

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

void showCheck(QCheckBox* box, int value)
{
    box->setTristate(value == kMixed);
    box->setCheckState(value == kMixed ? Qt::PartiallyChecked : value ? Qt::Checked : Qt::Unchecked);
}

QComboBox* makeChoice(QWidget* parent, const QString& help)
{
    auto* box = new QComboBox(parent);
    box->setToolTip(help);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    return box;
}

void addEntry(QComboBox* box, const QString& title, int data, const QString& help)
{
    box->addItem(title, data);
    box->setItemData(box->count() - 1, help, Qt::ToolTipRole);
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

GestureSlider::GestureSlider(QWidget* parent, std::function<void()> begins)
    : QSlider(Qt::Horizontal, parent), m_begins(std::move(begins))
{
    setFocusPolicy(Qt::StrongFocus);
}

void GestureSlider::focusInEvent(QFocusEvent* event)
{
    m_begins();
    QSlider::focusInEvent(event);
}

void GestureSlider::mousePressEvent(QMouseEvent* event)
{
    m_begins();
    QSlider::mousePressEvent(event);
}

void GestureSlider::wheelEvent(QWheelEvent* event)
{
    if (hasFocus())
        QSlider::wheelEvent(event);
    else
        event->ignore();
}

} // namespace qs::ui
