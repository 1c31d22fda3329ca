#pragma once

#include <QFrame>

#include <limits>
#include <vector>

namespace qs::ui {

/// A strip that lies over the foot of a widget: nothing moves when it comes or goes. Several stand on each other.
class Overlay : public QFrame {
    Q_OBJECT
public:
    /// widest: pixels; a narrower strip stands in the middle.
    explicit Overlay(QWidget* over, int widest = std::numeric_limits<int>::max());
    /// Stays above `other`, anywhere in the same window, while that is to be seen.
    void standOn(QWidget* other);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void showEvent(QShowEvent* event) override;
    /// To be called when the contents have changed.
    void place();

private:
    QWidget* m_over;
    int m_widest;
    std::vector<QWidget*> m_below;
};

} // namespace qs::ui
