#include "app/cli/task_options.h"

#include "core/images/doubts.h"
#include "core/images/task_choice.h"

#include <algorithm>
#include <array>
#include <utility>

namespace qs::cli {

void TaskOptions::addTaskTo(CLI::App& app)
{
    std::string names;
    for (const tasks::TaskDef& task : tasks::allTasks())
        names += (names.empty() ? "" : ", ") + std::string(task.name);
    app.add_option("--task", name,
                   "What the outputs are for: " + names + " (default: guessed from shapes and names)");
    std::string all;
    for (const tasks::TaskDef& task : tasks::allTasks())
        for (const tasks::TaskOption& option : task.options)
            all += (all.empty() ? "" : "; ") + std::string(task.name) + " " + std::string(option.name) + ": " +
                   std::string(option.values);
    app.add_option("--task-option", options,
                   "NAME=VALUE: how the outputs are to be read, where the guess is wrong (" + all + ")")
        ->allow_extra_args(false);
    app.add_option(
        "--text-features", textFeatures,
        "Features: .npy [classes, length] of the classes' texts, for zero-shot classes (labels count them)");
    app.add_option("--characters", characters, "Text: characters of the classes after the blank, one a line");
}

void TaskOptions::addTruthsTo(CLI::App& app)
{
    app.add_option("--masks", masks, "Segmentation: folder of PNGs of class indices, by the images' names");
    app.add_flag("--reduce-zero", reading.reduceZero, "In masks 0 is ignored and classes count from 1");
    app.add_option("--ignored", reading.ignored, "In masks the value that is ignored (255 always is)")
        ->check(CLI::Range(0, 255));
    app.add_option("--coco", coco, "Detection: COCO's instances JSON");
    app.add_flag("--category-ids", reading.categoryIds,
                 "Classes are COCO's category ids themselves, not their order (DETR's 91)");
    app.add_option("--maps", maps, "Values of pixels: folder of 16-bit PNGs or .npy files, by the images' names");
    app.add_option("--map-scale", reading.scale, "Value of a PNG per unit, e.g. 256 (KITTI) or 1000 (NYU)");
    app.add_flag("--zero-known", zeroKnown, "In maps 0 is a value (mattes, saliency), not unknown (depth)");
    app.add_option("--texts", texts, "Text: what is written, a name and its text a line, or one text a line");
    app.add_option("--class-lists", classLists, "Several labels: a name and its classes a line, or rows of 0 and 1");
}

Result<tasks::ChosenTask> TaskOptions::choose(const onnx::Model& model, Run& run) const
{
    images::TaskChoice choice{name, characters, {}};
    choice.textFeatures = textFeatures;
    for (const std::string& option : options) {
        const std::size_t equals = option.find('=');
        if (equals == std::string::npos)
            return fail(ErrorCode::InvalidArgument, "expects NAME=VALUE, got '" + option + "'", "--task-option");
        choice.options[option.substr(0, equals)] = option.substr(equals + 1);
    }
    auto chosen = images::chooseTask(model.graph, choice);
    if (!chosen && chosen.error().where.empty() && !name.empty())
        chosen.error().where = "--task " + name;
    if (chosen && chosen->guessed && !chosen->def->ofClasses)
        run.say(Doubt{DoubtKind::Assumption,
                      chosen->def->name == "tensors"
                          ? "the outputs look like no task that is known: they are compared as plain tensors"
                          : "the outputs are taken as the task " + std::string(chosen->def->name),
                      "--task NAME says otherwise"});
    return chosen;
}

Result<std::shared_ptr<const tasks::TruthSource>> TaskOptions::truths(const tasks::ChosenTask& task,
                                                                      const images::ImageFolder& folder,
                                                                      const images::Preprocess& preprocess,
                                                                      Run& run) const
{
    using images::TruthKind;
    const std::array<std::pair<TruthKind, const std::string*>, 5> named{{{TruthKind::Masks, &masks},
                                                                         {TruthKind::Boxes, &coco},
                                                                         {TruthKind::Maps, &maps},
                                                                         {TruthKind::Text, &texts},
                                                                         {TruthKind::ClassSets, &classLists}}};
    images::TruthRequest request;
    for (const auto& [kind, path] : named) {
        if (path->empty())
            continue;
        if (!request.path.empty())
            return fail(ErrorCode::InvalidArgument, "truths of one kind at a time", *path);
        request.kind = kind;
        request.path = *path;
    }
    if (request.path.empty())
        return nullptr;
    const auto kinds = images::truthKinds();
    const auto given = std::ranges::find(kinds, request.kind, &images::TruthKindDef::kind);
    if (given->name != task.def->truths)
        return fail(ErrorCode::InvalidArgument,
                    "holds " + std::string(given->name) + ", and the task is " + std::string(task.def->name) +
                        (task.def->truths.empty() ? ", which has no truths" : ", which takes ") +
                        std::string(task.def->truths) + ": --task NAME chooses another",
                    request.path.string());
    request.options = reading;
    request.options.classes = task.task->classes();
    request.options.zeroUnknown = !zeroKnown;
    QS_ASSIGN(images::Truths truths, images::openTruths(request, folder, preprocess, run.context()));
    run.say(truths.doubts);
    return std::move(truths.source);
}

Result<TaskImages> openForTask(const TaskOptions& options, const FolderChoice& folder,
                               const PreprocessOptions& preprocess, const onnx::Model& model, Run& run)
{
    TaskImages opened;
    QS_ASSIGN(opened.task.chosen, options.choose(model, run));
    FolderChoice choice = folder;
    choice.anyClass = !opened.task.chosen.def->ofClasses;
    QS_ASSIGN(const auto transform, preprocess.resolve(model.info));
    run.say(images::preprocessDoubts(transform));
    QS_ASSIGN(auto found, openImages(choice, preprocess, model.info, run));
    QS_ASSIGN(opened.task.truths, options.truths(opened.task.chosen, found, transform, run));
    opened.images = images::makeSource(std::move(found), transform);
    return opened;
}

} // namespace qs::cli
