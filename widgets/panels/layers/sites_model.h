#pragma once

#include "widgets/panels/layers/site_row.h"

#include <QAbstractTableModel>
#include <QColor>

namespace qs::ui {

/// The table of sites. Numbers show as people read them, with the unit in the header; SortRole gives them raw. Bits
/// and lock can be edited: the model changes nothing itself but says what was wished.
class SitesModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Roles {
        SortRole = Qt::UserRole, ///< double, int or QString; a missing number sorts last (NaN)
        HistogramRole,           ///< HistogramCell
        StaleRole,               ///< bool: the cell is of an older recipe
        BadgesRole,              ///< std::vector<Badge>, of the site's cell: bridge block, warning
    };
    struct HistogramCell {
        std::shared_ptr<const std::vector<float>> heights;
        bool weight = false;
        bool dimmed = false;
    };

    struct Badge {
        QString text;
        QColor colour;
    };

    using QAbstractTableModel::QAbstractTableModel;

    /// Rows with the same sites in the same order change in place; others reset the model.
    void setRows(std::vector<SiteRow> rows);
    const std::vector<SiteRow>& rows() const { return m_rows; }
    /// Row number of a site, -1 where there is none.
    int rowOf(SiteId site) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

    /// Plain text of a cell as CSV has it: numbers with all digits, no units.
    QString exactText(int row, SiteColumn column) const;

signals:
    void bitsWished(qs::SiteId site, int bits); ///< 2..8 or 32
    void lockWished(qs::SiteId site, bool locked);

private:
    QString display(const SiteRow& row, SiteColumn column) const;
    QVariant sortValue(const SiteRow& row, SiteColumn column) const;
    std::vector<SiteRow> m_rows;
};

} // namespace qs::ui

Q_DECLARE_METATYPE(qs::ui::SitesModel::HistogramCell)
Q_DECLARE_METATYPE(qs::ui::SitesModel::Badge)
