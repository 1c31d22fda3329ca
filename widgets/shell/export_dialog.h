#pragma once

#include "widgets/model/document.h"
#include "widgets/model/exports.h"
#include "widgets/model/jobs.h"
#include "widgets/model/plans.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QTableWidget;

namespace qs::ui {

/// Writes the quantized model and shows what will run in int8, what will not and why, and whether the written file,
/// loaded again, does what the window predicts. Not modal; writing runs in a job.
class ExportDialog : public QDialog {
    Q_OBJECT
public:
    explicit ExportDialog(const Document& document, const Plans& plans, Exports& exports, Jobs& jobs,
                          QWidget* parent = nullptr);
    /// Before it is shown: a suggestion for the path, and no old results.
    void prepare();

private:
    void start();
    void report(const ExportOutcome& outcome);
    void refreshRunning();
    const Document& m_document;
    const Plans& m_plans;
    Exports& m_exports;
    Jobs& m_jobs;
    QLineEdit* m_path;
    QComboBox* m_opset;
    QCheckBox* m_unsigned;
    QCheckBox* m_runtime;
    QPushButton* m_write;
    QLabel* m_summary;
    QLabel* m_verification;
    QLabel* m_warnings;
    QTableWidget* m_table;
};

} // namespace qs::ui
