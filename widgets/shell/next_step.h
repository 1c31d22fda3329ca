#pragma once

#include "core/stats/calibrate.h"
#include "widgets/model/document.h"
#include "widgets/model/plans.h"

#include "widgets/shell/overlay.h"

class QLabel;
class QPushButton;

namespace qs::ui {

/// One line in the place of the jobs, at the foot of the window, while something is missing and no job runs: what it
/// is, and the button that gets it.
class NextStep : public Overlay {
    Q_OBJECT
public:
    NextStep(const Document& document, Plans& plans, QWidget* over);
    QString text() const;

signals:
    void openCalibrationImages();
    void openTestImages();

private:
    void refresh();
    const Document& m_document;
    Plans& m_plans;
    QLabel* m_text;
    QPushButton* m_button;
    void (NextStep::*m_action)() = nullptr;
    void calibrate() { m_plans.calibrate(); }
};

} // namespace qs::ui
