#pragma once

#include <QFrame>

class QToolButton;
class QVBoxLayout;

namespace qs::ui {

class DoubtList;

/// What is doubtful, in strips that lie over the foot of a widget: nothing moves when one comes or goes. Each has its
/// remedy as a button and can be put away; counter() stays in the status bar and brings them back.
class DoubtsView : public QFrame {
    Q_OBJECT
public:
    /// `over`: the strips lie at its foot, in its whole width.
    DoubtsView(DoubtList& list, QWidget* over);

    QToolButton* counter() const { return m_counter; } ///< "2 doubts"; for a status bar, which then owns it
    QStringList texts() const;                         ///< of the strips, from above

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void refresh();
    void addStrip(std::size_t index);
    void place();

    DoubtList& m_list;
    QWidget* m_over;
    QVBoxLayout* m_strips;
    QToolButton* m_counter;
};

} // namespace qs::ui
