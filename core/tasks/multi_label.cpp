#include "core/tasks/average_precision.h"
#include "core/tasks/bootstrap.h"
#include "core/tasks/losses.h"
#include "core/tasks/shapes.h"
#include "core/tasks/task_defs.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace qs::tasks {

namespace {

constexpr float kPresent = 0; ///< logit from which a class counts as there: probability 0.5

class MultiLabelMeasurement final : public Measurement {
public:
    Result<void> add(const Truth& truth, std::span<const float> reference, std::span<const float> row) override
    {
        std::size_t other = 0;
        for (std::size_t c = 0; c < row.size(); ++c)
            other += (row[c] > kPresent) != (reference[c] > kPresent) ? 1 : 0;
        m_changed.push_back(static_cast<double>(other) / static_cast<double>(row.size()));
        m_same += other == 0 ? 1 : 0;
        m_kl.push_back(binaryKl(reference, row, {}));
        const auto* classes = std::get_if<std::vector<int>>(&truth);
        if (!classes)
            return {};
        for (const int c : *classes)
            if (c < 0 || static_cast<std::size_t>(c) >= row.size())
                return fail(ErrorCode::InvalidArgument, "the label " + std::to_string(c) +
                                                            " is outside the model's " + std::to_string(row.size()) +
                                                            " classes");
        m_quantized.resize(row.size());
        m_float.resize(row.size());
        for (std::size_t c = 0; c < row.size(); ++c) {
            const bool there = std::ranges::find(*classes, static_cast<int>(c)) != classes->end();
            m_quantized[c].add(row[c], there, m_labelled);
            m_float[c].add(reference[c], there, m_labelled);
        }
        ++m_labelled;
        return {};
    }

    Measured finish() override
    {
        Measured measured;
        if (m_labelled > 0) {
            const auto precision = [&](const char* key, const char* title, std::vector<RankedScores>& classes) {
                for (RankedScores& one : classes)
                    one.sort();
                const auto mean = [&](std::span<const int> times) { return meanPrecision(classes, times); };
                measured.figures.push_back({key, title, mean({}), bootstrap(m_labelled, mean), "%", true});
            };
            precision("map", "mAP", m_quantized);
            precision("float_map", "mAP of float", m_float);
        }
        const std::size_t images = m_changed.size();
        measured.figures.push_back({"agreement", "same classes",
                                    static_cast<double>(m_same) / static_cast<double>(images),
                                    stats::wilson(m_same, images), "%", true});
        measured.figures.push_back({"binary_kl", "binary KL", meanOf(m_kl), meanInterval(m_kl), "nats", false});
        measured.changed = std::move(m_changed);
        return measured;
    }

private:
    std::vector<RankedScores> m_quantized, m_float; ///< by class
    std::vector<double> m_changed, m_kl;
    std::size_t m_same = 0, m_labelled = 0;
};

class MultiLabel final : public Task {
public:
    using Task::Task;
    std::unique_ptr<Measurement> measure() const override { return std::make_unique<MultiLabelMeasurement>(); }
    double loss(std::span<const float> reference, std::span<const float> row,
                std::span<float> gradient) const override
    {
        std::ranges::fill(gradient, 0.0F);
        return binaryKl(reference, row, gradient);
    }
    Reading read(std::span<const float>, std::span<const float> row) const override
    {
        PresentClasses present;
        for (std::size_t c = 0; c < row.size(); ++c)
            if (row[c] > kPresent)
                present.classes.emplace_back(static_cast<int>(c), 1 / (1 + std::exp(-row[c])));
        std::ranges::stable_sort(present.classes, std::greater<>{}, &std::pair<int, float>::second);
        return present;
    }
};

/// Nothing in a shape tells it from classification: it is asked for by name.
double fits(const Outputs&)
{
    return 0;
}

Result<std::shared_ptr<const Task>> make(const Outputs& outputs, const TaskSettings&)
{
    if (outputs.layout.size() != 1 || !vectorLength(outputs.layout[0]))
        return fail(ErrorCode::InvalidArgument, "several labels need one output of [batch, classes]; there are " +
                                                    describe(outputs) + ". --output NAME chooses one");
    return std::make_shared<const MultiLabel>(outputs);
}

} // namespace

const TaskDef& multiLabelTask()
{
    static constexpr TaskDef def{
        "multi-label",
        "Several labels",
        "One output of logits of classes that do not exclude each other: same classes and binary KL; mean average "
        "precision with labels.",
        fits,
        make,
        "class-sets",
        {},
        false,
        "classes that are no longer the same",
        0,
        "binary KL to float, nat"};
    return def;
}

} // namespace qs::tasks
