#pragma once

#include "core/project/hybrid_found.h"

#include <QWidget>

class QLabel;
class QSortFilterProxyModel;
class QTableView;

namespace qs::ui {

class CandidatesPlot;
class ChoicesModel;
class EmptyState;
class HybridForm;

/// Q-HyViT: settings of the search, what it chose for every site, and the objective over the candidates of one.
class HybridView : public QWidget {
    Q_OBJECT
public:
    explicit HybridView(QWidget* parent = nullptr);

    /// names: of the sites of the choices. Null: nothing was found, `reason` says why.
    void setFound(std::shared_ptr<const project::HybridFound> found, const QStringList& names, const QString& reason);
    /// The site whose candidates show; where it was not searched, a sentence.
    void setCurrent(SiteId site);
    /// In the place of everything.
    void showReason(const QString& text, const QString& button = {});
    void showAll();

    HybridForm& form() { return *m_form; }
    ChoicesModel& choices() { return *m_choices; }
    QTableView& table() { return *m_table; }
    CandidatesPlot& plot() { return *m_plot; }
    QString why() const;
    QString reason() const;
    QString foundReason() const; ///< in the place of table and plot
    QString choicesCsv() const;

signals:
    void siteWished(qs::SiteId site);
    void helpWished();
    void failed(const QString& text);

protected:
    void changeEvent(QEvent* event) override;

private:
    void buildTable();
    void sayLegend();

    std::shared_ptr<const project::HybridFound> m_found;
    SiteId m_current;
    HybridForm* m_form;
    ChoicesModel* m_choices;
    QSortFilterProxyModel* m_proxy;
    QTableView* m_table;
    CandidatesPlot* m_plot;
    QLabel* m_legend;
    QLabel* m_why;
    EmptyState* m_foundEmpty;
    EmptyState* m_plotEmpty;
    EmptyState* m_empty;
    bool m_selecting = false;
};

} // namespace qs::ui
