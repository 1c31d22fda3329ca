#include "widgets/panels/comparison/comparison_table.h"

#include "core/quant/presets.h"
#include "core/quant/recipe.h"
#include "core/stats/proportion.h"
#include "widgets/model/figure_text.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QEvent>
#include <QHeaderView>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace qs::ui {

namespace {

using enum ComparisonTable::Column;

constexpr int kRowRole = Qt::UserRole;
constexpr int kLeastMethod = 110;     ///< pixels
constexpr int kHeaderRoom = 16;       ///< pixels
constexpr int kMostCalibration = 100; ///< pixels; a failure may be long, its tooltip has all of it
constexpr int kSortRole = Qt::UserRole + 1;

/// Sorts by its number.
class NumberItem final : public QTableWidgetItem {
public:
    NumberItem(const QString& text, double value) : QTableWidgetItem(text)
    {
        setData(kSortRole, value);
        setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    }
    bool operator<(const QTableWidgetItem& other) const override
    {
        return data(kSortRole).toDouble() < other.data(kSortRole).toDouble();
    }
};

QString methodTitle(const std::string& name)
{
    for (const quant::Preset& preset : report::comparedMethods())
        if (preset.name == name)
            return QString::fromUtf8(preset.title.data(), qsizetype(preset.title.size()));
    return QString::fromStdString(name);
}

QString methodHelp(const report::ComparisonRow& row)
{
    for (const quant::Preset& preset : report::comparedMethods())
        if (preset.name == row.method)
            return QString::fromUtf8(preset.description.data(), qsizetype(preset.description.size()));
    return ComparisonTable::tr("The recipe as it was when the comparison was started.");
}

bool sameGroup(const report::ComparisonRow& a, const report::ComparisonRow& b)
{
    return a.weightBits == b.weightBits && a.activationBits == b.activationBits && a.coverage == b.coverage;
}

/// A share of so many images; nothing for figures without an interval, which no mark can judge.
struct Share {
    std::size_t hits = 0, count = 0;
    stats::Interval interval() const { return stats::wilson(hits, count); }
};
std::optional<Share> shareOf(const report::ComparisonRow& row, int column, std::size_t images)
{
    if (images == 0 || !row.scores || (!row.failure.empty() && row.agreement == 0))
        return std::nullopt;
    if (column == kTop1 && row.top1) {
        const std::size_t labelled = row.labelled > 0 ? row.labelled : images;
        return Share{stats::hitsOf(*row.top1, labelled), labelled};
    }
    if (column == kAgreement)
        return Share{stats::hitsOf(row.agreement, images), images};
    return std::nullopt;
}

/// Whether the intervals of a headline do not meet, and the first is the better one. Both are of the same images, so
/// that a smaller difference may be real too: this says only what is sure.
bool beyond(const tasks::Figure& better, const tasks::Figure& worse)
{
    if (!better.interval || !worse.interval || better.key != worse.key)
        return false;
    return better.higherIsBetter ? better.interval->low > worse.interval->high
                                 : better.interval->high < worse.interval->low;
}

/// The same for tasks that are measured by a headline.
bool clearlyBestHeadline(const report::Comparison& table, const report::ComparisonRow& row)
{
    std::size_t others = 0;
    for (const report::ComparisonRow& other : table.rows) {
        if (&other == &row || !sameGroup(row, other) || !other.headline)
            continue;
        ++others;
        if (!row.headline || !beyond(*row.headline, *other.headline))
            return false;
    }
    return others > 0;
}

/// Better than every other line at these bits and this coverage, beyond the 95 % interval of the difference.
bool clearlyBest(const report::Comparison& table, const report::ComparisonRow& row, int column)
{
    if (!row.scores)
        return column == kTop1 && clearlyBestHeadline(table, row);
    const auto own = shareOf(row, column, table.images);
    if (!own)
        return false;
    std::size_t others = 0;
    for (const report::ComparisonRow& other : table.rows) {
        if (&other == &row || !sameGroup(row, other))
            continue;
        const auto share = shareOf(other, column, table.images);
        if (!share)
            continue;
        ++others;
        if (!(stats::difference(own->hits, own->count, share->hits, share->count).low > 0))
            return false;
    }
    return others > 0;
}

} // namespace

