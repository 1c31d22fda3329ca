#pragma once

#include <QObject>
#include <QTimer>

#include <functional>

class QWidget;

namespace qs::ui {

/// The life of a panel's picture: however many signals come in one turn of the event loop it is made once, only while
/// the panel is visible, and what was missed while it was hidden is made up for when it is shown.
class Refresher : public QObject {
    Q_OBJECT
public:
    Refresher(QWidget& panel, std::function<void()> refresh);

    template <class Sender, class Signal>
    Refresher& on(const Sender& sender, Signal signal)
    {
        connect(&sender, signal, this, &Refresher::later);
        return *this;
    }
    void later(); ///< in the next turn
    void now();   ///< also while hidden

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QWidget& m_panel;
    std::function<void()> m_refresh;
    QTimer m_timer;
    bool m_missed = false;
};

} // namespace qs::ui
