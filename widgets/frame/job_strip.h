#pragma once

#include "widgets/model/jobs.h"

#include <QTimer>
#include <QWidget>

class QLabel;
class QProgressBar;
class QPushButton;

namespace qs::ui {

/// The job the user waits for: what it does, how far it is, how long still, and Cancel. Appears after 0.3 s, so that
/// short jobs do not flicker.
class JobStrip : public QWidget {
    Q_OBJECT
public:
    explicit JobStrip(Jobs& jobs, QWidget* parent = nullptr);
    QString text() const;

private:
    void refresh();
    Jobs& m_jobs;
    QLabel* m_what;
    QProgressBar* m_bar;
    QLabel* m_time;
    QPushButton* m_cancel;
    QTimer m_tick;
    JobKind m_kind = JobKind::Open;
};

/// "calibrating · 12 of 64"
QString progressText(const JobProgress& progress);
/// "3.2 s · about 14 s left"
QString timeText(const JobProgress& progress);

} // namespace qs::ui
