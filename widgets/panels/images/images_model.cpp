#include "widgets/panels/images/images_model.h"

#include "widgets/frame/csv.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <algorithm>

namespace qs::ui {

namespace {

QString guessText(const std::vector<Guess>& top)
{
    return top.empty() ? QStringLiteral("–")
                       : QStringLiteral("%1  %2").arg(top[0].name, formatPercent(top[0].probability));
}

/// Words beside the colour, so that nobody needs to see it.
QString verdict(const ImageRow& row)
{
    if (!row.evaluated())
        return {};
    if (row.lost())
        return ImagesModel::tr("✗ lost");
    if (row.flipped())
        return row.label && !row.wrong() ? ImagesModel::tr("✓ gained") : ImagesModel::tr("⇄ flipped");
    return row.wrong() ? ImagesModel::tr("✗ wrong") : row.label ? ImagesModel::tr("✓") : ImagesModel::tr("same");
}

} // namespace

void ImagesModel::setRows(std::vector<ImageRow> rows, bool current)
{
    m_current = current;
    const bool same = std::ranges::equal(rows, m_rows, {}, &ImageRow::name, &ImageRow::name);
    if (same) {
        m_rows = std::move(rows);
        if (!m_rows.empty())
            emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
        return;
    }
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

void ImagesModel::pictureReady(int row)
{
    if (row >= 0 && row < rowCount()) {
        const QModelIndex place = index(row, static_cast<int>(ImageColumn::Picture));
        emit dataChanged(place, place, {Qt::DecorationRole});
    }
}

int ImagesModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int ImagesModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(ImageColumn::Count);
}

QVariant ImagesModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const ImageRow& row = m_rows[static_cast<std::size_t>(index.row())];
    const auto column = static_cast<ImageColumn>(index.column());
    if (role == Qt::DecorationRole && column == ImageColumn::Picture)
        return m_picture ? QVariant(m_picture(index.row())) : QVariant();
    if (role == Qt::ForegroundRole && column != ImageColumn::Name && column != ImageColumn::Label) {
        if (!m_current)
            return colours().stale;
        if (column == ImageColumn::Verdict && row.evaluated())
            return row.lost() ? colours().bad : row.flipped() || row.wrong() ? colours().warning : colours().good;
    }
    if (role == Qt::ToolTipRole)
        return row.name;
    if (role != Qt::DisplayRole && role != SortRole)
        return {};
    switch (column) {
    case ImageColumn::Name:
        return row.name;
    case ImageColumn::Label:
        return row.label ? row.labelName : QStringLiteral("–");
    case ImageColumn::Float:
        return role == SortRole ? QVariant(row.floatTop.empty() ? -1.0 : row.floatTop[0].probability)
                                : QVariant(guessText(row.floatTop));
    case ImageColumn::Quantized:
        return role == SortRole ? QVariant(row.quantizedTop.empty() ? -1.0 : row.quantizedTop[0].probability)
                                : QVariant(guessText(row.quantizedTop));
    case ImageColumn::Verdict:
        return verdict(row);
    default:
        return role == SortRole ? QVariant(index.row()) : QVariant();
    }
}

QVariant ImagesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    static const QStringList titles{QString(),         tr("Verdict"),         tr("Label"),
                                    tr("Float top-1"), tr("Quantized top-1"), tr("Image")};
    static const QStringList help{QString(),
                                  tr("Flipped: another best class than in float. Lost: right in float, wrong now. "
                                     "Gained: the other way round. Wrong: both networks."),
                                  tr("Right class, from the folder's labels"),
                                  tr("Best class of the float network and its probability"),
                                  tr("Best class of the quantized network and its probability"),
                                  tr("File, relative to the folder")};
    if (role == Qt::DisplayRole)
        return titles[section];
    if (role == Qt::ToolTipRole)
        return help[section];
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::AlignLeft | Qt::AlignVCenter);
    return {};
}

QString ImagesModel::csv() const
{
    QString text = csvLine({QStringLiteral("file"), QStringLiteral("label"), QStringLiteral("float_top1"),
                            QStringLiteral("float_probability"), QStringLiteral("quantized_top1"),
                            QStringLiteral("quantized_probability"), QStringLiteral("flipped")});
    for (const ImageRow& row : m_rows) {
        QStringList cells{row.name, row.label ? QString::number(*row.label) : QString()};
        for (const std::vector<Guess>* top : {&row.floatTop, &row.quantizedTop})
            cells << (top->empty() ? QString() : QString::number(top->front().index))
                  << (top->empty() ? QString() : csvNumber(top->front().probability));
        cells << (row.evaluated() ? QString::number(row.flipped()) : QString());
        text += csvLine(cells);
    }
    return text;
}

ImagesProxy::ImagesProxy(QObject* parent) : QSortFilterProxyModel(parent)
{
    setSortRole(ImagesModel::SortRole);
}

void ImagesProxy::setFilter(ImageFilter filter)
{
    m_filter = filter;
    invalidateFilter();
}

bool ImagesProxy::filterAcceptsRow(int row, const QModelIndex&) const
{
    const auto* model = qobject_cast<const ImagesModel*>(sourceModel());
    if (!model || m_filter == ImageFilter::All)
        return true;
    const ImageRow& image = model->rows()[static_cast<std::size_t>(row)];
    return m_filter == ImageFilter::Flipped ? image.flipped()
           : m_filter == ImageFilter::Wrong ? image.wrong()
                                            : image.lost();
}

} // namespace qs::ui
