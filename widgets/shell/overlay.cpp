#include "widgets/shell/overlay.h"

#include <QEvent>
#include <QLayout>

#include <algorithm>

namespace qs::ui {

Overlay::Overlay(QWidget* over, int widest) : QFrame(over), m_over(over), m_widest(widest)
{
    setFrameShape(QFrame::NoFrame);
    setAutoFillBackground(true);
    over->installEventFilter(this);
}

void Overlay::standOn(QWidget* other)
{
    m_below.push_back(other);
    other->installEventFilter(this);
    connect(other, &QObject::destroyed, this, [this, other] { std::erase(m_below, other); });
}

void Overlay::showEvent(QShowEvent* event)
{
    QFrame::showEvent(event);
    place();
}

void Overlay::place()
{
    if (!isVisible() || !layout())
        return;
    layout()->activate();
    const int width = std::min(m_over->width(), m_widest);
    int height = layout()->hasHeightForWidth() ? layout()->totalHeightForWidth(width) : sizeHint().height();
    int foot = m_over->height();
    for (const QWidget* other : m_below)
        if (other->isVisible())
            foot = std::min(foot, m_over->mapFromGlobal(other->mapToGlobal(QPoint())).y());
    height = std::min(height, std::max(foot, 0));
    setGeometry((m_over->width() - width) / 2, foot - height, width, height);
    raise();
}

bool Overlay::eventFilter(QObject* watched, QEvent* event)
{
    switch (event->type()) {
    case QEvent::Resize:
    case QEvent::Move:
    case QEvent::Show:
    case QEvent::Hide:
        // The others may not have their place yet.
        QMetaObject::invokeMethod(
            this, [this] { place(); }, Qt::QueuedConnection);
        break;
    default:
        break;
    }
    return QFrame::eventFilter(watched, event);
}

} // namespace qs::ui
