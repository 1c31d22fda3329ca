#pragma once

#include "core/onnx/export.h"
#include "widgets/model/job.h"
#include "widgets/model/write_queue.h"

#include <QObject>
#include <QString>

#include <optional>

namespace qs::ui {

class Document;
class Figures;
class Messages;
class Plans;

/// What a finished export gave.
struct ExportOutcome {
    onnx::ExportReport report;
    std::optional<onnx::VerifyReport> verification; ///< absent where there were no images to run
    std::optional<Error> verificationError;
};

/// What is written for others: the quantized model, and the report.
class Exports : public QObject {
    Q_OBJECT
public:
    Exports(const Document& document, const Plans& plans, const Figures& figures, Jobs& jobs, Messages& messages,
            QObject* parent = nullptr);
    ~Exports() override;

    void exportModel(const QString& path, const onnx::ExportOptions& options, bool withOnnxRuntime = false);
    /// A page of its own with all figures that are known of the present recipe.
    void exportReport(const QString& path);

signals:
    void exported(const qs::ui::ExportOutcome& outcome);

private:
    const Document& m_document;
    const Plans& m_plans;
    const Figures& m_figures;
    Messages& m_messages;
    Job<ExportOutcome> m_export;
    WriteQueue m_writes;
};

} // namespace qs::ui
