#pragma once

#include <QStackedWidget>

class QLabel;
class QPushButton;

namespace qs::ui {

/// A view, or in its place one sentence that says why there is nothing to see and the button that helps.
class EmptyState : public QStackedWidget {
    Q_OBJECT
public:
    explicit EmptyState(QWidget* view, QWidget* parent = nullptr);

    void showView() { setCurrentIndex(0); }
    /// button "": none.
    void showReason(const QString& text, const QString& button = {});
    bool empty() const { return currentIndex() == 1; }
    QString reason() const;

signals:
    void pressed();

private:
    QLabel* m_text;
    QPushButton* m_button;
};

} // namespace qs::ui
