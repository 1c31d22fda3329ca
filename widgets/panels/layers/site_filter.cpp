#include "widgets/panels/layers/site_filter.h"

#include "widgets/panels/layers/site_columns.h"
#include "widgets/panels/layers/sites_model.h"

#include <QRegularExpression>

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

double blockNumber(const QString& text, bool* ok)
{
    *ok = true;
    if (text == QLatin1String("stem"))
        return -1;
    if (text == QLatin1String("head"))
        return -2;
    return text.toInt(ok);
}

} // namespace

SiteFilter SiteFilter::parse(const QString& text)
{
    SiteFilter filter;
    static const QRegularExpression spaces(QStringLiteral("\\s+"));
    for (const QString& part : text.split(spaces, Qt::SkipEmptyParts)) {
        Term term;
        if (filter.read(part, term))
            filter.m_terms.push_back(term);
        else if (filter.m_error.isEmpty())
            filter.m_error = part;
    }
    return filter;
}

bool SiteFilter::read(const QString& text, Term& term)
{
    QString rest = text.toLower();
    if (rest.size() > 1 && rest.startsWith(QLatin1Char('-'))) {
        term.negated = true;
        rest.remove(0, 1);
    }
    static const QRegularExpression form(QStringLiteral("^([a-z]+)(<=|>=|<|>|=|:)(.*)$"));
    const auto match = form.match(rest);
    if (!match.hasMatch()) {
        term.text = rest;
        return true;
    }
    const QString value = match.captured(3);
    term.comparison = match.captured(2);
    if (value.isEmpty())
        return false; // still being typed
    if (match.captured(1) == QLatin1String("is")) {
        static const QStringList known{QStringLiteral("float"), QStringLiteral("locked"), QStringLiteral("stale"),
                                       QStringLiteral("off"),   QStringLiteral("bridge"), QStringLiteral("warned")};
        term.kind = Kind::Flag;
        term.text = value;
        return known.contains(value);
    }
    term.column = columnOfKey(match.captured(1));
    if (term.column == SiteColumn::Count || term.column == SiteColumn::Histogram)
        return false;
    const bool colon = term.comparison == QLatin1String(":");
    bool ok = true;
    if (term.column == SiteColumn::Block && (colon || term.comparison == QLatin1String("="))) {
        term.kind = Kind::Block;
        const qsizetype dash = value.indexOf(QLatin1Char('-'), 1);
        term.low = blockNumber(dash < 0 ? value : value.left(dash), &ok);
        bool okHigh = true;
        term.high = dash < 0 ? term.low : blockNumber(value.mid(dash + 1), &okHigh);
        return ok && okHigh;
    }
    if (columnInfo(term.column).number) {
        term.kind = Kind::Number;
        term.low = value == QLatin1String("float") ? 32 : value.toDouble(&ok);
        return ok;
    }
    term.kind = Kind::Word;
    term.text = value;
    return colon || term.comparison == QLatin1String("=");
}

bool SiteFilter::holds(const Term& term, const SiteRow& row)
{
    switch (term.kind) {
    case Kind::Text:
        return row.name.contains(term.text, Qt::CaseInsensitive);
    case Kind::Word:
        return term.comparison == QLatin1String("=")
                   ? columnWord(row, term.column).compare(term.text, Qt::CaseInsensitive) == 0
                   : columnWord(row, term.column).contains(term.text, Qt::CaseInsensitive);
    case Kind::Block:
        return row.block >= std::min(term.low, term.high) && row.block <= std::max(term.low, term.high);
    case Kind::Number: {
        const double value = columnNumber(row, term.column);
        if (std::isnan(value))
            return false;
        if (term.comparison == QLatin1String("<"))
            return value < term.low;
        if (term.comparison == QLatin1String("<="))
            return value <= term.low;
        if (term.comparison == QLatin1String(">"))
            return value > term.low;
        if (term.comparison == QLatin1String(">="))
            return value >= term.low;
        return value == term.low;
    }
    case Kind::Flag:
        if (term.text == QLatin1String("float"))
            return row.bits >= 32;
        if (term.text == QLatin1String("locked"))
            return row.locked;
        if (term.text == QLatin1String("stale"))
            return row.covered && !row.current;
        if (term.text == QLatin1String("bridge"))
            return row.bridge >= 0;
        if (term.text == QLatin1String("warned"))
            return !row.warning.isEmpty();
        return !row.covered;
    }
    return true;
}

bool SiteFilter::matches(const SiteRow& row) const
{
    return std::ranges::all_of(m_terms, [&row](const Term& term) { return holds(term, row) != term.negated; });
}

SitesProxy::SitesProxy(QObject* parent) : QSortFilterProxyModel(parent)
{
    setDynamicSortFilter(true);
    setSortRole(SitesModel::SortRole);
}

void SitesProxy::setFilter(SiteFilter filter)
{
    m_filter = std::move(filter);
    invalidateFilter();
}

bool SitesProxy::filterAcceptsRow(int row, const QModelIndex&) const
{
    const auto* model = qobject_cast<const SitesModel*>(sourceModel());
    return !model || m_filter.matches(model->rows()[static_cast<std::size_t>(row)]);
}

bool SitesProxy::lessThan(const QModelIndex& left, const QModelIndex& right) const
{
    const QVariant a = left.data(SitesModel::SortRole);
    const QVariant b = right.data(SitesModel::SortRole);
    if (a.typeId() == QMetaType::Double && b.typeId() == QMetaType::Double) {
        const bool noA = std::isnan(a.toDouble());
        const bool noB = std::isnan(b.toDouble());
        if (noA || noB) // last, whichever way it is sorted
            return noA == noB ? false : noB == (sortOrder() == Qt::AscendingOrder);
        if (a.toDouble() != b.toDouble())
            return a.toDouble() < b.toDouble();
    } else if (a != b) {
        return QSortFilterProxyModel::lessThan(left, right);
    }
    return sortOrder() == Qt::AscendingOrder ? left.row() < right.row() : left.row() > right.row();
}

} // namespace qs::ui
