#include "widgets/panels/shared/empty_state.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace qs::ui {

EmptyState::EmptyState(QWidget* view, QWidget* parent)
    : QStackedWidget(parent), m_text(new QLabel), m_button(new QPushButton)
{
    auto* page = new QWidget;
    auto* layout = new QVBoxLayout(page);
    m_text->setWordWrap(true);
    m_text->setAlignment(Qt::AlignCenter);
    layout->addStretch();
    layout->addWidget(m_text);
    layout->addSpacing(8);
    layout->addWidget(m_button, 0, Qt::AlignHCenter);
    layout->addStretch();
    addWidget(view);
    addWidget(page);
    connect(m_button, &QPushButton::clicked, this, &EmptyState::pressed);
}

void EmptyState::showReason(const QString& text, const QString& button)
{
    m_text->setText(text);
    m_button->setText(button);
    m_button->setVisible(!button.isEmpty());
    setCurrentIndex(1);
}

QString EmptyState::reason() const
{
    return empty() ? m_text->text() : QString();
}

} // namespace qs::ui
