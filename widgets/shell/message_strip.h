#pragma once

#include "core/base/error.h"

#include "widgets/shell/overlay.h"

#include <QStringList>

#include <functional>
#include <utility>
#include <vector>

class QToolButton;
class QVBoxLayout;

namespace qs::ui {

/// What went wrong and what is worth saying, in rows over the foot of a widget: nothing moves. An error stays until
/// it is closed or what failed succeeds, a note for a while, a question until it is answered. Nothing here is modal.
/// All of them can be read again from counter().
class MessageStrip : public Overlay {
    Q_OBJECT
public:
    using Button = std::pair<QString, std::function<void()>>; ///< pressing it closes the row

    explicit MessageStrip(QWidget* over);

    /// File and cause, with a copy button.
    void showError(const Error& error);
    void showNote(const QString& text);
    void ask(const QString& text, const std::vector<Button>& buttons);
    /// Something of this kind came to its end: an error that was shown just now is its; without one it went well, and
    /// errors of its earlier tries are over.
    void ended(int kind);
    int rows() const;
    QStringList texts() const;                         ///< of the rows, from above
    QStringList log() const { return m_log; }          ///< everything that was said, last first
    QToolButton* counter() const { return m_counter; } ///< "3 messages"; for a status bar, which then owns it

private:
    enum class Kind { Error, Note, Question };
    QWidget* addRow(Kind kind, const QString& text, const QString& detail, const std::vector<Button>& buttons);
    void removeRow(QWidget* row);
    QWidget* rowAt(int index) const;
    void makeRoom();
    void keep(const QString& text);
    void fillList();

    QVBoxLayout* m_layout;
    QToolButton* m_counter;
    QWidget* m_fresh = nullptr; ///< the error of this moment
    QStringList m_log;
};

} // namespace qs::ui
