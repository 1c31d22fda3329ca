#include "widgets/frame/status_figures.h"

#include "core/onnx/export.h"
#include "core/quant/accuracy.h"
#include "widgets/model/figure_text.h"
#include "widgets/model/follow.h"
#include "widgets/model/text.h"
#include "widgets/theme/format.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QProgressBar>

namespace qs::ui {

namespace {
constexpr int kRestMs = 400;

/// Never widens the window: what does not fit ends in "…", and the tip has it.
class ElidedLabel : public QLabel {
public:
    using QLabel::QLabel;
    QSize minimumSizeHint() const override
    {
        return {fontMetrics().averageCharWidth() * 8, QLabel::sizeHint().height()};
    }
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setPen(palette().color(foregroundRole()));
        painter.drawText(contentsRect(), Qt::AlignLeft | Qt::AlignVCenter,
                         fontMetrics().elidedText(text(), Qt::ElideRight, contentsRect().width()));
    }
};
} // namespace

QString accuracyText(const quant::Evaluation& figures, bool onCalibration)
{
    QStringList parts;
    if (figures.top1) {
        QString text = (onCalibration ? QObject::tr("top-1 on calibration images %1") : QObject::tr("top-1 %1"))
                           .arg(formatPercent(*figures.top1));
        if (const auto interval = quant::top1Interval(figures))
            text += QStringLiteral(" (%1)").arg(formatShares(interval->low, interval->high));
        if (figures.floatTop1) {
            text += QStringLiteral(", ") + formatPointsDifference(*figures.top1 - *figures.floatTop1);
            if (const auto drop = quant::dropInterval(figures); drop && drop->contains(0))
                text += QObject::tr(", within noise");
            QString reference = formatPercent(*figures.floatTop1);
            reference.chop(2); // the unit is said once
            text += QObject::tr(" (float %1)").arg(reference);
        }
        parts << text;
    }
    if (!figures.scores && figures.headline())
        parts << headlineText(figures, onCalibration);
    if (figures.scores)
        parts << QObject::tr("agreement %1").arg(formatPercent(figures.agreement));
    else
        parts << QObject::tr("SQNR %1").arg(formatDb(figures.logitSqnrDb));
    return parts.join(QStringLiteral(" · "));
}

QString sizeText(std::size_t fileBytes, std::size_t packedBytes)
{
    return fileBytes > 0 ? QObject::tr("%1 on disk (%2 packed)").arg(formatBytes(fileBytes), formatBytes(packedBytes))
                         : QObject::tr("%1 packed").arg(formatBytes(packedBytes));
}

StatusFigures::StatusFigures(const Document& document, Plans& plans, Figures& figures, Jobs& jobs, QWidget* parent)
    : QWidget(parent), m_document(document), m_plans(plans), m_figures(figures), m_jobs(jobs),
      m_text(new ElidedLabel(this)), m_basis(new ElidedLabel(this)), m_running(new QLabel(this)),
      m_bar(new QProgressBar(this)), m_export(jobs.runner(), Lane::Background)
{
    m_later.setSingleShot(true);
    m_later.setInterval(kRestMs);
    connect(&m_later, &QTimer::timeout, this, &StatusFigures::measureFile);
    connect(&plans, &Plans::planChanged, this, [this] {
        m_export.cancel();
        m_later.start();
    });
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 2, 8, 2);
    layout->setSpacing(12);
    layout->addWidget(m_text);
    layout->addWidget(m_basis, 1);
    m_basis->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // the figures come first
    layout->addWidget(m_running);
    layout->addWidget(m_bar);
    m_basis->setForegroundRole(QPalette::PlaceholderText);
    m_bar->setRange(0, 1000);
    m_bar->setTextVisible(false);
    m_bar->setFixedSize(90, 10);
    follow(this, &StatusFigures::refresh)
        .on(figures, &Figures::probeChanged)
        .on(figures, &Figures::evaluationChanged)
        .on(plans, &Plans::planChanged)
        .on(document, &Document::recipeChanged)
        .on(document, &Document::modelChanged)
        .on(plans, &Plans::calibrationChanged);
    follow(this, &StatusFigures::refreshRunning)
        .on(jobs, &Jobs::started)
        .on(jobs, &Jobs::progressed)
        .on(jobs, &Jobs::finished);
    refresh();
    refreshRunning();
}

