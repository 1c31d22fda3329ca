#include "core/base/file.h"
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

bool choosesPlaces(const graph::Graph& graph)
{
    return std::ranges::any_of(graph.nodes(), [&](const graph::Node& node) {
        return node.op.starts_with("Gather") && node.inputs.size() == 2 &&
               !graph.value(node.inputs[0]).isConstant() && !graph.value(node.inputs[1]).isConstant();
    });
}

Outputs outputsOf(const graph::Graph& graph)
{
    const Shape& input = graph.value(graph.input()).shape;
    Outputs outputs{graph::outputLayout(graph), 0, 0, choosesPlaces(graph)};
    if (input.rank() == 4) {
        outputs.inputHeight = input[2];
        outputs.inputWidth = input[3];
    }
    return outputs;
}

namespace {

bool isOneOf(std::string_view value, std::string_view values)
{
    for (std::size_t at = 0; at < values.size();) {
        const std::size_t end = std::min(values.find(' ', at), values.size());
        if (values.substr(at, end - at) == value)
            return true;
        at = end + 1;
    }
    return false;
}

Result<void> checkOptions(const TaskDef& def, const TaskSettings& settings)
{
    for (const auto& [name, value] : settings.options) {
        std::string names;
        const TaskOption* known = nullptr;
        for (const TaskOption& option : def.options) {
            names += (names.empty() ? "" : ", ") + std::string(option.name);
            known = option.name == name ? &option : known;
        }
        const std::string where = "option '" + name + "' of " + std::string(def.name);
        if (!known)
            return fail(ErrorCode::InvalidArgument,
                        names.empty() ? "there is none" : "there is none; there are " + names, where);
        if (!isOneOf(value, known->values))
            return fail(ErrorCode::InvalidArgument,
                        "must be one of: " + std::string(known->values) + "; not '" + value + "'", where);
    }
    return {};
}

std::string readingOf(const TaskSettings& settings)
{
    std::string text;
    for (const std::string& character : settings.characters)
        text += character + '\n';
    for (const std::vector<float>& vector : settings.textFeatures)
        text.append(reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float));
    for (const auto& [name, value] : settings.options)
        text += '\n' + name + '=' + value;
    return text.empty() ? "" : contentHash(text);
}

} // namespace

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
    ChosenTask chosen{name.empty() ? &guessTask(outputs) : findTask(name), nullptr, name.empty(),
                      readingOf(settings)};
    if (!chosen.def) {
        std::string names;
        for (const TaskDef& one : allTasks())
            names += (names.empty() ? "" : ", ") + std::string(one.name);
        return fail(ErrorCode::InvalidArgument, "there is no task '" + std::string(name) + "'; there are " + names);
    }
    QS_CHECK(checkOptions(*chosen.def, settings));
    QS_ASSIGN(chosen.task, chosen.def->make(outputs, settings));
    return chosen;
}

} // namespace qs::tasks
