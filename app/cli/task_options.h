#pragma once

#include "app/cli/image_options.h"
#include "core/images/truths.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "core/tasks/task.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qs::cli {

/// What a network is for, and what is right for the images.
struct TaskOptions {
    std::string name;                 ///< --task
    std::string characters;           ///< --characters
    std::string textFeatures;         ///< --text-features
    std::vector<std::string> options; ///< --task-option
    std::string masks, coco, maps, texts, classLists;
    images::TruthOptions reading;
    bool zeroKnown = false;

    void addTaskTo(CLI::App& app);   ///< --task, --task-option
    void addTruthsTo(CLI::App& app); ///< --masks, --coco, ...
    /// Says what was guessed. Errors: those of tasks::makeTask, and of the file of characters.
    Result<tasks::ChosenTask> choose(const onnx::Model& model, Run& run) const;
    /// Null where no truths were named. Errors: those of images::openTruths; InvalidArgument (two kinds at once,
    /// a kind that is not the task's).
    Result<std::shared_ptr<const tasks::TruthSource>> truths(const tasks::ChosenTask& task,
                                                             const images::ImageFolder& folder,
                                                             const images::Preprocess& preprocess, Run& run) const;
};

/// The images of an evaluation, and what is measured of them.
struct TaskImages {
    std::shared_ptr<const exec::ImageSource> images;
    quant::EvaluationTask task;
};
/// Opens the folder with labels or truths as the task needs them; what is doubtful is said. Errors: those of
/// openImages and of TaskOptions.
Result<TaskImages> openForTask(const TaskOptions& options, const FolderChoice& folder,
                               const PreprocessOptions& preprocess, const onnx::Model& model, Run& run);

} // namespace qs::cli
