#include "widgets/history/history_model.h"

#include "widgets/frame/status_figures.h"
#include "widgets/model/document.h"
#include "widgets/model/figure_text.h"
#include "widgets/model/figures.h"
#include "widgets/model/history.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QApplication>
#include <QFont>
#include <QPalette>

namespace qs::ui {

namespace {

/// "*": on the first images only.
QString headlineOf(const quant::Evaluation& figures, bool full)
{
    const QString mark = full ? QString() : QStringLiteral(" *");
    if (figures.scores)
        return figures.top1 ? formatPercent(*figures.top1) + mark : QStringLiteral("–");
    return figures.headline() ? figureValue(*figures.headline()) + mark : QStringLiteral("–");
}

} // namespace

HistoryModel::HistoryModel(const Document& document, const Figures& figures, QObject* parent)
    : QAbstractTableModel(parent), m_document(document), m_figures(figures)
{
    connect(&document, &Document::historyChanged, this, &HistoryModel::refresh);
    connect(&document, &Document::modelChanged, this, &HistoryModel::refresh);
    const auto headings = [this] { emit headerDataChanged(Qt::Horizontal, Headline, Second); };
    connect(&document, &Document::taskChanged, this, headings);
    connect(&figures, &Figures::probeChanged, this, headings);
    connect(&figures, &Figures::evaluationChanged, this, headings);
    refresh();
}

void HistoryModel::refresh()
{
    const int rows = m_document.model() ? m_document.history().size() : 0;
    if (rows > m_rows) {
        beginInsertRows({}, m_rows, rows - 1);
        m_rows = rows;
        endInsertRows();
    } else if (rows < m_rows) {
        beginRemoveRows({}, rows, m_rows - 1);
        m_rows = rows;
        endRemoveRows();
    }
    if (m_rows > 0)
        emit dataChanged(index(0, 0), index(m_rows - 1, Columns - 1));
}

int HistoryModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_rows;
}
int HistoryModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(Columns);
}

QString HistoryModel::headlineTitle() const
{
    const Figure<quant::Evaluation> best = m_figures.best();
    return best && best->headline() ? figureTitle(*best->headline()) : taskTitle(m_document.task());
}

QVariant HistoryModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= std::min(m_rows, m_document.history().size()))
        return {};
    const History& history = m_document.history();
    const HistoryState& state = history.state(index.row());
    const auto [best, full] = m_figures.ofState(state.key);
    switch (role) {
    case Qt::DisplayRole:
        if (index.column() == Change)
            return state.text;
        if (!best)
            return QStringLiteral("–");
        if (index.column() == Headline)
            return headlineOf(*best, full);
        return best->scores ? formatPercent(best->agreement) : formatDb(best->logitSqnrDb);
    case Qt::TextAlignmentRole:
        return static_cast<int>(Qt::AlignVCenter | (index.column() == Change ? Qt::AlignLeft : Qt::AlignRight));
    case Qt::FontRole:
        if (index.row() == history.index()) {
            QFont font;
            font.setBold(true);
            return font;
        }
        return {};
    case Qt::ForegroundRole:
        return index.row() > history.index() ? QVariant(colours().stale) : QVariant();
    case Qt::ToolTipRole:
        if (!best)
            return tr("%1\nNo figures of this state were computed.").arg(state.text);
        return tr("%1\n%2\nW %3 · A %4 · %5\n%6 on %7 images")
            .arg(state.text, accuracyText(*best, !m_document.testImages()), formatBits(best->meanWeightBits),
                 formatBits(best->meanActivationBits), sizeText(best->fileBytes, best->modelBytes),
                 full ? tr("evaluated") : tr("* probe"))
            .arg(best->images);
    default:
        return {};
    }
}

QVariant HistoryModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    const bool scores = !m_document.task() || m_document.task().is("classification");
    if (orientation == Qt::Horizontal && role == Qt::ToolTipRole && section == Headline)
        return scores ? tr("Share of the labelled images whose most likely class is the label")
                      : headlineTitle() + QStringLiteral("\n") + taskHelp(m_document.task());
    if (orientation == Qt::Horizontal && role == Qt::ToolTipRole && section == Second)
        return scores ? tr("Agreement: share of images with the float network's most likely class")
                      : tr("SQNR of all outputs against the float network's");
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Change:
        return tr("Change");
    case Headline:
        return scores ? tr("Top-1") : headlineTitle();
    case Second:
        return scores ? tr("Agree") : tr("SQNR");
    default:
        return {};
    }
}

} // namespace qs::ui
