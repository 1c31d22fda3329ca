#include "widgets/model/evaluated.h"

#include "core/quant/harm.h"

#include <utility>

namespace qs::ui {

Result<Evaluated> evaluateOn(const onnx::Model& model, const quant::Plan& plan, const ImageSet& images,
                             std::size_t count, std::shared_ptr<const quant::FloatReference> reference,
                             const std::shared_ptr<exec::WeightCache>& weights, const ModelTask& modelTask,
                             const Context& context)
{
    const quant::EvaluationTask task = evaluationTask(modelTask, images);
    std::shared_ptr<const images::Truths> truths;
    if (images.truths) {
        QS_ASSIGN(truths, images.truths->open(context));
    }
    if (!reference) {
        QS_ASSIGN(quant::FloatReference found,
                  quant::evaluationReference(model, *images.source, count, context, task));
        reference = std::make_shared<const quant::FloatReference>(std::move(found));
    }
    QS_ASSIGN(quant::Evaluation evaluation,
              quant::evaluate(model, &plan, *images.source, count, reference.get(), weights, context, task));
    if (truths)
        evaluation.doubts.insert(evaluation.doubts.end(), truths->doubts.begin(), truths->doubts.end());
    return Evaluated{std::make_shared<const quant::Evaluation>(std::move(evaluation)), std::move(reference)};
}

Result<Evaluated> withHarm(Evaluated evaluated, const onnx::Model& model, const quant::Plan& plan,
                           const ImageSet& images, const ModelTask& task, const Context& context)
{
    QS_ASSIGN(const auto harm,
              quant::besideMinMax(model, plan, *images.source, quant::kHarmImages, context, task.chosen));
    if (!harm || !harm->harms())
        return evaluated;
    auto doubted = std::make_shared<quant::Evaluation>(*evaluated.evaluation);
    doubted->doubts.push_back(harm->doubt(plan.recipe));
    evaluated.evaluation = std::move(doubted);
    return evaluated;
}

} // namespace qs::ui
