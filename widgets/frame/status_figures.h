#pragma once

#include "widgets/model/session.h"

#include <QWidget>

class QLabel;
class QProgressBar;

namespace qs::ui {

/// The line of figures at the bottom: accuracy against float, agreement, mean bits, size, what they stand on, and
/// what runs in the background. Greyed while they belong to an older recipe.
class StatusFigures : public QWidget {
    Q_OBJECT
public:
    explicit StatusFigures(Session& session, QWidget* parent = nullptr);
    QString text() const; ///< of the figures, without markup

private:
    void refresh();
    void refreshRunning();
    Session& m_session;
    QLabel* m_figures;
    QLabel* m_basis;
    QLabel* m_running;
    QProgressBar* m_bar;
};

/// "top-1 74.1 % (float 81.2, −7.1) · agreement 84.0 %"
QString accuracyText(const quant::Evaluation& figures);

} // namespace qs::ui
