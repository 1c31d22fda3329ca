#pragma once

#include "core/exec/program.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "widgets/model/model_task.h"

#include <memory>

namespace qs::ui {

/// An evaluation and the float logits that it needed, kept for the next one on the same images.
struct Evaluated {
    std::shared_ptr<const quant::Evaluation> evaluation;
    std::shared_ptr<const quant::FloatReference> reference;
};

/// The first `count` images as the task says, with what is doubtful of their truths, and with the float logits of an
/// earlier run where there are any. Errors: quant::evaluate's.
Result<Evaluated> evaluateOn(const onnx::Model& model, const quant::Plan& plan, const ImageSet& images,
                             std::size_t count, std::shared_ptr<const quant::FloatReference> reference,
                             const std::shared_ptr<exec::WeightCache>& weights, const ModelTask& task,
                             const Context& context);

/// With the doubt that plain min-max does better, as the command line says it.
Result<Evaluated> withHarm(Evaluated evaluated, const onnx::Model& model, const quant::Plan& plan,
                           const ImageSet& images, const ModelTask& task, const Context& context);

} // namespace qs::ui
