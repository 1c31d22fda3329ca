#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/output_form.h"
#include "core/graph/graph.h"
#include "core/tasks/task.h"

#include <cstddef>

namespace qs::quant {

/// What makes the outputs of a network worse than those of the float network on some images: of classification the
/// mean KL of the logits (of probabilities: of their logarithms), of every other task the mean of its loss.
class OutputLoss {
public:
    /// reference: rows of the float network, [>= images, elements]. Errors: those of tasks::makeTask where no task
    /// was chosen.
    static Result<OutputLoss> make(const graph::Graph& graph, tasks::ChosenTask task, const Tensor& reference,
                                   std::size_t images);

    double of(const Tensor& rows) const;
    /// 10 log10(sum r² / sum (r - z)²) of logits, or of all outputs together.
    double sqnrDb(const Tensor& rows) const;
    exec::OutputForm form() const { return m_form; }

private:
    bool classes() const { return m_task.def->ofClasses; }

    tasks::ChosenTask m_task;
    exec::OutputForm m_form = exec::OutputForm::Logits;
    Tensor m_reference;
    std::size_t m_images = 0;
};

} // namespace qs::quant
