#include "core/tasks/task_defs.h"

#include <algorithm>
#include <array>

namespace qs::tasks {

std::span<const TaskDef> allTasks()
{
    static const std::array tasks{classificationTask(), detectionTask(), segmentationTask(), featuresTask(),
                                  denseValuesTask(),    textTask(),      multiLabelTask(),   tensorsTask()};
    return tasks;
}

const TaskDef* findTask(std::string_view name)
{
    const auto all = allTasks();
    const auto found = std::ranges::find(all, name, &TaskDef::name);
    return found == all.end() ? nullptr : &*found;
}

Outputs outputsOf(const graph::Graph& graph)
{
    const Shape& input = graph.value(graph.input()).shape;
    Outputs outputs{graph::outputLayout(graph), 0, 0};
    if (input.rank() == 4) {
        outputs.inputHeight = input[2];
        outputs.inputWidth = input[3];
    }
    return outputs;
}

const TaskDef& guessTask(const Outputs& outputs)
{
    const TaskDef* best = nullptr;
    double most = 0;
    for (const TaskDef& task : allTasks())
        if (const double fit = task.fits(outputs); fit > most) {
            best = &task;
            most = fit;
        }
    return best ? *best : tensorsTask();
}

Result<ChosenTask> makeTask(std::string_view name, const Outputs& outputs, const TaskSettings& settings)
{
    ChosenTask chosen{name.empty() ? &guessTask(outputs) : findTask(name), nullptr, name.empty()};
    if (!chosen.def) {
        std::string names;
        for (const TaskDef& one : allTasks())
            names += (names.empty() ? "" : ", ") + std::string(one.name);
        return fail(ErrorCode::InvalidArgument, "there is no task '" + std::string(name) + "'; there are " + names);
    }
    QS_ASSIGN(chosen.task, chosen.def->make(outputs, settings));
    return chosen;
}

} // namespace qs::tasks
