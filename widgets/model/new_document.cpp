#include "widgets/model/new_document.h"

#include "core/quant/presets.h"
#include "widgets/model/model_task.h"

namespace qs::ui {

project::State firstState()
{
    const auto recipe = quant::presetRecipe("minmax", 8, 8);
    return {"minmax W8A8", recipe ? *recipe : quant::Recipe{}, {}, {}};
}

images::Preprocess defaultPreprocess(const onnx::ModelInfo& info)
{
    const auto preset = images::preprocessPreset(info.bytes ? "bytes" : "imagenet", static_cast<int>(info.height),
                                                 static_cast<int>(info.width));
    return preset ? *preset : images::Preprocess{};
}

Result<SessionDocument> loadDemo(const std::filesystem::path& folder, const project::DemoDef& demo,
                                 const Context& context)
{
    const project::DemoFiles files = project::demoFiles(folder, demo);
    SessionDocument document;
    document.model = files.model;
    document.calibrationFolder = files.calibration;
    document.testFolder = files.test;
    QS_ASSIGN(onnx::Model model, onnx::importModel(document.model));
    QS_ASSIGN(document.preprocess, images::preprocessPreset("crop-only", static_cast<int>(model.info.height),
                                                            static_cast<int>(model.info.width)));
    document.loadedModel = std::make_shared<const onnx::Model>(std::move(model));
    if (files.masks)
        document.task.truths = images::TruthRequest{images::TruthKind::Masks, *files.masks, {}};
    QS_ASSIGN(const ModelTask task, makeModelTask(*document.loadedModel, document.task));
    ImageUse use = imageUse(*document.loadedModel, task, document.preprocess, 0, true);
    QS_ASSIGN(document.loadedCalibrationImages, readImageSet(document.calibrationFolder, use, context));
    use = imageUse(*document.loadedModel, task, document.preprocess, 0, false);
    QS_ASSIGN(document.loadedTestImages, readImageSet(document.testFolder, use, context));
    document.states.push_back(firstState());
    return document;
}

} // namespace qs::ui
