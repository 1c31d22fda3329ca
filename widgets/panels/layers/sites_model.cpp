#include "widgets/panels/layers/sites_model.h"

#include "widgets/frame/csv.h"
#include "widgets/panels/layers/site_columns.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

const QString kDash = QStringLiteral("–");

QString fixed(double value, int decimals)
{
    if (std::isnan(value))
        return kDash;
    if (std::isinf(value))
        return value > 0 ? QStringLiteral("exact") : kDash;
    return QString::number(value, 'f', decimals).replace(QLatin1Char('-'), QStringLiteral("−"));
}

/// Percentages with one decimal, small ones that are not zero with as many as they need.
QString percent(double value)
{
    if (value > 0 && value < 0.05)
        return QString::number(value, 'g', 1);
    return fixed(value, 1);
}

std::vector<SitesModel::Badge> badges(const SiteRow& row)
{
    std::vector<SitesModel::Badge> badges;
    if (!row.warning.isEmpty())
        badges.push_back({QStringLiteral("!"), row.severe ? colours().bad : colours().warning});
    if (row.bridge >= 0)
        badges.push_back({QString::number(row.bridge), colours().bridge});
    return badges;
}

QString siteTip(const SiteRow& row)
{
    QString tip = QStringLiteral("<p>%1&nbsp; %2</p>").arg(row.name.toHtmlEscaped(), row.shape) + row.warningHelp;
    if (row.bridge >= 0)
        tip += QStringLiteral("<p>%1</p>").arg(row.bridgeHelp.toHtmlEscaped());
    return tip;
}

bool outdated(const SiteRow& row, SiteColumn column)
{
    switch (column) {
    case SiteColumn::Sqnr:
    case SiteColumn::OutputError:
    case SiteColumn::Clipped:
    case SiteColumn::Range:
    case SiteColumn::Transforms:
        return !row.current;
    case SiteColumn::Accumulated:
        return !row.accumulatedCurrent;
    case SiteColumn::Sensitivity:
        return !row.sensitivityCurrent;
    default:
        return false;
    }
}

} // namespace

void SitesModel::setRows(std::vector<SiteRow> rows)
{
    const bool same =
        rows.size() == m_rows.size() && std::ranges::equal(rows, m_rows, [](const SiteRow& a, const SiteRow& b) {
            return a.id == b.id && a.name == b.name;
        });
    if (!same) {
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
        return;
    }
    // One signal for all that changed: views repaint once.
    int first = -1;
    int last = -1;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (!sameRow(rows[i], m_rows[i])) {
            m_rows[i] = std::move(rows[i]);
            first = first < 0 ? static_cast<int>(i) : first;
            last = static_cast<int>(i);
        }
    if (first >= 0)
        emit dataChanged(index(first, 0), index(last, columnCount() - 1));
}

int SitesModel::rowOf(SiteId site) const
{
    const auto found = std::ranges::find(m_rows, site, &SiteRow::id);
    return found == m_rows.end() ? -1 : static_cast<int>(found - m_rows.begin());
}

int SitesModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int SitesModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(SiteColumn::Count);
}

QString SitesModel::display(const SiteRow& row, SiteColumn column) const
{
    switch (column) {
    case SiteColumn::Histogram:
    case SiteColumn::Lock:
        return {};
    case SiteColumn::Bits:
        return formatBitsOfSite(row.bits);
    case SiteColumn::Role: {
        const auto title = graph::roleTitle(row.role);
        return QString::fromUtf8(title.data(), static_cast<qsizetype>(title.size()));
    }
    case SiteColumn::Block:
        return blockTitle(row.block);
    case SiteColumn::Clipped:
    case SiteColumn::OutputError:
    case SiteColumn::SizeShare:
        return percent(columnNumber(row, column));
    case SiteColumn::Bridge:
        return row.bridge < 0 ? QString() : QString::number(row.bridge);
    case SiteColumn::ChannelRatio:
        return std::isnan(row.channelRatio) ? kDash : formatNumber(row.channelRatio);
    case SiteColumn::Sensitivity:
        return std::isnan(row.sensitivityKl) ? kDash : formatNumber(1000 * row.sensitivityKl);
    case SiteColumn::Range:
        return std::isnan(row.low) ? kDash
                                   : QStringLiteral("%1 … %2").arg(formatNumber(row.low), formatNumber(row.high));
    default:
        return columnInfo(column).number ? fixed(columnNumber(row, column), 1) : columnWord(row, column);
    }
}

