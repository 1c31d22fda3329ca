#pragma once

#include "core/project/hybrid_found.h"
#include "core/search/hybrid_search.h"

#include <QAbstractTableModel>
#include <QString>

#include <limits>
#include <vector>

namespace qs::ui {

/// What a search by Q-HyViT's method chose, a row a site, in the order of the search.
class ChoicesModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Site, Bridge, Granularity, Scheme, Factor, Change, Before, After, Columns };
    enum Roles { SortRole = Qt::UserRole }; ///< double or QString; NaN sorts last

    using QAbstractTableModel::QAbstractTableModel;

    void setFound(std::shared_ptr<const project::HybridFound> found, QStringList names);
    SiteId siteAt(int row) const;
    int rowOf(SiteId site) const; ///< -1: was not searched

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    QString text(int row, int column) const;
    std::shared_ptr<const project::HybridFound> m_found;
    QStringList m_names;
};

/// after / before - 1; NaN where there was no error.
double changeOf(const search::HybridChoice& choice);
/// "per channel, asymmetric"
QString kindText(quant::Granularity granularity, quant::Scheme scheme);
/// What was chosen for the site, and why: its error, what it was, the best of the others.
QString whyText(const search::HybridChoice& choice, const std::vector<double>& factors);

} // namespace qs::ui
