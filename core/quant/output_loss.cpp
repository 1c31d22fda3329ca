#include "core/quant/output_loss.h"

#include "core/quant/logits.h"
#include "core/tasks/difference.h"

#include <utility>

namespace qs::quant {

namespace {

std::span<const float> rowOf(const Tensor& rows, std::size_t i)
{
    const auto width = static_cast<std::size_t>(rows.shape()[1]);
    return rows.floats().subspan(i * width, width);
}

} // namespace

Result<OutputLoss> OutputLoss::make(const graph::Graph& graph, tasks::ChosenTask task, const Tensor& reference,
                                    std::size_t images)
{
    OutputLoss loss;
    loss.m_task = std::move(task);
    if (!loss.m_task.task) {
        QS_ASSIGN(loss.m_task, tasks::makeTask({}, tasks::outputsOf(graph)));
    }
    loss.m_images = images;
    if (loss.classes())
        loss.m_form = exec::outputForm(graph, reference);
    loss.m_reference = exec::asLogits(reference, loss.m_form);
    return loss;
}

double OutputLoss::of(const Tensor& rows) const
{
    if (classes())
        return compareLogits(m_reference, exec::asLogits(rows, m_form), m_images).klDivergence;
    double sum = 0;
    for (std::size_t i = 0; i < m_images; ++i)
        sum += m_task.task->loss(rowOf(m_reference, i), rowOf(rows, i), {});
    return sum / static_cast<double>(m_images);
}

double OutputLoss::sqnrDb(const Tensor& rows) const
{
    if (classes())
        return compareLogits(m_reference, exec::asLogits(rows, m_form), m_images).sqnrDb;
    tasks::OutputDifferences differences(m_task.task->outputs().layout);
    for (std::size_t i = 0; i < m_images; ++i)
        differences.add(rowOf(m_reference, i), rowOf(rows, i));
    return differences.all().sqnrDb;
}

} // namespace qs::quant
