#include "widgets/panels/comparison/comparison_panel.h"

#include "core/quant/presets.h"
#include "core/stats/proportion.h"
#include "widgets/frame/job_strip.h"
#include "widgets/model/figure_text.h"
#include "widgets/model/follow.h"
#include "widgets/model/text.h"
#include "widgets/panels/comparison/comparison_form.h"
#include "widgets/panels/comparison/comparison_table.h"
#include "widgets/panels/shared/empty_state.h"
#include "widgets/theme/format.h"

#include <QLabel>
#include <QVBoxLayout>

namespace qs::ui {

namespace {
constexpr int kTickMs = 200;

QString floatInterval(const report::Comparison& table)
{
    const std::size_t labelled = table.rows.front().labelled > 0 ? table.rows.front().labelled : table.images;
    const auto interval = stats::wilson(stats::hitsOf(*table.floatTop1, labelled), labelled);
    return formatShares(interval.low, interval.high);
}
} // namespace

ComparisonPanel::ComparisonPanel(const Document& document, Edits& edits, Plans& plans,
                                 std::unique_ptr<Comparer> comparer, QWidget* parent)
    : QWidget(parent), m_document(document), m_edits(edits), m_plans(plans), m_comparer(std::move(comparer)),
      m_form(new ComparisonForm), m_table(new ComparisonTable), m_note(new QLabel)
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 8, 8, 8);
    layout->setSpacing(6);
    layout->addWidget(m_form);
    m_empty = new EmptyState(m_table);
    layout->addWidget(m_empty, 1);
    layout->addWidget(m_note);
    m_note->setWordWrap(true);
    m_note->setForegroundRole(QPalette::PlaceholderText);

    m_tick.setInterval(kTickMs);
    connect(&m_tick, &QTimer::timeout, this, &ComparisonPanel::refreshProgress);
    follow(this, &ComparisonPanel::refresh)
        .on(document, &Document::modelChanged)
        .on(document, &Document::imagesChanged)
        .on(plans, &Plans::calibrationChanged);
    connect(m_comparer.get(), &Comparer::changed, this, &ComparisonPanel::refresh);
    connect(m_form, &ComparisonForm::startWished, m_comparer.get(), &Comparer::start);
    connect(m_form, &ComparisonForm::cancelWished, m_comparer.get(), &Comparer::cancel);
    connect(m_form, &ComparisonForm::clearWished, m_comparer.get(), &Comparer::clear);
    connect(m_empty, &EmptyState::pressed, &plans, &Plans::calibrate);
    connect(m_table, &ComparisonTable::loadWished, this, &ComparisonPanel::load);
    refresh();
}

void ComparisonPanel::refresh()
{
    const report::Comparison& table = m_comparer->table();
    const bool ready = m_document.model() && m_plans.calibration() && m_document.testImages();
    m_form->setVisible(m_document.model() != nullptr);
    m_form->setObstacle(ready ? QString() : tr("A calibration and test images are needed first."));
    m_form->setImages(m_document.testImages() ? m_document.testImages()->size() : 0);
    m_form->setRunning(m_comparer->running());
    m_form->setHasLines(!table.rows.empty(),
                        !m_comparer->running() && !table.rows.empty() && table.rows.size() < m_comparer->wanted());
    if (m_comparer->running() && !m_tick.isActive()) {
        m_tick.start();
        refreshProgress();
    }
    m_table->setComparison(table);
    if (table.rows.empty())
        sayWhyEmpty();
    else
        m_empty->showView();
    QString note;
    if (!table.rows.empty()) {
        const auto other = std::ranges::find_if(
            table.rows, [](const report::ComparisonRow& row) { return !row.scores && row.headline; });
        note = other != table.rows.end()
                   ? tr("%1 on %2 test images. ").arg(figureTitle(*other->headline)).arg(table.images)
               : table.floatTop1 ? tr("Float: %1 top-1 on %2 test images (95 %: %3). ")
                                       .arg(formatPercent(*table.floatTop1))
                                       .arg(table.images)
                                       .arg(floatInterval(table))
                                 : tr("%1 unlabelled test images. ").arg(table.images);
        if (m_table->isColumnHidden(ComparisonTable::kCoverage))
            note += tr("Coverage: %1. ").arg(coverageTitle(table.rows.front().coverage));
        if (m_table->isColumnHidden(ComparisonTable::kCalibration))
            note += tr("Calibrated on %1 images. ").arg(table.rows.front().calibrationImages);
        note +=
            tr("Green: better than all others at these bits and this coverage beyond noise (95 %). A double click "
               "takes a recipe.");
        for (const Doubt& doubt : table.doubts)
            note += QLatin1Char('\n') + tr("Doubtful: %1").arg(sentence(doubt.message));
    }
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
}

void ComparisonPanel::refreshProgress()
{
    if (!m_comparer->running())
        return m_tick.stop();
    const JobProgress progress = m_comparer->progress();
    const std::size_t done = std::min(m_comparer->table().rows.size(), m_comparer->wanted());
    const QString stage = progress.total > 0 ? progressText(progress) : tr("waiting for its turn");
    const double inside = progress.stage == QLatin1String("evaluating") ? progress.fraction() : 0;
    m_form->showProgress(
        tr("line %1 of %2: %3").arg(done + 1).arg(m_comparer->wanted()).arg(stage),
        m_comparer->wanted() ? (static_cast<double>(done) + inside) / static_cast<double>(m_comparer->wanted()) : -1);
}

void ComparisonPanel::sayWhyEmpty()
{
    if (!m_document.model())
        return m_empty->showReason(
            tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    if (m_comparer->running())
        return m_empty->showReason(tr("The first line comes when its method has seen all test images."));
    if (!m_document.testImages())
        return m_empty->showReason(tr("A comparison needs test images:\nopen a folder of them from the File menu."));
    if (!m_plans.calibration())
        return m_plans.calibration().running
                   ? m_empty->showReason(tr("A comparison comes after the calibration; it is running."))
                   : m_empty->showReason(tr("Calibrate first: there are no ranges to quantize with."),
                                         tr("Calibrate"));
    m_empty->showReason(
        tr("Every method on the same images and sites:\nchoose methods and bits above and press Compare."));
}

void ComparisonPanel::load(const report::ComparisonRow& row)
{
    for (const quant::Preset& preset : quant::presets()) {
        if (preset.name != row.method)
            continue;
        auto recipe = quant::presetRecipe(row.method, row.weightBits, row.activationBits);
        if (!recipe)
            return;
        recipe->coverage = row.coverage;
        m_edits.setRecipe(m_edits.keepingLocked(*recipe),
                          tr("%1, W%2 A%3, %4")
                              .arg(QString::fromUtf8(preset.title.data(), qsizetype(preset.title.size())))
                              .arg(row.weightBits)
                              .arg(row.activationBits)
                              .arg(coverageTitle(row.coverage)));
        return;
    }
    const QString method = QString::fromStdString(row.method);
    if (row.found) {
        m_edits.setRecipe(m_edits.keepingLocked(*row.found),
                          tr("%1, W%2 A%3").arg(method).arg(row.weightBits).arg(row.activationBits));
    } else if (const quant::Recipe* kept = m_comparer->recipe(row.method)) {
        m_edits.setRecipe(m_edits.keepingLocked(*kept), method);
    }
}

QString ComparisonPanel::tableCsv() const
{
    const report::Comparison& table = m_comparer->table();
    return table.rows.empty() ? QString() : QString::fromStdString(report::comparisonToCsv(table));
}

QString ComparisonPanel::reason() const
{
    return m_empty->empty() ? m_empty->reason() : QString();
}

} // namespace qs::ui
