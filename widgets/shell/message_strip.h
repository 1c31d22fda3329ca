#pragma once

#include "core/base/error.h"

#include <QWidget>

#include <functional>
#include <utility>
#include <vector>

class QVBoxLayout;

namespace qs::ui {

/// What went wrong and what is worth saying, in rows at the top of the window that stay until they are closed (notes
/// go after a while). Nothing here is modal; a row may ask something by its buttons.
class MessageStrip : public QWidget {
    Q_OBJECT
public:
    using Button = std::pair<QString, std::function<void()>>; ///< pressing it closes the row

    explicit MessageStrip(QWidget* parent = nullptr);

    /// File and cause, with a copy button.
    void showError(const Error& error);
    void showNote(const QString& text);
    void ask(const QString& text, const std::vector<Button>& buttons);
    int rows() const;
    QStringList texts() const;

private:
    enum class Kind { Error, Note, Question };
    QWidget* addRow(Kind kind, const QString& text, const QString& detail, const std::vector<Button>& buttons);
    void removeRow(QWidget* row);
    QVBoxLayout* m_layout;
};

} // namespace qs::ui