QString StatusFigures::text() const
{
    return m_text->text();
}

QString StatusFigures::basis() const
{
    return m_basis->text();
}

/// The file that an export would write, without writing it.
void StatusFigures::measureFile()
{
    const auto plan = m_plans.plan().value;
    if (!plan || !m_plans.plan().current || plan == m_measured)
        return;
    m_export.start(
        [model = m_document.model(), plan](const Context&) -> Result<std::size_t> {
            QS_ASSIGN(const onnx::ExportReport report, onnx::previewExport(*model, *plan, {}));
            return report.fileBytes;
        },
        [this, plan](const Result<std::size_t>& bytes) {
            if (!bytes && bytes.error().code == ErrorCode::Cancelled)
                return;
            m_measured = plan;
            m_fileBytes = bytes.value_or(0); // the export says what keeps it
            refresh();
        });
}

QString StatusFigures::sizeText() const
{
    const auto& plan = m_plans.plan().value;
    return ui::sizeText(plan == m_measured ? m_fileBytes : 0, plan->modelBytes);
}

QString StatusFigures::explanation() const
{
    const ModelTask& task = m_document.task();
    const QString figures =
        !task || task.is("classification")
            ? tr("Share of images whose most likely class is the label (top-1), and whose most likely class is "
                 "the float network's (agreement). In brackets 95 % intervals: what other images of the same kind "
                 "may "
                 "give; a difference is within noise where its interval, from the images that only one network gets "
                 "right, holds 0.")
            : tr("%1. %2 In brackets the 95 % interval: what other images of the same kind may give. SQNR: of all "
                 "outputs against the float network's.")
                  .arg(taskTitle(task), taskHelp(task));
    return figures +
           tr(" Mean bits count weight elements and activation elements. On disk: the file that an export "
              "writes at opset 17, where codes below 8 bits take a byte; packed: with codes at their bits.");
}

void StatusFigures::refresh()
{
    const Figure<quant::Evaluation> best = m_figures.best();
    const Figure<quant::Plan>& plan = m_plans.plan();
    QStringList parts;
    const bool onCalibration = best && !m_document.testImages();
    if (best)
        parts << accuracyText(*best, onCalibration);
    if (plan)
        parts << QStringLiteral("W %1 · A %2")
                     .arg(formatBits(plan->meanWeightBits), formatBits(plan->meanActivationBits))
              << sizeText();
    QString text = parts.join(QStringLiteral(" · "));
    if (text.isEmpty())
        text = !m_document.model()     ? tr("No model")
               : m_plans.calibration() ? tr("Resolving …")
                                       : tr("Not calibrated");
    m_text->setText(text);
    const bool current = !best || best.current;
    m_text->setForegroundRole(current && best ? QPalette::WindowText : QPalette::PlaceholderText);

    QString basis;
    if (best) {
        basis = (onCalibration ? tr("%1 calibration images, coverage %2") : tr("%1 images, coverage %2"))
                    .arg(formatCount(best->images), coverageTitle(best->coverage));
        if (best.value == m_figures.probe().value)
            basis = tr("probe on %1").arg(basis);
        if (!current)
            basis += tr(" – of an older recipe");
    }
    m_basis->setText(basis);
    m_text->setToolTip(explanation());
    m_basis->setToolTip(text + QLatin1Char('\n') + basis);
}

void StatusFigures::refreshRunning()
{
    const JobStatus* shown = nullptr;
    const std::vector<JobStatus> jobs = m_jobs.list();
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
                      Figures::kProbeImages, m_document.probeImages() ? m_document.probeImages()->size() : 0)))
            : tr("error profile");
    if (progress.remainingMs >= 0 && progress.elapsedMs > 500)
        text += QStringLiteral(" · ") + formatDuration(progress.remainingMs);
    else if (progress.elapsedMs == 0)
        text += tr(" · waiting");
    m_running->setText(text);
    m_bar->setValue(static_cast<int>(1000 * progress.fraction()));
}

} // namespace qs::ui
