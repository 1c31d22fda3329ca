#include "widgets/panels/distribution/quantizer_table.h"

#include "widgets/frame/csv.h"
#include "widgets/model/text.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QEvent>
#include <QHeaderView>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

enum Column { kTick, kQuantizer, kSqnr, kOutput, kClipped, kLevels, kColumns };

/// In %, with three significant digits: differences between quantizers are small.
QString percent(double share)
{
    if (!std::isfinite(share))
        return QStringLiteral("–");
    const double value = 100 * share;
    if (value == 0)
        return QStringLiteral("0");
    if (value < 0.001)
        return QStringLiteral("< 0.001");
    return QString::number(value, 'f', std::clamp(2 - static_cast<int>(std::floor(std::log10(value))), 0, 4));
}

/// The head has the unit.
QString decibels(double db)
{
    return formatDb(db).remove(QStringLiteral(" dB"));
}

QString text(std::string_view view)
{
    return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

QString titleOf(const quant::QuantizerTrial& trial)
{
    const QString title = text(quant::findQuantizer(trial.quantizer)->title);
    return trial.quantizer == quant::kUniform ? QStringLiteral("%1, %2").arg(title, schemeTitle(trial.scheme))
                                              : title;
}

/// What was found: "ratio 2^3", "step 0.0123".
QString levelsText(const quant::SitePlan& plan)
{
    if (const auto* regions = std::get_if<quant::RegionGrid>(&plan.levels)) {
        const double small = regions->step(regions->lower);
        const double large = regions->step(regions->upper);
        const double ratio = large / small;
        const double power = std::log2(ratio);
        const QString said = std::abs(power - std::round(power)) < 1e-6
                                 ? QStringLiteral("2^%1").arg(static_cast<int>(std::lround(power)))
                                 : formatNumber(ratio);
        return QuantizerTable::tr("step %1, ratio %2")
            .arg(formatNumber(std::min(small, large)), QString(said).replace(QLatin1Char('-'), QStringLiteral("−")));
    }
    if (const auto* logarithm = std::get_if<quant::LogGrid>(&plan.levels))
        return QuantizerTable::tr("largest %1").arg(formatNumber(logarithm->scale));
    return plan.grid.scale.size() == 1 ? QuantizerTable::tr("step %1").arg(formatNumber(plan.grid.scale.front()))
                                       : QString();
}

} // namespace

QuantizerTable::QuantizerTable(QWidget* parent)
    : QWidget(parent), m_table(new QTableWidget(0, kColumns, this)), m_note(new QLabel(this))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    layout->addWidget(m_table, 1);
    layout->addWidget(m_note);
    m_note->setWordWrap(true);
    m_note->setForegroundRole(QPalette::PlaceholderText);
    m_table->setAccessibleName(tr("Quantizers at this site"));
    m_table->setHorizontalHeaderLabels(
        {QString(), tr("Quantizer"), tr("SQNR, dB"), tr("Out. err., %"), tr("Clipped, %"), tr("Levels")});
    const auto explain = [this](int column, const QString& text) {
        m_table->horizontalHeaderItem(column)->setToolTip(QStringLiteral("<p>%1</p>").arg(text));
    };
    explain(kQuantizer, tr("Each with its own search, at the bits, range estimator and smoothing of the site."));
    explain(kSqnr, tr("10 log₁₀(Σx² / Σ(x − Q(x))²), only this site quantized."));
    explain(kOutput, tr("Σ(y − y_q)² / Σy² of the operators that read the site, on the sampled rows; only this site "
                        "quantized. None for products of two activations."));
    explain(kClipped, tr("Share of the values outside the range of the levels."));
    for (const int column : {kSqnr, kOutput, kClipped})
        m_table->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    for (const int column : {kQuantizer, kLevels})
        m_table->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->verticalHeader()->setDefaultSectionSize(m_table->fontMetrics().height() + 5);
    QHeaderView* header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setMinimumSectionSize(16);
    header->setSectionResizeMode(QHeaderView::ResizeToContents);
    header->setSectionResizeMode(kTick, QHeaderView::Fixed);
    header->resizeSection(kTick, 22);
    header->setStretchLastSection(true);
    connect(m_table, &QTableWidget::cellClicked, this, &QuantizerTable::take);
    connect(m_table, &QTableWidget::cellActivated, this, &QuantizerTable::take);
}