QVariant SitesModel::sortValue(const SiteRow& row, SiteColumn column) const
{
    if (column == SiteColumn::Site)
        return row.id.value;         // order of execution
    if (column == SiteColumn::Block) // the head comes last
        return row.block == -2 ? 1e9 : static_cast<double>(row.block);
    if (column == SiteColumn::Lock)
        return row.locked ? 0 : 1;
    if (column == SiteColumn::Histogram)
        return row.id.value;
    return columnInfo(column).number ? QVariant(columnNumber(row, column)) : QVariant(columnWord(row, column));
}

QVariant SitesModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const SiteRow& row = m_rows[static_cast<std::size_t>(index.row())];
    const auto column = static_cast<SiteColumn>(index.column());
    switch (role) {
    case Qt::DisplayRole:
        return display(row, column);
    case Qt::EditRole:
        return column == SiteColumn::Bits ? QVariant(row.bits) : QVariant(display(row, column));
    case Qt::CheckStateRole:
        return column == SiteColumn::Lock ? QVariant(row.locked ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(columnInfo(column).number ? Qt::AlignRight | Qt::AlignVCenter
                                                             : Qt::AlignLeft | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        if (!row.covered || outdated(row, column))
            return colours().stale;
        if (column == SiteColumn::Warning && !row.warning.isEmpty())
            return row.severe ? colours().bad : colours().warning;
        if (column == SiteColumn::Bridge)
            return colours().bridge;
        return {};
    case Qt::ToolTipRole:
        if (!row.covered)
            return tr("%1: outside coverage, stays in float").arg(row.name);
        if (outdated(row, column))
            return tr("Of an older recipe; being measured anew or waiting for it");
        if (column == SiteColumn::Bridge && row.bridge >= 0)
            return QStringLiteral("<p>%1</p>").arg(row.bridgeHelp.toHtmlEscaped());
        if (column == SiteColumn::Warning && !row.warning.isEmpty())
            return row.warningHelp;
        return column == SiteColumn::Site ? QVariant(siteTip(row)) : QVariant();
    case SortRole:
        return sortValue(row, column);
    case StaleRole:
        return outdated(row, column);
    case BadgesRole:
        return column == SiteColumn::Site ? QVariant::fromValue(badges(row)) : QVariant();
    case HistogramRole:
        return QVariant::fromValue(HistogramCell{row.histogram, row.kind == graph::SiteKind::Weight, !row.covered});
    default:
        return {};
    }
}

QVariant SitesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    const SiteColumnInfo& info = columnInfo(static_cast<SiteColumn>(section));
    if (role == Qt::DisplayRole)
        return info.header;
    if (role == Qt::ToolTipRole)
        return QStringLiteral("<p>%1</p>").arg(info.help.toHtmlEscaped());
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(info.number ? Qt::AlignRight | Qt::AlignVCenter
                                               : Qt::AlignLeft | Qt::AlignVCenter);
    return {};
}

Qt::ItemFlags SitesModel::flags(const QModelIndex& index) const
{
    if (!index.isValid())
        return Qt::NoItemFlags;
    Qt::ItemFlags flags = Qt::ItemIsSelectable | Qt::ItemIsEnabled | Qt::ItemNeverHasChildren;
    const SiteRow& row = m_rows[static_cast<std::size_t>(index.row())];
    const auto column = static_cast<SiteColumn>(index.column());
    if (column == SiteColumn::Lock)
        flags |= Qt::ItemIsUserCheckable;
    if (column == SiteColumn::Bits && row.covered && !row.locked)
        flags |= Qt::ItemIsEditable;
    return flags;
}

bool SitesModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return false;
    const SiteRow& row = m_rows[static_cast<std::size_t>(index.row())];
    const auto column = static_cast<SiteColumn>(index.column());
    if (column == SiteColumn::Lock && role == Qt::CheckStateRole) {
        emit lockWished(row.id, value.toInt() == Qt::Checked);
        return true;
    }
    const int bits = value.toInt();
    if (column != SiteColumn::Bits || role != Qt::EditRole || !(flags(index) & Qt::ItemIsEditable) ||
        !((bits >= 2 && bits <= 8) || bits == 32))
        return false;
    if (bits != row.bits)
        emit bitsWished(row.id, bits);
    return true;
}

QString SitesModel::exactText(int row, SiteColumn column) const
{
    const SiteRow& r = m_rows[static_cast<std::size_t>(row)];
    if (column == SiteColumn::Bits)
        return formatBitsOfSite(r.bits);
    if (column == SiteColumn::Block)
        return blockTitle(r.block);
    if (column == SiteColumn::Range)
        return std::isnan(r.low) ? QString() : csvNumber(r.low) + QLatin1Char(':') + csvNumber(r.high);
    return columnInfo(column).number ? csvNumber(columnNumber(r, column)) : columnWord(r, column);
}

} // namespace qs::ui
