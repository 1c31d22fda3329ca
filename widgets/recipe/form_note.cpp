#include "widgets/recipe/form_note.h"

#include <algorithm>

namespace qs::ui {

FormNote::FormNote(QWidget* parent) : QLabel(parent)
{
    setWordWrap(true);
    setForegroundRole(QPalette::PlaceholderText);
}

void FormNote::showText(const QString& text)
{
    setText(text);
    keepRoom();
}

void FormNote::resizeEvent(QResizeEvent* event)
{
    QLabel::resizeEvent(event);
    keepRoom();
}

void FormNote::keepRoom()
{
    setFixedHeight(std::max(heightForWidth(width()), 0)); // -1 without text
}

} // namespace qs::ui
