#include "widgets/model/model_task.h"

#include "core/tasks/shapes.h"
#include "widgets/model/text.h"

#include <QObject>

#include <utility>

namespace qs::ui {

namespace {

QString text(std::string_view view)
{
    return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

} // namespace

Result<ModelTask> makeModelTask(const onnx::Model& model, const images::TaskChoice& choice)
{
    QS_ASSIGN(tasks::ChosenTask chosen, images::chooseTask(model.graph, choice));
    std::string guessed(tasks::guessTask(tasks::outputsOf(model.graph)).name);
    return ModelTask{choice, std::move(chosen), std::move(guessed)};
}

ImageUse imageUse(const onnx::Model& model, const ModelTask& task, const images::Preprocess& preprocess,
                  int labelOffset, bool forCalibration)
{
    ImageUse use{preprocess, model.info.classes, labelOffset, forCalibration, {}};
    if (task)
        use.classes = images::labelClasses(*task.chosen.def, model.info.classes);
    if (!forCalibration)
        use.truths = task.choice.truths;
    return use;
}

quant::EvaluationTask evaluationTask(const ModelTask& task, const ImageSet& images)
{
    return {task.chosen, images.truths};
}

QString taskTitle(const ModelTask& task)
{
    return task ? text(task.chosen.def->title) : QString();
}

QString taskHelp(const ModelTask& task)
{
    return task ? text(task.chosen.def->words) : QString();
}

std::vector<TaskOffer> taskOffers(const onnx::Model& model, const ModelTask& present)
{
    std::vector<TaskOffer> offers;
    for (const tasks::TaskDef& def : tasks::allTasks()) {
        const bool guessed = def.name == present.guessed;
        TaskOffer offer;
        offer.title = guessed ? QObject::tr("%1 (guessed)").arg(text(def.title)) : text(def.title);
        offer.name = guessed ? QString() : text(def.name);
        const auto made = tasks::makeTask(def.name, tasks::outputsOf(model.graph));
        offer.usable = made.has_value();
        offer.help = made ? text(def.words) : sentence(made.error().text());
        offer.present = present.is(def.name);
        offers.push_back(offer);
    }
    return offers;
}

QString taskReason(const ModelTask& task)
{
    if (!task)
        return {};
    const QString outputs = QString::fromStdString(tasks::describe(task.chosen.task->outputs()));
    if (task.chosen.guessed)
        return QObject::tr("Guessed from the outputs: %1.").arg(outputs);
    if (task.guessed == task.chosen.def->name)
        return QObject::tr("Chosen, and what the outputs look like: %1.").arg(outputs);
    return QObject::tr("Chosen; the outputs look like %1: %2.")
        .arg(text(tasks::findTask(task.guessed)->title).toLower(), outputs);
}

QString lossTitle(const tasks::ChosenTask& task)
{
    return text((task.def ? task.def : tasks::findTask("classification"))->loss);
}

QString changeTitle(const ModelTask& task)
{
    return task ? text(task.chosen.def->changed) : QString();
}

} // namespace qs::ui
