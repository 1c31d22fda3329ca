#pragma once

#include "widgets/panels/images/images_model.h"

#include <QWidget>

namespace qs::ui {

/// A top-5 list as bars: class name and probability of each; the right class is ticked.
class TopFive : public QWidget {
    Q_OBJECT
public:
    TopFive(const QString& title, bool quantized, QWidget* parent = nullptr);

    void setGuesses(std::vector<Guess> guesses, std::optional<int> label, bool current);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_title;
    bool m_quantized;
    bool m_current = true;
    std::vector<Guess> m_guesses;
    std::optional<int> m_label;
};

} // namespace qs::ui
