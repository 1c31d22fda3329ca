#pragma once

#include "core/quant/recipe.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QSlider>

#include <algorithm>
#include <functional>
#include <vector>

namespace qs::ui {

/// Data of the entry "mixed" of a choice.
constexpr int kMixed = -1;

/// Shows a value, or "mixed" as a first entry that exists only while the selection disagrees.
void showChoice(QComboBox* box, int value);

/// What all settings have in common; kMixed where they disagree.
template <class Get>
int common(const std::vector<quant::SiteSettings>& settings, Get get)
{
    const int first = get(settings.front());
    return std::ranges::all_of(settings, [&](const auto& s) { return get(s) == first; }) ? first : kMixed;
}

/// 0, 1, or kMixed.
void showCheck(QCheckBox* box, int value);

/// A choice as narrow as the dock may be.
QComboBox* makeChoice(QWidget* parent, const QString& help);

void addEntry(QComboBox* box, const QString& title, int data, const QString& help);

/// A spin box that tells where a gesture begins: with the focus, so that turning it is one entry of the history.
class GestureBox : public QDoubleSpinBox {
public:
    GestureBox(QWidget* parent, std::function<void()> begins);

protected:
    void focusInEvent(QFocusEvent* event) override;

private:
    std::function<void()> m_begins;
};

/// A slider whose every press or focus begins a gesture, and which the wheel turns only when it has the focus.
class GestureSlider : public QSlider {
public:
    GestureSlider(QWidget* parent, std::function<void()> begins);

protected:
    void focusInEvent(QFocusEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;

private:
    std::function<void()> m_begins;
};

} // namespace qs::ui
