#pragma once

#include "widgets/frame/panel.h"

#include <QWidget>

class QLabel;
class QTableView;

namespace qs::ui {

class HistoryModel;

/// Every state of the recipe with its figures; a click goes there (by undo and redo, so nothing is lost).
class HistoryPanel : public QWidget, public Panel {
    Q_OBJECT
public:
    explicit HistoryPanel(Session& session, QWidget* parent = nullptr);
    QString tableCsv() const override;

private:
    void follow();
    void sayBasis();
    Session& m_session;
    HistoryModel* m_model;
    QTableView* m_view;
    QLabel* m_legend;
};

} // namespace qs::ui
