#pragma once

#include "core/images/task_choice.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "widgets/model/image_set.h"

#include <QString>

#include <vector>

namespace qs::ui {

/// What a network is for: what was chosen, and the task that came of it.
struct ModelTask {
    images::TaskChoice choice;
    tasks::ChosenTask chosen; ///< no task: no model is open
    std::string guessed;      ///< name of the task that the outputs look like

    explicit operator bool() const { return chosen.task != nullptr; }
    bool is(std::string_view name) const { return chosen.def && chosen.def->name == name; }
};

/// Errors: images::chooseTask's.
Result<ModelTask> makeModelTask(const onnx::Model& model, const images::TaskChoice& choice);
/// What images of such a model are read for.
ImageUse imageUse(const onnx::Model& model, const ModelTask& task, const images::Preprocess& preprocess,
                  int labelOffset, bool forCalibration);
/// The same, as what is evaluated on these images.
quant::EvaluationTask evaluationTask(const ModelTask& task, const ImageSet& images);

/// "Segmentation"; "" without a task.
QString taskTitle(const ModelTask& task);
QString taskHelp(const ModelTask& task); ///< one sentence: outputs, figures, labels
/// Why it is this one: "Guessed from the outputs: logits [21, 128, 128]." or "Chosen; the outputs look like
/// features."
QString taskReason(const ModelTask& task);
/// What searches make small: "pixel KL to float, nat"; that of classification without a task.
QString lossTitle(const tasks::ChosenTask& task);
/// What is measured of an image where it changed: "pixels of another class".
QString changeTitle(const ModelTask& task);

/// A task as a list offers it.
struct TaskOffer {
    QString title; ///< "Segmentation (guessed)"
    QString help;  ///< what it measures, or why it cannot be
    QString name;  ///< of the choice: "" for the guessed one
    bool usable = true;
    bool present = false;
};
std::vector<TaskOffer> taskOffers(const onnx::Model& model, const ModelTask& present);

} // namespace qs::ui
