#pragma once

#include "widgets/frame/panel.h"
#include "widgets/model/session.h"
#include "widgets/panels/comparison/comparer.h"

#include <QTimer>
#include <QWidget>

class QLabel;

namespace qs::ui {

class ComparisonForm;
class ComparisonTable;
class EmptyState;

/// Comparison: methods on equal terms on the test images, one line each.
class ComparisonPanel : public QWidget, public Panel {
    Q_OBJECT
public:
    explicit ComparisonPanel(Session& session, QWidget* parent = nullptr);

    static QWidget* create(Session& session, QWidget* parent) { return new ComparisonPanel(session, parent); }

    QString tableCsv() const override;

    ComparisonForm& form() { return *m_form; }
    ComparisonTable& table() { return *m_table; }
    const Comparer& comparer() const { return m_comparer; }
    QString reason() const; ///< why there is no table; "" where there is

private:
    void refresh();
    void refreshProgress();
    void sayWhyEmpty();
    void load(const report::ComparisonRow& row);

    Session& m_session;
    Comparer m_comparer;
    ComparisonForm* m_form;
    ComparisonTable* m_table;
    EmptyState* m_empty;
    QLabel* m_note;
    QTimer m_tick;
};

} // namespace qs::ui
