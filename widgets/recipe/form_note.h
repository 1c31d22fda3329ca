#pragma once

#include <QLabel>

namespace qs::ui {

/// Wrapped text across a form, in the colour of what is not set. As high as its lines are: QFormLayout asks a label
/// that spans both columns for the height of another width.
class FormNote : public QLabel {
    Q_OBJECT
public:
    explicit FormNote(QWidget* parent = nullptr);

    void showText(const QString& text);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void keepRoom();
};

} // namespace qs::ui
