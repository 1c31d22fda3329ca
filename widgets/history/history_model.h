#pragma once

#include <QAbstractTableModel>

namespace qs::ui {

class Document;
class Figures;

/// The states of the history with their figures, oldest first. The present one is bold; undone ones are greyed.
class HistoryModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Change, Headline, Second, Columns };

    explicit HistoryModel(const Document& document, const Figures& figures, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    void refresh();
    /// The headline that the column shows: that of the present figures.
    QString headlineTitle() const;
    const Document& m_document;
    const Figures& m_figures;
    int m_rows = 0;
};

} // namespace qs::ui