ComparisonTable::ComparisonTable(QWidget* parent) : QTableWidget(0, kColumns, parent)
{
    setAccessibleName(tr("Comparison of methods"));
    setHorizontalHeaderLabels({tr("Method"), tr("Bits"), tr("Coverage"), tr("Top-1\n%"), tr("Agree\n%"),
                               tr("KL\nnat"), tr("SQNR\ndB"), tr("Size\nMB"), tr("int8\n%"), tr("Search\ns"),
                               tr("Calibration")});
    const auto explain = [this](int column, const QString& text) {
        horizontalHeaderItem(column)->setToolTip(QStringLiteral("<p>%1</p>").arg(text));
    };
    explain(kBits,
            tr("As asked for: weights / activations. The patch embedding's input stays at 8 bits in presets."));
    explain(kCoverage, tr("Which sites are quantized. Figures of different coverages do not compare."));
    explain(kAgreement, tr("Share of the test images with the float network's first class."));
    explain(kKl, tr("Mean KL(softmax(float) ‖ softmax(quantized)) of the test images."));
    explain(kSqnr, tr("10 log₁₀(Σl² / Σ(l − l_q)²) of the outputs."));
    explain(kSize, tr("The exported file on disk, at opset 17: codes below 8 bits take a byte each. A line's tip has "
                      "the size with packed codes."));
    explain(kInt8,
            tr("Share of the multiply-accumulates that run in integer kernels of ONNX Runtime once exported."));
    explain(kTime, tr("Time to choose all ranges and parameters, without the calibration pass that all share."));
    for (int column = 0; column < kColumns; ++column)
        horizontalHeaderItem(column)->setTextAlignment(
            (column >= kTop1 && column <= kTime ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    setEditTriggers(NoEditTriggers);
    setSelectionBehavior(SelectRows);
    setSelectionMode(SingleSelection);
    setAlternatingRowColors(true);
    setShowGrid(false);
    setWordWrap(false);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setMinimumSectionSize(16);
    horizontalHeader()->setStretchLastSection(false);
    horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder); // as they were asked for
    const auto load = [this](int row) {
        if (const report::ComparisonRow* found = at(row))
            emit loadWished(report::ComparisonRow(*found));
    };
    connect(this, &QTableWidget::cellDoubleClicked, this, load);
    connect(this, &QTableWidget::cellActivated, this, load);
}

void ComparisonTable::setComparison(const report::Comparison& comparison)
{
    if (comparison == m_comparison && rowCount() == static_cast<int>(comparison.rows.size()))
        return;
    m_comparison = comparison;
    fill();
}

const report::ComparisonRow* ComparisonTable::at(int row) const
{
    const QTableWidgetItem* first = item(row, kMethod);
    return first ? &m_comparison.rows[first->data(kRowRole).toUInt()] : nullptr;
}

/// What a figure of a line stands on.
QString ComparisonTable::figuresHelp(const report::ComparisonRow& row, int column) const
{
    if (column == kSize && row.modelBytes > 0)
        return tr("%1 with packed codes. ").arg(formatBytes(row.modelBytes));
    if (column == kTop1 && !row.scores && row.headline)
        return tr("%1 %2; 95 % interval %3. ")
            .arg(figureTitle(*row.headline), figureValue(*row.headline), figureInterval(*row.headline));
    const auto share = shareOf(row, column, m_comparison.images);
    if (!share)
        return {};
    const stats::Interval interval = share->interval();
    return tr("%1 of %2 images; 95 % interval %3 %. ")
        .arg(share->hits)
        .arg(share->count)
        .arg(formatShares(interval.low, interval.high));
}

void ComparisonTable::fill()
{
    setSortingEnabled(false);
    setRowCount(static_cast<int>(m_comparison.rows.size()));
    for (std::size_t i = 0; i < m_comparison.rows.size(); ++i) {
        const report::ComparisonRow& row = m_comparison.rows[i];
        const int at = static_cast<int>(i);
        const auto text = [&](int column, const QString& value) { setItem(at, column, new QTableWidgetItem(value)); };
        const auto number = [&](int column, double value, int digits) {
            const bool known = std::isfinite(value) && (row.failure.empty() || row.agreement > 0 || row.headline);
            auto* cell = new NumberItem(known ? QString::number(value, 'f', digits) : QStringLiteral("–"),
                                        known ? value : -std::numeric_limits<double>::infinity());
            if (clearlyBest(m_comparison, row, column)) {
                QFont bold = font();
                bold.setBold(true);
                cell->setFont(bold);
                cell->setForeground(colours().good);
            }
            setItem(at, column, cell);
        };
        text(kMethod, methodTitle(row.method));
        item(at, kMethod)->setData(kRowRole, static_cast<unsigned>(i));
        setItem(at, kBits,
                new NumberItem(QStringLiteral("%1 / %2").arg(row.weightBits).arg(row.activationBits),
                               row.weightBits * 100 + row.activationBits));
        item(at, kBits)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
        text(kCoverage, row.coverage == graph::Coverage::Full ? tr("full") : tr("matmul"));
        if (!row.scores && row.headline) {
            const bool share = row.headline->unit == "%";
            number(kTop1, row.headline->value * (share ? 100 : 1), share || row.headline->unit == "dB" ? 1 : 4);
        } else {
            number(kTop1, row.top1 ? *row.top1 * 100 : std::numeric_limits<double>::quiet_NaN(), 1);
        }
        number(kAgreement, row.agreement * 100, 1);
        number(kKl, row.klDivergence, 4);
        number(kSqnr, row.logitSqnrDb, 1);
        number(kSize, row.fileBytes > 0 ? static_cast<double>(row.fileBytes) * 1e-6 : std::nan(""), 2);
        number(kInt8, row.int8Share * 100, 0);
        number(kTime, row.resolveSeconds, 1);
        text(kCalibration,
             row.failure.empty() ? tr("%1 images").arg(row.calibrationImages) : QString::fromStdString(row.failure));
        for (int column = 0; column < kColumns; ++column)
            item(at, column)
                ->setToolTip(QStringLiteral("<p><b>%1</b></p><p>%2</p><p>%3</p>")
                                 .arg(methodTitle(row.method).toHtmlEscaped(),
                                      (row.failure.empty() ? methodHelp(row) : QString::fromStdString(row.failure))
                                          .toHtmlEscaped(),
                                      (figuresHelp(row, column) +
                                       tr("Double click: take this recipe; undo brings the other back."))
                                          .trimmed()));
        if (!row.failure.empty())
            item(at, kCalibration)->setForeground(colours().bad);
    }
    nameHeadline();
    setSortingEnabled(true);
    const auto& rows = m_comparison.rows;
    setColumnHidden(
        kCoverage, std::ranges::all_of(rows, [&](const auto& row) { return row.coverage == rows.front().coverage; }));
    setColumnHidden(kCalibration, std::ranges::all_of(rows, [&](const auto& row) {
                        return row.failure.empty() && row.calibrationImages == rows.front().calibrationImages;
                    }));
    // A header asks for more than its words and the arrow of sorting take.
    for (int column = kBits; column < kColumns; ++column) {
        const QSize words = horizontalHeader()->fontMetrics().size(0, horizontalHeaderItem(column)->text());
        const int wanted = std::max(words.width() + kHeaderRoom, sizeHintForColumn(column));
        if (!isColumnHidden(column))
            setColumnWidth(column, column == kCalibration ? std::min(wanted, kMostCalibration) : wanted);
    }
    giveRestToMethods();
}

/// The first figure is the headline of the task: top-1, or what another task has in its place.
void ComparisonTable::nameHeadline()
{
    const auto& rows = m_comparison.rows;
    const auto other =
        std::ranges::find_if(rows, [](const report::ComparisonRow& row) { return !row.scores && row.headline; });
    const bool classes = other == rows.end();
    QTableWidgetItem* heading = horizontalHeaderItem(kTop1);
    if (classes) {
        heading->setText(tr("Top-1\n%"));
        heading->setToolTip(tr("<p>Share of the labelled test images whose first class is right.</p>"));
    } else {
        heading->setText(figureTitle(*other->headline).replace(QStringLiteral(" to float"), QString()) +
                         QLatin1Char('\n') + QString::fromStdString(other->headline->unit));
        heading->setToolTip(QStringLiteral("<p>%1</p>").arg(figureTitle(*other->headline)));
    }
    setColumnHidden(kAgreement, !classes);
    setColumnHidden(kKl, !classes);
}

void ComparisonTable::giveRestToMethods()
{
    int rest = viewport()->width();
    for (int column = kBits; column < kColumns; ++column)
        rest -= isColumnHidden(column) ? 0 : columnWidth(column);
    setColumnWidth(kMethod, std::max(rest, kLeastMethod));
}

void ComparisonTable::resizeEvent(QResizeEvent* event)
{
    QTableWidget::resizeEvent(event);
    giveRestToMethods();
}

void ComparisonTable::changeEvent(QEvent* event)
{
    QTableWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && rowCount() > 0)
        fill();
}

} // namespace qs::ui