void QuantizerTable::setTrials(const std::vector<quant::QuantizerTrial>& trials, const quant::SiteSettings& settings,
                               bool stale)
{
    m_trials = trials;
    m_settings = settings;
    m_stale = stale;
    fill();
}

void QuantizerTable::showReason(const QString& text)
{
    m_trials.clear();
    fill();
    m_note->setText(text);
}

void QuantizerTable::fill()
{
    double bestDb = -1e300;
    double bestError = 1e300;
    for (const quant::QuantizerTrial& trial : m_trials) {
        if (!std::isnan(trial.error.sqnrDb))
            bestDb = std::max(bestDb, trial.error.sqnrDb);
        if (!std::isnan(trial.error.outputError))
            bestError = std::min(bestError, trial.error.outputError);
    }
    m_table->setRowCount(static_cast<int>(m_trials.size()));
    int row = 0;
    for (const quant::QuantizerTrial& trial : m_trials) {
        const bool chosen = trial.chosenIn(m_settings);
        const QString texts[kColumns] = {chosen ? QStringLiteral("✓") : QString(),
                                         titleOf(trial),
                                         decibels(trial.error.sqnrDb),
                                         percent(trial.error.outputError),
                                         trial.plan ? percent(trial.error.clippedShare) : QStringLiteral("–"),
                                         trial.plan ? levelsText(*trial.plan)
                                                    : QString::fromStdString(trial.problem)};
        for (int column = 0; column < kColumns; ++column) {
            auto* item = new QTableWidgetItem(texts[column]);
            const bool number = column == kSqnr || column == kOutput || column == kClipped;
            item->setTextAlignment((number            ? Qt::AlignRight
                                    : column == kTick ? Qt::AlignHCenter
                                                      : Qt::AlignLeft) |
                                   Qt::AlignVCenter);
            item->setToolTip(
                QStringLiteral("<p>%1</p><p>%2</p>")
                    .arg(text(quant::findQuantizer(trial.quantizer)->description).toHtmlEscaped(),
                         chosen ? tr("In use.")
                                : tr("Click to take it, at all selected sites that it suits; undo brings the "
                                     "others back.")));
            const bool best = (column == kSqnr && trial.error.sqnrDb == bestDb) ||
                              (column == kOutput && trial.error.outputError == bestError);
            QFont font = m_table->font();
            font.setBold(best || (chosen && column == kQuantizer));
            item->setFont(font);
            if (m_stale)
                item->setForeground(colours().stale);
            else if (best)
                item->setForeground(colours().good);
            m_table->setItem(row, column, item);
        }
        ++row;
    }
    m_note->setText(m_stale ? tr("Of older settings; being measured anew …")
                            : tr("Isolated error of the site. Green: the best of the column. A click takes a row."));
}

void QuantizerTable::take(int row)
{
    if (row < 0 || row >= static_cast<int>(m_trials.size()))
        return;
    const quant::QuantizerTrial trial = m_trials[static_cast<std::size_t>(row)]; // the edit may replace the rows
    if (trial.plan && !trial.chosenIn(m_settings))
        emit taken(trial);
}

void QuantizerTable::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && !m_trials.empty())
        fill();
}

QString QuantizerTable::csv() const
{
    QString text = csvLine({QStringLiteral("quantizer"), QStringLiteral("scheme"), QStringLiteral("sqnr_db"),
                            QStringLiteral("output_error"), QStringLiteral("clipped_share")});
    for (const quant::QuantizerTrial& trial : m_trials)
        text += csvLine({QString::fromStdString(trial.quantizer),
                         trial.quantizer == quant::kUniform ? schemeTitle(trial.scheme) : QString(),
                         csvNumber(trial.error.sqnrDb), csvNumber(trial.error.outputError),
                         csvNumber(trial.error.clippedShare)});
    return text;
}

} // namespace qs::ui
