#pragma once

#include "core/exec/program.h"
#include "core/quant/plan.h"
#include "core/tasks/difference.h"
#include "core/tasks/reading.h"
#include "widgets/model/model_task.h"

#include <QImage>

#include <memory>
#include <optional>
#include <vector>

namespace qs::ui {

/// What both networks say of one image.
struct ImageReading {
    QImage photo; ///< as the model sees it; at most kPhotoSide high and wide
    int inputHeight = 0, inputWidth = 0;
    tasks::Reading before, now; ///< of the float and of the quantized network
    tasks::Reading truth;
    std::vector<tasks::OutputDifference> outputs;
};
inline constexpr int kPhotoSide = 512;

/// Both networks, compiled when the first image is read. For one thread at a time.
class ReadingNetworks {
public:
    ReadingNetworks(std::shared_ptr<const onnx::Model> model, std::shared_ptr<const quant::Plan> plan,
                    std::shared_ptr<const ImageSet> images, ModelTask task);

    const std::shared_ptr<const onnx::Model>& model() const { return m_model; }
    const std::shared_ptr<const quant::Plan>& plan() const { return m_plan; }
    const std::shared_ptr<const ImageSet>& images() const { return m_images; }
    const ModelTask& task() const { return m_task; }

    /// Errors: those of compiling, of the image, of its truth; Cancelled.
    Result<ImageReading> read(std::size_t image, const Context& context);
    /// What the first `count` images are to both networks as vectors; empty where the task reads none.
    struct Rows {
        Tensor before, now; ///< [count, outputs]
    };
    Result<Rows> run(std::size_t first, std::size_t count, const Context& context);

private:
    Result<void> compile(const Context& context);

    std::shared_ptr<const onnx::Model> m_model;
    std::shared_ptr<const quant::Plan> m_plan;
    std::shared_ptr<const ImageSet> m_images;
    ModelTask m_task;
    std::optional<exec::Program> m_float, m_quantized;
};

/// The picture as the model sees it; null where it cannot be read.
QImage photoOf(const ImageSet& images, std::size_t image, int side);

} // namespace qs::ui
