#include "widgets/frame/refresher.h"

#include <QEvent>
#include <QWidget>

namespace qs::ui {

Refresher::Refresher(QWidget& panel, std::function<void()> refresh) : m_panel(panel), m_refresh(std::move(refresh))
{
    m_timer.setSingleShot(true);
    m_timer.setInterval(0);
    connect(&m_timer, &QTimer::timeout, this, &Refresher::now);
    panel.installEventFilter(this);
}

void Refresher::later()
{
    if (m_panel.isVisible())
        m_timer.start();
    else
        m_missed = true;
}

void Refresher::now()
{
    m_timer.stop();
    m_missed = false;
    m_refresh();
}

bool Refresher::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == &m_panel && event->type() == QEvent::Show && m_missed)
        now();
    return QObject::eventFilter(watched, event);
}

} // namespace qs::ui
