#include "widgets/panels/images/image_reading.h"

#include "core/exec/run_images.h"

#include <utility>

namespace qs::ui {

ReadingNetworks::ReadingNetworks(std::shared_ptr<const onnx::Model> model, std::shared_ptr<const quant::Plan> plan,
                                 std::shared_ptr<const ImageSet> images, ModelTask task)
    : m_model(std::move(model)), m_plan(std::move(plan)), m_images(std::move(images)), m_task(std::move(task))
{
}

Result<void> ReadingNetworks::compile(const Context& context)
{
    if (m_quantized)
        return {};
    exec::Program::Options options;
    options.weights = exec::makeWeightCache();
    options.execution = context.execution;
    QS_ASSIGN(exec::Program before, exec::Program::compile(*m_model, {}, options));
    QS_ASSIGN(exec::Program now, exec::Program::compile(*m_model, m_plan->simulation, options));
    m_float = std::move(before);
    m_quantized = std::move(now);
    return {};
}

Result<ReadingNetworks::Rows> ReadingNetworks::run(std::size_t first, std::size_t count, const Context& context)
{
    QS_CHECK(compile(context));
    Rows rows;
    QS_ASSIGN(rows.before,
              exec::runImages(*m_float, *m_images->source, first, count, context, "running the float network"));
    QS_ASSIGN(rows.now, exec::runImages(*m_quantized, *m_images->source, first, count, context,
                                        "running the quantized network"));
    return rows;
}

Result<ImageReading> ReadingNetworks::read(std::size_t image, const Context& context)
{
    ImageReading found;
    QS_ASSIGN(const Rows rows, run(image, 1, context));
    const auto before = rows.before.floats(), now = rows.now.floats();
    found.before = m_task.chosen.task->read(before, before);
    found.now = m_task.chosen.task->read(before, now);
    tasks::OutputDifferences differences(m_task.chosen.task->outputs().layout);
    differences.add(before, now);
    found.outputs = differences.finish();
    found.inputHeight = static_cast<int>(m_model->info.height);
    found.inputWidth = static_cast<int>(m_model->info.width);
    if (m_images->truths) {
        QS_ASSIGN(const tasks::Truth truth, m_images->truths->of(image));
        found.truth = tasks::readingOf(truth);
    }
    found.photo = photoOf(*m_images, image, kPhotoSide);
    return found;
}

QImage photoOf(const ImageSet& images, std::size_t image, int side)
{
    const auto pixels = images::thumbnail(images.folder.entries[image], images.preprocess);
    if (!pixels)
        return {};
    const QImage view(pixels->rgb.data(), pixels->width, pixels->height, 3 * pixels->width, QImage::Format_RGB888);
    if (pixels->width <= side && pixels->height <= side)
        return view.copy();
    return view.scaled(side, side, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

} // namespace qs::ui
