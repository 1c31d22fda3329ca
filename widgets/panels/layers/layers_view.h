#pragma once

#include "widgets/panels/layers/sites_model.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QTableView;

namespace qs::ui {

class EmptyState;
class SitesProxy;

/// The table of sites with its filter line: shows rows, says what the user wishes.
class LayersView : public QWidget {
    Q_OBJECT
public:
    explicit LayersView(QWidget* parent = nullptr);

    void setRows(std::vector<SiteRow> rows);
    /// Marks the rows; does not emit selectionWished.
    void setSelection(const std::vector<SiteId>& sites, SiteId current);
    void setFilter(const QString& text);
    void showReason(const QString& text);
    bool focusFilter();
    QByteArray viewState() const; ///< columns and sort order
    void restoreViewState(const QByteArray& state);

    std::vector<SiteId> visibleSites() const; ///< in the order shown
    SitesModel& model() { return *m_model; }
    QTableView& table() { return *m_table; }
    /// Visible columns and rows as shown, tab-separated: the selected rows, or all where none is selected.
    QString copyText() const;
    QString counts() const; ///< "6 of 113 sites, 3 selected"
    QString csv() const;    ///< all rows and columns, exact numbers

signals:
    void selectionWished(const std::vector<qs::SiteId>& sites, qs::SiteId current);
    void bitsWished(qs::SiteId site, int bits);
    void lockWished(qs::SiteId site, bool locked);
    void failed(const QString& text);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void buildTable();
    void applyFilter();
    void showHeaderMenu(QPoint at);
    void showTableMenu(QPoint at);
    void saveCsv();
    SiteId siteAt(const QModelIndex& proxyIndex) const;
    std::vector<SiteId> selectedSites() const;
    void markSelection();
    void sayCounts();

    SitesModel* m_model;
    SitesProxy* m_proxy;
    QTableView* m_table;
    QLineEdit* m_filter;
    QLabel* m_counts;
    EmptyState* m_empty;
    bool m_settingSelection = false;
    std::vector<SiteId> m_selection; ///< as it was set last, with the rows that the filter hides
    SiteId m_current;
};

} // namespace qs::ui
