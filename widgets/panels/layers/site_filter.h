#pragma once

#include "widgets/panels/layers/site_row.h"

#include <QSortFilterProxyModel>
#include <QString>

#include <vector>

namespace qs::ui {

/// The filter line over the table of sites. Terms are separated by spaces and all must hold:
///   fc2            the name contains it (any case)
///   role:fc2       word columns: contains; role, kind, warning, scheme, granularity, estimator, shape, site, lock
///   block:3  block:3-5  block:head
///   bits<8 sqnr<20 acc>=15 err>1 clipped>0.1 kurtosis>10 tail>8 sens>2 share>5 ratio>100 bits=4      numbers as the
///   column
///                  shows them; a site without the number does not match
///   is:float is:locked is:stale is:off   float, locked, of an older recipe, outside the coverage
///   is:bridge is:warned   in a bridge block, with a warning; bridge:2 and warning:zero say which
///   -role:fc2      a minus in front of any term: not
class SiteFilter {
public:
    /// A term that cannot be understood matches everything and is named by error().
    static SiteFilter parse(const QString& text);

    bool matches(const SiteRow& row) const;
    bool empty() const { return m_terms.empty(); }
    const QString& error() const { return m_error; } ///< "" where all was understood

private:
    enum class Kind { Text, Word, Block, Number, Flag };
    struct Term {
        Kind kind = Kind::Text;
        bool negated = false;
        QString text;
        SiteColumn column = SiteColumn::Site;
        QString comparison; ///< < <= > >= =
        double low = 0;     ///< number; first block
        double high = 0;    ///< last block
    };
    bool read(const QString& text, Term& term);
    static bool holds(const Term& term, const SiteRow& row);

    std::vector<Term> m_terms;
    QString m_error;
};

/// SitesModel filtered and sorted: by raw numbers, sites without a number last in both directions.
class SitesProxy : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit SitesProxy(QObject* parent = nullptr);
    void setFilter(SiteFilter filter);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    SiteFilter m_filter;
};

} // namespace qs::ui
