#pragma once

#include "widgets/frame/panel.h"
#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/plans.h"
#include "widgets/panels/comparison/comparer.h"

#include <QTimer>
#include <QWidget>

#include <memory>

class QLabel;

namespace qs::ui {

class ComparisonForm;
class ComparisonTable;
class EmptyState;

/// Comparison: methods on equal terms on the test images, one line each.
class ComparisonPanel : public QWidget, public Panel {
    Q_OBJECT
public:
    ComparisonPanel(const Document& document, Edits& edits, Plans& plans, std::unique_ptr<Comparer> comparer,
                    QWidget* parent = nullptr);

    QString tableCsv() const override;

    ComparisonForm& form() { return *m_form; }
    ComparisonTable& table() { return *m_table; }
    const Comparer& comparer() const { return *m_comparer; }
    QString reason() const; ///< why there is no table; "" where there is

private:
    void refresh();
    void refreshProgress();
    void sayWhyEmpty();
    void load(const report::ComparisonRow& row);

    const Document& m_document;
    Edits& m_edits;
    Plans& m_plans;
    std::unique_ptr<Comparer> m_comparer;
    ComparisonForm* m_form;
    ComparisonTable* m_table;
    EmptyState* m_empty;
    QLabel* m_note;
    QTimer m_tick;
};

} // namespace qs::ui
