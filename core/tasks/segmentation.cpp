#include "core/exec/losses.h"
#include "core/tasks/bootstrap.h"
#include "core/tasks/mean_iou.h"
#include "core/tasks/shapes.h"
#include "core/tasks/task_defs.h"

#include <algorithm>
#include <string>
#include <vector>

namespace qs::tasks {

namespace {

/// The best class of each pixel of planes of scores.
std::vector<uint16_t> classesOf(std::span<const float> scores, const Planes& planes)
{
    const std::size_t pixels = planes.pixels();
    std::vector<uint16_t> best(pixels, 0);
    std::vector<float> most(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(pixels));
    for (std::size_t c = 1; c < planes.channels; ++c)
        for (std::size_t i = 0; i < pixels; ++i)
            if (const float score = scores[c * pixels + i]; score > most[i]) {
                most[i] = score;
                best[i] = static_cast<uint16_t>(c);
            }
    return best;
}

/// A mask at the resolution of the outputs: of each output pixel, the class at its centre.
std::vector<uint16_t> fitted(const TrueMask& mask, const Planes& planes)
{
    std::vector<uint16_t> result;
    result.reserve(planes.pixels());
    for (std::size_t y = 0; y < planes.height; ++y)
        for (std::size_t x = 0; x < planes.width; ++x) {
            const std::size_t row = (2 * y + 1) * static_cast<std::size_t>(mask.height) / (2 * planes.height);
            const std::size_t column = (2 * x + 1) * static_cast<std::size_t>(mask.width) / (2 * planes.width);
            result.push_back(mask.classes[row * static_cast<std::size_t>(mask.width) + column]);
        }
    return result;
}

class SegmentationMeasurement final : public Measurement {
public:
    SegmentationMeasurement(const graph::OutputSpan& output, const Planes& planes)
        : m_output(output), m_planes(planes), m_toFloat(planes.channels), m_quantized(planes.channels),
          m_float(planes.channels)
    {
    }

    Result<void> add(const Truth& truth, std::span<const float> reference, std::span<const float> row) override
    {
        const auto before = classesOf(m_output.of(reference), m_planes);
        const auto now = classesOf(m_output.of(row), m_planes);
        m_toFloat.add(before, now);
        std::size_t other = 0;
        for (std::size_t i = 0; i < now.size(); ++i)
            other += now[i] != before[i] ? 1 : 0;
        m_changed.push_back(static_cast<double>(other) / static_cast<double>(now.size()));
        const auto* mask = std::get_if<TrueMask>(&truth);
        if (!mask)
            return {};
        std::vector<uint16_t> wanted = fitted(*mask, m_planes);
        for (uint16_t& category : wanted) {
            if (category >= m_planes.channels && category != TrueMask::kIgnored)
                return fail(ErrorCode::InvalidArgument, "a mask has the class " + std::to_string(category) +
                                                            ", the model " + std::to_string(m_planes.channels) +
                                                            " classes (ignored pixels are 255)");
            if (category == TrueMask::kIgnored)
                category = static_cast<uint16_t>(m_planes.channels);
        }
        m_quantized.add(wanted, now);
        m_float.add(wanted, before);
        return {};
    }

    Measured finish() override
    {
        Measured measured;
        const auto add = [&](const char* key, const char* title, const MeanIou& iou, bool pixels) {
            const auto value = [&](std::span<const int> times) {
                return pixels ? iou.pixelAccuracy(times) : iou.iou(times);
            };
            measured.figures.push_back({key, title, value({}), bootstrap(iou.images(), value), "%", true});
        };
        if (m_quantized.images() > 0) {
            add("miou", "mIoU", m_quantized, false);
            add("pixel_accuracy", "pixel accuracy", m_quantized, true);
            add("float_miou", "mIoU of float", m_float, false);
        }
        add("miou_to_float", "mIoU to float", m_toFloat, false);
        add("pixel_agreement", "pixel agreement", m_toFloat, true);
        measured.changed = std::move(m_changed);
        return measured;
    }

private:
    graph::OutputSpan m_output;
    Planes m_planes;
    MeanIou m_toFloat, m_quantized, m_float;
    std::vector<double> m_changed;
};

class Segmentation final : public Task {
public:
    Segmentation(Outputs outputs, Planes planes) : Task(std::move(outputs)), m_planes(planes) {}
    std::unique_ptr<Measurement> measure() const override
    {
        return std::make_unique<SegmentationMeasurement>(outputs().layout[0], m_planes);
    }
    double loss(std::span<const float> reference, std::span<const float> row,
                std::span<float> gradient) const override
    {
        std::ranges::fill(gradient, 0.0F);
        return exec::klByPosition(reference, row, m_planes.pixels(), m_planes.channels, 1, m_planes.pixels(),
                                  gradient);
    }
    Reading read(std::span<const float>, std::span<const float> row) const override
    {
        return ClassMap{m_planes.height, m_planes.width, classesOf(outputs().layout[0].of(row), m_planes)};
    }

    std::optional<int64_t> classes() const override { return static_cast<int64_t>(m_planes.channels); }

private:
    Planes m_planes;
};

double fits(const Outputs& outputs)
{
    if (outputs.layout.size() != 1)
        return 0;
    const graph::OutputSpan& output = outputs.layout[0];
    const auto planes = planesOf(output);
    // Maps of features have many planes of few pixels.
    if (!planes || output.shape.rank() < 3 || planes->channels < 2 || planes->channels > 512 ||
        planes->pixels() < 256 || planes->channels > planes->pixels() ||
        nameHas(output.name, {"feature", "hidden", "heat", "keypoint", "flow", "reconstruct", "image"}))
        return 0;
    // Classes are never finer than the image; what is made larger is an image.
    return static_cast<int64_t>(planes->height) > outputs.inputHeight && outputs.inputHeight > 0 ? 0 : 0.9;
}

Result<std::shared_ptr<const Task>> make(const Outputs& outputs, const TaskSettings&)
{
    const auto planes = outputs.layout.size() == 1 ? planesOf(outputs.layout[0]) : std::nullopt;
    if (!planes || planes->channels < 2 || planes->channels > 65000)
        return fail(ErrorCode::InvalidArgument,
                    "segmentation needs one output of [batch, classes, height, width]; there are " +
                        describe(outputs) + ". --output NAME chooses one");
    return std::make_shared<const Segmentation>(outputs, *planes);
}

} // namespace

const TaskDef& segmentationTask()
{
    static constexpr TaskDef def{"segmentation",
                                 "Segmentation",
                                 "One output of class scores a pixel: pixel agreement and mIoU to float; mIoU and "
                                 "pixel accuracy with masks. Compared at the outputs' resolution.",
                                 fits,
                                 make,
                                 "masks",
                                 {},
                                 false,
                                 "pixels of another class",
                                 0.01,
                                 "pixel KL to float, nat"};
    return def;
}

} // namespace qs::tasks
