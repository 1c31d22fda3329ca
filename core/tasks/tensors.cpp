#include "core/exec/losses.h"
#include "core/tasks/bootstrap.h"
#include "core/tasks/task_defs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace qs::tasks {

namespace {

/// Mean over the outputs of their relative squared errors, so that a large output does not drown a small one.
double lossOf(const Outputs& outputs, std::span<const float> reference, std::span<const float> row,
              std::span<float> gradient)
{
    const double share = 1 / static_cast<double>(outputs.layout.size());
    double loss = 0;
    for (const graph::OutputSpan& output : outputs.layout)
        loss += exec::relativeError(output.of(reference), output.of(row),
                                    gradient.empty() ? gradient : output.of(gradient), share);
    return loss;
}

class TensorsMeasurement final : public Measurement {
public:
    explicit TensorsMeasurement(const Outputs& outputs) : m_outputs(outputs) {}

    Result<void> add(const Truth&, std::span<const float> reference, std::span<const float> row) override
    {
        const double error = lossOf(m_outputs, reference, row, {});
        m_errors.push_back(error);
        m_changed.push_back(std::min(1.0, error));
        return {};
    }

    Measured finish() override
    {
        Measured measured;
        measured.figures.push_back(
            {"relative_error", "relative error", meanOf(m_errors), meanInterval(m_errors), "%", false});
        measured.changed = std::move(m_changed);
        return measured;
    }

private:
    Outputs m_outputs;
    std::vector<double> m_errors, m_changed;
};

class Tensors final : public Task {
public:
    using Task::Task;
    std::unique_ptr<Measurement> measure() const override { return std::make_unique<TensorsMeasurement>(outputs()); }
    double loss(std::span<const float> reference, std::span<const float> row,
                std::span<float> gradient) const override
    {
        std::ranges::fill(gradient, 0.0F);
        return lossOf(outputs(), reference, row, gradient);
    }
};

double fits(const Outputs&)
{
    return 0.1;
}

Result<std::shared_ptr<const Task>> make(const Outputs& outputs, const TaskSettings&)
{
    return std::make_shared<const Tensors>(outputs);
}

} // namespace

const TaskDef& tensorsTask()
{
    static constexpr TaskDef def{
        "tensors",
        "Tensors",
        "Any outputs: relative squared error (mean over outputs and images), SQNR, cosine and "
        "largest difference by output.",
        fits,
        make,
        "",
        {},
        false,
        "relative error",
        0.01,
        "relative squared error"};
    return def;
}

} // namespace qs::tasks
