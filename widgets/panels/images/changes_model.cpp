#include "widgets/panels/images/changes_model.h"

#include "widgets/frame/csv.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QPixmap>

#include <algorithm>
#include <utility>

namespace qs::ui {

void ChangesModel::setRows(std::vector<ChangedImage> rows, bool current, const QString& measure)
{
    m_current = current;
    m_measure = measure;
    if (std::ranges::equal(rows, m_rows, {}, &ChangedImage::name, &ChangedImage::name)) {
        m_rows = std::move(rows);
        if (!m_rows.empty())
            emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
        return;
    }
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

void ChangesModel::setThreshold(double threshold)
{
    m_threshold = threshold;
    const int column = static_cast<int>(ChangeColumn::Changed);
    if (!m_rows.empty())
        emit dataChanged(index(0, column), index(rowCount() - 1, column));
}

bool ChangesModel::changed(int row) const
{
    const std::optional<double>& value = m_rows[static_cast<std::size_t>(row)].changed;
    return value && *value > m_threshold;
}

void ChangesModel::cellsReady(int row)
{
    if (m_rows.empty() || row >= rowCount())
        return;
    const int first = std::max(row, 0), last = row < 0 ? rowCount() - 1 : row;
    emit dataChanged(index(first, 0), index(last, static_cast<int>(ChangeColumn::Difference)),
                     {PictureRole, Qt::DisplayRole});
}

int ChangesModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int ChangesModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(ChangeColumn::Count);
}

QVariant ChangesModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const ChangedImage& row = m_rows[static_cast<std::size_t>(index.row())];
    const auto column = static_cast<ChangeColumn>(index.column());
    const bool cell = column < ChangeColumn::Changed;
    if (cell && (role == PictureRole || role == Qt::DisplayRole)) {
        const QVariant value = m_cell ? m_cell(index.row(), column) : QVariant();
        return (value.userType() == QMetaType::QPixmap) == (role == PictureRole) ? value : QVariant();
    }
    if (role == Qt::ForegroundRole && column != ChangeColumn::Name) {
        if (!m_current)
            return colours().stale;
        if (column == ChangeColumn::Changed && row.changed)
            return changed(index.row()) ? colours().warning : colours().good;
    }
    if (role == Qt::ToolTipRole)
        return row.changed ? tr("%1\n%2: %3").arg(row.name, m_measure, formatPercent(*row.changed)) : row.name;
    if (role == SortRole && column == ChangeColumn::Changed)
        return row.changed.value_or(-1);
    if (role == SortRole && column == ChangeColumn::Picture)
        return index.row();
    if (role != Qt::DisplayRole && role != SortRole)
        return {};
    if (column == ChangeColumn::Name)
        return row.name;
    if (column == ChangeColumn::Changed)
        return row.changed ? (changed(index.row()) ? QStringLiteral("⇄ ") : QStringLiteral("   ")) +
                                 formatPercent(*row.changed)
                           : QStringLiteral("–");
    return {};
}

QVariant ChangesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    static const QStringList titles{tr("Image"),      tr("Float"),   tr("Quantized"),
                                    tr("Difference"), tr("Changed"), tr("File")};
    if (role == Qt::DisplayRole)
        return titles[section];
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::AlignLeft | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && section == static_cast<int>(ChangeColumn::Changed))
        return tr("By image, against the float network: %1. Marked above the threshold.").arg(m_measure);
    return {};
}

QString ChangesModel::csv() const
{
    QString text = csvLine({QStringLiteral("file"), QStringLiteral("changed"), QStringLiteral("above_threshold")});
    for (int row = 0; row < rowCount(); ++row) {
        const ChangedImage& image = m_rows[static_cast<std::size_t>(row)];
        text += csvLine({image.name, image.changed ? csvNumber(*image.changed) : QString(),
                         image.changed ? QString::number(changed(row)) : QString()});
    }
    return text;
}

ChangesProxy::ChangesProxy(QObject* parent) : QSortFilterProxyModel(parent)
{
    setSortRole(ChangesModel::SortRole);
}

void ChangesProxy::setOnlyChanged(bool on)
{
    m_onlyChanged = on;
    invalidateFilter();
}

bool ChangesProxy::filterAcceptsRow(int row, const QModelIndex&) const
{
    const auto* model = qobject_cast<const ChangesModel*>(sourceModel());
    return !model || !m_onlyChanged || model->changed(row);
}

} // namespace qs::ui
