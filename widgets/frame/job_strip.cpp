#include "widgets/frame/job_strip.h"

#include "widgets/theme/format.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>

namespace qs::ui {

namespace {
constexpr int kTickMs = 100;
constexpr qint64 kPatienceMs = 300;

/// A stage that the title says already is not said twice.
JobProgress withoutRepetition(const JobStatus& job)
{
    JobProgress progress = job.progress;
    if (job.title.startsWith(progress.stage, Qt::CaseInsensitive))
        progress.stage.clear();
    return progress;
}
} // namespace

QString progressText(const JobProgress& progress)
{
    if (progress.total == 0)
        return progress.stage;
    const QString count = QObject::tr("%1 of %2").arg(formatCount(progress.done), formatCount(progress.total));
    return progress.stage.isEmpty() ? count : progress.stage + QStringLiteral(" · ") + count;
}

QString timeText(const JobProgress& progress)
{
    QString text = formatDuration(progress.elapsedMs);
    if (progress.remainingMs >= 0 && progress.elapsedMs > 500)
        text += QObject::tr(" · about %1 left").arg(formatDuration(progress.remainingMs));
    return text;
}

JobStrip::JobStrip(Jobs& jobs, QWidget* parent)
    : QWidget(parent), m_jobs(jobs), m_what(new QLabel(this)), m_bar(new QProgressBar(this)),
      m_time(new QLabel(this)), m_cancel(new QPushButton(tr("Cancel"), this))
{
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(10, 3, 6, 3);
    layout->addWidget(m_what);
    layout->addWidget(m_bar, 1);
    layout->addWidget(m_time);
    layout->addWidget(m_cancel);
    m_bar->setRange(0, 1000);
    m_bar->setTextVisible(false);
    m_bar->setMaximumHeight(12);
    m_cancel->setToolTip(tr("Stop this job (Esc)"));
    connect(m_cancel, &QPushButton::clicked, this, [this] { m_jobs.cancel(m_kind); });
    m_tick.setInterval(kTickMs);
    connect(&m_tick, &QTimer::timeout, this, &JobStrip::refresh);
    connect(&jobs, &Jobs::started, this, [this] { m_tick.start(); });
    connect(&jobs, &Jobs::finished, this, &JobStrip::refresh);
    setAutoFillBackground(true);
    setVisible(false);
}

QString JobStrip::text() const
{
    return m_what->text();
}

void JobStrip::refresh()
{
    const std::vector<JobStatus> jobs = m_jobs.list();
    if (jobs.empty())
        m_tick.stop();
    const auto asked = std::ranges::count_if(jobs, [](const JobStatus& job) { return !job.background; });
    const bool worth = asked > 0 && (isVisible() || jobs.front().progress.elapsedMs > kPatienceMs);
    if (worth) {
        const JobStatus& job = jobs.front();
        m_kind = job.kind;
        QString text = job.title;
        if (const QString stage = progressText(withoutRepetition(job)); !stage.isEmpty())
            text += QStringLiteral(" – ") + stage;
        if (asked > 1)
            text += tr("  (+%1 waiting)").arg(asked - 1);
        m_what->setText(text);
        if (job.progress.total == 0) {
            m_bar->setRange(0, 0); // busy
        } else {
            m_bar->setRange(0, 1000);
            m_bar->setValue(static_cast<int>(1000 * job.progress.fraction()));
        }
        m_time->setText(timeText(job.progress));
    }
    setVisible(worth);
    if (worth)
        raise(); // over the next step, which waits in the same place
}

} // namespace qs::ui
