#pragma once

#include "widgets/model/search_run.h"

#include <QWidget>

#include <cstddef>

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QSpinBox;

namespace qs::ui {

// What the forms of all searches have.

/// How many images a search measures on, and which.
class SearchImagesBox : public QWidget {
    Q_OBJECT
public:
    /// `fits`: what is fitted to the images ("the bits"), for the help; `countHelp`: what they are for.
    SearchImagesBox(const QString& fits, const QString& countHelp, QWidget* parent = nullptr);

    std::size_t count() const;
    void setCount(std::size_t count);
    SearchImages which() const;
    /// Numbers of images there are; 0: none.
    void setImages(std::size_t calibration, std::size_t test);

private:
    QSpinBox* m_count;
    QComboBox* m_which;
};

/// How far a search is, and Cancel.
class SearchProgress : public QWidget {
    Q_OBJECT
public:
    explicit SearchProgress(const QString& cancelHelp, QWidget* parent = nullptr);

    /// fraction < 0: unknown.
    void tell(const QString& text, const QString& time, double fraction);
    QPushButton& cancelButton() { return *m_cancel; }

private:
    QLabel* m_what;
    QProgressBar* m_bar;
    QPushButton* m_cancel;
};

} // namespace qs::ui
