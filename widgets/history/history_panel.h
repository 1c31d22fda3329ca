#pragma once

#include "widgets/frame/panel.h"

#include <QWidget>

class QLabel;
class QTableView;

namespace qs::ui {

class Document;
class Figures;
class HistoryModel;

/// Every state of the recipe with its figures; a click goes there (by undo and redo, so nothing is lost).
class HistoryPanel : public QWidget, public Panel {
    Q_OBJECT
public:
    explicit HistoryPanel(Document& document, const Figures& figures, QWidget* parent = nullptr);
    QString tableCsv() const override;

private:
    void follow();
    void sayBasis();
    Document& m_document;
    const Figures& m_figures;
    HistoryModel* m_model;
    QTableView* m_view;
    QLabel* m_legend;
};

} // namespace qs::ui
