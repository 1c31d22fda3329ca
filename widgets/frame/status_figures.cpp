#include "widgets/frame/status_figures.h"

#include "widgets/model/text.h"
#include "widgets/theme/format.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>

namespace qs::ui {

QString accuracyText(const quant::Evaluation& figures)
{
    QStringList parts;
    if (figures.top1) {
        QString text = QObject::tr("top-1 %1").arg(formatPercent(*figures.top1));
        if (figures.floatTop1) {
            QString reference = formatPercent(*figures.floatTop1);
            reference.chop(2); // the unit is said once
            text += QObject::tr(" (float %1, %2)")
                        .arg(reference, formatPointsDifference(*figures.top1 - *figures.floatTop1));
        }
        parts << text;
    }
    if (figures.scores)
        parts << QObject::tr("agreement %1").arg(formatPercent(figures.agreement));
    else
        parts << QObject::tr("SQNR %1").arg(formatDb(figures.logitSqnrDb));
    return parts.join(QStringLiteral(" · "));
}

StatusFigures::StatusFigures(Session& session, QWidget* parent)
    : QWidget(parent), m_session(session), m_figures(new QLabel(this)), m_basis(new QLabel(this)),
      m_running(new QLabel(this)), m_bar(new QProgressBar(this))
{
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 2, 8, 2);
    layout->setSpacing(12);
    layout->addWidget(m_figures);
    layout->addWidget(m_basis);
    layout->addStretch(1);
    layout->addWidget(m_running);
    layout->addWidget(m_bar);
    m_basis->setForegroundRole(QPalette::PlaceholderText);
    m_bar->setRange(0, 1000);
    m_bar->setTextVisible(false);
    m_bar->setFixedSize(90, 10);
    m_figures->setToolTip(
        tr("Share of images whose most likely class is the label (top-1), and whose most likely class is "
           "the float network's (agreement). Mean bits count weight elements and activation elements; "
           "the size is what a file would hold at best."));
    for (auto signal : {&Session::probeChanged, &Session::evaluationChanged, &Session::planChanged,
                        &Session::recipeChanged, &Session::modelChanged, &Session::calibrationChanged})
        connect(&session, signal, this, &StatusFigures::refresh);
    for (auto signal : {&Session::jobStarted, &Session::jobProgressed, &Session::jobFinished})
        connect(&session, signal, this, &StatusFigures::refreshRunning);
    refresh();
    refreshRunning();
}

QString StatusFigures::text() const
{
    return m_figures->text();
}

void StatusFigures::refresh()
{
    const Figure<quant::Evaluation>& best = m_session.bestFigures();
    const Figure<quant::Plan>& plan = m_session.plan();
    QStringList parts;
    if (best)
        parts << accuracyText(*best);
    if (plan)
        parts << QStringLiteral("W %1 · A %2")
                     .arg(formatBits(plan->meanWeightBits), formatBits(plan->meanActivationBits))
              << formatBytes(plan->modelBytes);
    QString text = parts.join(QStringLiteral(" · "));
    if (text.isEmpty())
        text = !m_session.model()        ? tr("No model")
               : m_session.calibration() ? tr("Resolving …")
                                         : tr("Not calibrated");
    m_figures->setText(text);
    const bool current = !best || best.current;
    m_figures->setForegroundRole(current && best ? QPalette::WindowText : QPalette::PlaceholderText);

    QString basis;
    if (best) {
        basis = tr("%1 images, coverage %2").arg(formatCount(best->images), coverageTitle(best->coverage));
        if (&best == &m_session.probe())
            basis = tr("probe on %1").arg(basis);
        if (!current)
            basis += tr(" – of an older recipe");
    }
    m_basis->setText(basis);
}

void StatusFigures::refreshRunning()
{
    const JobStatus* shown = nullptr;
    const std::vector<JobStatus> jobs = m_session.jobs();
    for (const JobStatus& job : jobs)
        if (job.kind == JobKind::Probe || job.kind == JobKind::Profile) {
            shown = &job;
            break;
        }
    m_bar->setVisible(shown != nullptr);
    m_running->setVisible(shown != nullptr);
    if (!shown)
        return;
    const JobProgress& progress = shown->progress;
    QString text =
        shown->kind == JobKind::Probe
            ? tr("probe %1 img")
                  .arg(formatCount(std::min<std::size_t>(
                      Session::kProbeImages, m_session.probeImages() ? m_session.probeImages()->size() : 0)))
            : tr("error profile");
    if (progress.remainingMs >= 0 && progress.elapsedMs > 500)
        text += QStringLiteral(" · ") + formatDuration(progress.remainingMs);
    else if (progress.elapsedMs == 0)
        text += tr(" · waiting");
    m_running->setText(text);
    m_bar->setValue(static_cast<int>(1000 * progress.fraction()));
}

} // namespace qs::ui
