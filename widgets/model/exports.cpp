#include "widgets/model/exports.h"
#include "core/quant/resolve.h"
#include "core/report/html.h"

#include "core/base/output_files.h"
#include "core/base/write_file.h"
#include "core/onnx/onnx_runtime.h"
#include "core/report/results.h"
#include "widgets/model/document.h"
#include "widgets/model/figures.h"
#include "widgets/model/messages.h"
#include "widgets/model/plans.h"

#include <nlohmann/json.hpp>

namespace qs::ui {

namespace {

/// Images on which an export is checked.
constexpr std::size_t kVerifyImages = 16;

} // namespace

Exports::Exports(const Document& document, const Plans& plans, const Figures& figures, Jobs& jobs, Messages& messages,
                 QObject* parent)
    : QObject(parent), m_document(document), m_plans(plans), m_figures(figures), m_messages(messages),
      m_export(jobs.runner(), Lane::User), m_writes(jobs, JobKind::Report, QT_TR_NOOP("Writing the report"))
{
    jobs.show(m_export, JobKind::Export, QT_TR_NOOP("Exporting and checking"));
}

Exports::~Exports() = default;

void Exports::exportModel(const QString& path, const onnx::ExportOptions& options, bool withOnnxRuntime)
{
    const Figure<quant::Plan> known = m_plans.plan();
    if (!m_messages.need(known.current, tr("Nothing to export yet: open a model and calibrate first.")))
        return;
    m_export.start(
        [model = m_document.model(), calibration = m_document.calibration(), recipe = m_document.recipe(),
         plan = known.value, images = m_document.probeImages(), options, withOnnxRuntime,
         file = std::filesystem::path(path.toStdString())](const Context& context) -> Result<ExportOutcome> {
            if (withOnnxRuntime)
                QS_CHECK(onnx::onnxRuntimeVersion(onnx::judgePython(), context.stop));
            context.progress("writing the file", 0, 1);
            // The same numbers, but the file's metadata holds the recipe with its locks.
            QS_ASSIGN(const std::shared_ptr<const quant::Plan> present,
                      quant::resolve(*model, calibration, recipe, plan.get(), context));
            ExportOutcome outcome;
            QS_ASSIGN(outcome.report, onnx::exportModel(*model, *present, file, options));
            if (!images)
                return outcome;
            onnx::VerifyOptions verifying{.images = kVerifyImages};
            if (withOnnxRuntime)
                verifying.python = onnx::judgePython();
            auto verified = onnx::verifyExport(*model, *present, file, *images->source, verifying, context);
            if (verified)
                outcome.verification = *verified;
            else
                outcome.verificationError = verified.error();
            return outcome;
        },
        [this](const Result<ExportOutcome>& result) {
            if (m_messages.succeeded(result))
                emit exported(*result);
        });
}

void Exports::exportReport(const QString& path)
{
    const Figure<quant::Plan> plan = m_plans.plan();
    if (!m_messages.need(plan.current, tr("Nothing to report yet: open a model and calibrate first.")))
        return;
    std::vector<quant::Evaluation> evaluations;
    if (const auto best = m_figures.best(); best.current)
        evaluations.push_back(*best);
    m_writes.add(
        [model = m_document.model(), plan = plan.value, evaluations,
         file = std::filesystem::path(path.toStdString())](const Context&) -> Result<void> {
            report::Results results;
            results.model = model.get();
            results.plan = plan.get();
            results.evaluations = evaluations;
            QS_ASSIGN(const std::string page, report::htmlReport(JsonReader::of(report::resultsToJson(results))));
            QS_ASSIGN(const OutputFiles outputs, OutputFiles::check({{"report", file}}));
            const NamedFile source[] = {{"the model", model->info.path}};
            QS_CHECK(outputs.spare(source));
            return writeAtomically(file, page);
        },
        [this, path](const Result<void>& result) {
            if (m_messages.succeeded(result))
                m_messages.note(tr("Report written: %1").arg(path));
        });
}

} // namespace qs::ui
