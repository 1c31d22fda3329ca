#include "core/exec/losses.h"
#include "core/exec/output_form.h"
#include "core/tasks/bootstrap.h"
#include "core/tasks/shapes.h"
#include "core/tasks/task_defs.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace qs::tasks {

namespace {

std::size_t bestOf(std::span<const float> scores)
{
    return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

/// Whether a class is among the five best; of equal ones the first are better.
bool amongFive(std::span<const float> scores, std::size_t label)
{
    std::size_t better = 0;
    for (std::size_t c = 0; c < scores.size(); ++c)
        better += scores[c] > scores[label] || (scores[c] == scores[label] && c < label) ? 1 : 0;
    return better < 5;
}

class ClassificationMeasurement final : public Measurement {
public:
    Result<void> add(const Truth& truth, std::span<const float> reference, std::span<const float> row) override
    {
        const bool same = bestOf(reference) == bestOf(row);
        m_agreed += same ? 1 : 0;
        m_changed.push_back(same ? 0 : 1);
        m_kl.push_back(exec::klByPosition(reference, row, 1, row.size(), row.size(), 1, {}));
        const int* label = std::get_if<int>(&truth);
        if (!label)
            return {};
        if (*label < 0 || static_cast<std::size_t>(*label) >= row.size())
            return fail(ErrorCode::InvalidArgument, "the label " + std::to_string(*label) +
                                                        " is outside the model's " + std::to_string(row.size()) +
                                                        " classes");
        const auto wanted = static_cast<std::size_t>(*label);
        ++m_labelled;
        m_first += bestOf(row) == wanted ? 1 : 0;
        m_five += amongFive(row, wanted) ? 1 : 0;
        m_floatFirst += bestOf(reference) == wanted ? 1 : 0;
        return {};
    }

    Measured finish() override
    {
        Measured measured;
        const auto share = [&](const char* key, const char* title, std::size_t hits, std::size_t of) {
            measured.figures.push_back({key, title, static_cast<double>(hits) / static_cast<double>(of),
                                        stats::wilson(hits, of), "%", true});
        };
        if (m_labelled > 0) {
            share("top1", "top-1", m_first, m_labelled);
            share("top5", "top-5", m_five, m_labelled);
            share("float_top1", "top-1 of float", m_floatFirst, m_labelled);
        }
        share("agreement", "agreement", m_agreed, m_changed.size());
        measured.figures.push_back({"kl_divergence", "KL", meanOf(m_kl), meanInterval(m_kl), "nats", false});
        measured.changed = std::move(m_changed);
        return measured;
    }

private:
    std::size_t m_agreed = 0, m_labelled = 0, m_first = 0, m_five = 0, m_floatFirst = 0;
    std::vector<double> m_kl, m_changed;
};

class Classification final : public Task {
public:
    using Task::Task;
    std::unique_ptr<Measurement> measure() const override { return std::make_unique<ClassificationMeasurement>(); }
    double loss(std::span<const float> reference, std::span<const float> row,
                std::span<float> gradient) const override
    {
        std::ranges::fill(gradient, 0.0F);
        return exec::klByPosition(reference, row, 1, row.size(), row.size(), 1, gradient);
    }
};

double fits(const Outputs& outputs)
{
    if (outputs.layout.size() != 1 || !vectorLength(outputs.layout[0]) || outputs.layout[0].size < 2)
        return 0;
    return 0.8;
}

Result<std::shared_ptr<const Task>> make(const Outputs& outputs, const TaskSettings&)
{
    if (outputs.layout.size() != 1 || !vectorLength(outputs.layout[0]))
        return fail(ErrorCode::InvalidArgument, "classification needs one output of [batch, classes]; there are " +
                                                    describe(outputs) + ". --output NAME chooses one");
    return std::make_shared<const Classification>(outputs);
}

} // namespace

const TaskDef& classificationTask()
{
    static constexpr TaskDef def{"classification",
                                 "Classification",
                                 "One output of class scores: agreement and KL; top-1 and top-5 with labels.",
                                 fits,
                                 make,
                                 "classes",
                                 {},
                                 true,
                                 "images of another top-1",
                                 0,
                                 "KL to float, nat"};
    return def;
}

} // namespace qs::tasks
