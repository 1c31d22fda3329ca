#include "widgets/panels/hybrid/choices_model.h"

#include "widgets/model/text.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <cmath>
#include <utility>

namespace qs::ui {

namespace {

Qt::Alignment alignmentOf(int column)
{
    switch (column) {
    case ChoicesModel::Site:
    case ChoicesModel::Granularity:
    case ChoicesModel::Scheme:
        return Qt::AlignLeft | Qt::AlignVCenter;
    case ChoicesModel::Bridge:
        return Qt::AlignCenter;
    default:
        return Qt::AlignRight | Qt::AlignVCenter;
    }
}

} // namespace

double changeOf(const search::HybridChoice& choice)
{
    return choice.before > 0 ? choice.after / choice.before - 1 : std::nan("");
}

QString kindText(quant::Granularity granularity, quant::Scheme scheme)
{
    return granularityTitle(granularity) + QStringLiteral(", ") + schemeTitle(scheme);
}

QString whyText(const search::HybridChoice& choice, const std::vector<double>& factors)
{
    QStringList others;
    for (const search::HybridCurve& curve : choice.curves) {
        if (choice.changed && curve.granularity == choice.granularity && curve.scheme == choice.scheme)
            continue;
        const std::size_t best = project::bestOf(curve);
        others << ChoicesModel::tr("%1 %2 at %3 Δ₀")
                      .arg(kindText(curve.granularity, curve.scheme), formatNumber(curve.errors[best], 3),
                           QString::number(factors[best], 'f', 2));
    }
    QString text =
        choice.changed
            ? ChoicesModel::tr("Chosen: %1, %2 Δ₀, with E = %3 the smallest of all candidates; before %4 (%5).")
                  .arg(kindText(choice.granularity, choice.scheme), QString::number(choice.factor, 'f', 3),
                       formatNumber(choice.after, 3), formatNumber(choice.before, 3), formatChange(changeOf(choice)))
            : ChoicesModel::tr("Kept as it was (%1), E = %2: no candidate has a smaller error.")
                  .arg(kindText(choice.granularity, choice.scheme), formatNumber(choice.after, 3));
    if (!others.isEmpty())
        text += ChoicesModel::tr(" Best of the others: %1.").arg(others.join(QStringLiteral("; ")));
    return text + (choice.bridge >= 0
                       ? ChoicesModel::tr(" Judged at the output of bridge block %1.").arg(choice.bridge)
                       : ChoicesModel::tr(" Judged at its own output."));
}

void ChoicesModel::setFound(std::shared_ptr<const project::HybridFound> found, QStringList names)
{
    if (found == m_found)
        return;
    beginResetModel();
    m_found = std::move(found);
    m_names = std::move(names);
    endResetModel();
}

SiteId ChoicesModel::siteAt(int row) const
{
    return m_found && row >= 0 && row < rowCount() ? m_found->result.choices[static_cast<std::size_t>(row)].site
                                                   : SiteId();
}

int ChoicesModel::rowOf(SiteId site) const
{
    if (!m_found)
        return -1;
    const auto place = m_found->places.find(site);
    return place == m_found->places.end() ? -1 : static_cast<int>(place->second);
}

int ChoicesModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || !m_found ? 0 : static_cast<int>(m_found->result.choices.size());
}

int ChoicesModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(Columns);
}

QString ChoicesModel::text(int row, int column) const
{
    const search::HybridChoice& choice = m_found->result.choices[static_cast<std::size_t>(row)];
    switch (column) {
    case Site:
        return m_names.value(row);
    case Bridge:
        return choice.bridge < 0 ? QString() : QString::number(choice.bridge);
    case Granularity:
        return granularityTitle(choice.granularity);
    case Scheme:
        return schemeTitle(choice.scheme);
    case Factor:
        return choice.changed ? QString::number(choice.factor, 'f', 3) : tr("kept");
    case Before:
        return formatNumber(choice.before, 3);
    case After:
        return formatNumber(choice.after, 3);
    case Change:
        return formatChange(changeOf(choice));
    default:
        return {};
    }
}

QVariant ChoicesModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid) || !m_found)
        return {};
    const search::HybridChoice& choice = m_found->result.choices[static_cast<std::size_t>(index.row())];
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        return text(index.row(), column);
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(alignmentOf(column));
    case Qt::ForegroundRole:
        if (column == Bridge)
            return colours().bridge;
        return choice.changed ? QVariant() : QVariant(colours().stale);
    case Qt::ToolTipRole:
        return QStringLiteral("<p>%1</p>").arg(whyText(choice, m_found->result.factors).toHtmlEscaped());
    case SortRole:
        switch (column) {
        case Site:
            return index.row();
        case Bridge:
            return choice.bridge < 0 ? std::nan("") : choice.bridge;
        case Factor:
            return choice.changed ? choice.factor : std::nan("");
        case Before:
            return choice.before;
        case After:
            return choice.after;
        case Change:
            return changeOf(choice);
        default:
            return text(index.row(), column);
        }
    default:
        return {};
    }
}

QVariant ChoicesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= Columns)
        return {};
    static const struct {
        const char* title;
        const char* help;
    } kHeads[Columns]{
        {QT_TR_NOOP("Site"), QT_TR_NOOP("In the order of the search")},
        {QT_TR_NOOP("Bridge"), QT_TR_NOOP("The bridge block at whose output the site is judged")},
        {QT_TR_NOOP("Scales"), QT_TR_NOOP("The chosen granularity")},
        {QT_TR_NOOP("Scheme"), QT_TR_NOOP("The chosen scheme")},
        {QT_TR_NOOP("× Δ₀"), QT_TR_NOOP("The chosen step over that of the whole range")},
        {QT_TR_NOOP("Change"), QT_TR_NOOP("E after over E before, less 1")},
        {QT_TR_NOOP("E before"),
         QT_TR_NOOP("Σ (∂L/∂O)² (Ô − O)² over images and elements, in nat², with the settings that the search began "
                    "with; other sites as they were then")},
        {QT_TR_NOOP("E after"), QT_TR_NOOP("The same with what was chosen")},
    };
    if (role == Qt::DisplayRole)
        return tr(kHeads[section].title);
    if (role == Qt::ToolTipRole)
        return QStringLiteral("<p>%1</p>").arg(tr(kHeads[section].help));
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(alignmentOf(section));
    return {};
}

} // namespace qs::ui
