#include "widgets/model/session_file.h"
#include "core/stats/calibration_file.h"

#include "core/project/hybrid_file.h"
#include "widgets/model/image_set.h"
#include "widgets/model/model_task.h"

namespace qs::ui {

namespace {

/// The task of the session, or what can still be had of it: what cannot becomes a warning.
Result<ModelTask> taskOf(SessionDocument& document)
{
    std::error_code error;
    const auto& truths = document.task.truths;
    if (truths && truths->kind != images::TruthKind::Classes && !std::filesystem::exists(truths->path, error)) {
        document.warnings.push_back(truths->path.string() +
                                    ": not found; the truths of the test images are left out");
        document.task.truths.reset();
    }
    auto task = makeModelTask(*document.loadedModel, document.task);
    if (task)
        return task;
    document.warnings.push_back(task.error().text() + " (the task is guessed)");
    document.task = {};
    return makeModelTask(*document.loadedModel, {});
}

std::shared_ptr<const ImageSet> loadImages(const std::filesystem::path& root, bool forCalibration,
                                           const ModelTask& task, SessionDocument& document, const Context& context)
{
    if (root.empty())
        return nullptr;
    auto images = readImageSet(
        root, imageUse(*document.loadedModel, task, document.preprocess, document.labelOffset, forCalibration),
        context);
    if (!images) {
        document.warnings.push_back(images.error().text());
        return nullptr;
    }
    return *images;
}

} // namespace

Result<project::WrittenSession> saveSession(const SessionDocument& document, const std::filesystem::path& path)
{
    project::SessionFile written = document;
    if (document.hybridFound && document.loadedModel)
        written.hybrid = project::hybridToJson(*document.hybridFound, document.loadedModel->sites);
    return project::writeSession(written, document.loadedCalibration.get(), path);
}

Result<SessionDocument> loadSession(const std::filesystem::path& path, const Context& context)
{
    QS_ASSIGN(project::SessionFile file, project::readSession(path));
    SessionDocument document;
    static_cast<project::SessionFile&>(document) = std::move(file);
    if (document.model.empty())
        return document;
    context.progress("model", 0, 2);
    onnx::ImportOptions importing;
    importing.floatNetwork = true; // of a file that is already quantized
    importing.imageSize = document.imageSize;
    importing.outputs = document.outputs;
    QS_ASSIGN(onnx::Model model, onnx::importModel(document.model, importing));
    if (model.info.hash != document.modelHash)
        document.warnings.push_back(document.model.string() + ": the model changed since the session was saved");
    document.loadedModel = std::make_shared<const onnx::Model>(std::move(model));
    if (context.stopRequested())
        return cancelled();
    context.progress("images and calibration", 1, 2);
    QS_ASSIGN(const ModelTask task, taskOf(document));
    document.loadedCalibrationImages = loadImages(document.calibrationFolder, true, task, document, context);
    document.loadedTestImages = loadImages(document.testFolder, false, task, document, context);
    if (!document.hybrid.empty()) {
        if (auto hybrid = project::hybridFromJson(document.hybrid, document.loadedModel->sites))
            document.hybridFound = std::move(*hybrid);
        else
            document.warnings.push_back("the Q-HyViT search cannot be read: " + hybrid.error().text());
    }
    if (!document.calibrationFile.empty()) {
        auto calibration = stats::loadCalibration(document.calibrationFile);
        if (calibration) {
            if (auto fits = stats::checkCalibration(**calibration, document.loadedModel->info.hash,
                                                    document.loadedModel->sites);
                !fits)
                calibration = tl::unexpected<Error>(fits.error());
        }
        if (calibration)
            document.loadedCalibration = std::move(*calibration);
        else
            document.warnings.push_back(calibration.error().text() + " (calibrate again)");
    }
    return document;
}

} // namespace qs::ui
