#include "core/tasks/bootstrap.h"
#include "core/tasks/losses.h"
#include "core/tasks/nearest.h"
#include "core/tasks/shapes.h"
#include "core/tasks/task_defs.h"
#include "core/tasks/zero_shot.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

namespace qs::tasks {

namespace {

constexpr std::size_t kNeighbours = 10; ///< that vote for a class
/// Comparing every image with every other grows with their square: of more, the first so many are compared.
constexpr std::size_t kMostCompared = 5000;

/// [D], or [T, D] whose image is the mean of its tokens, or the first of them.
struct FeatureShape {
    std::size_t tokens = 1, length = 0;
    bool firstToken = false;
};

std::optional<FeatureShape> shapeOf(const graph::OutputSpan& output)
{
    std::vector<std::size_t> sides;
    for (std::size_t axis = 0; axis < output.shape.rank(); ++axis)
        if (output.shape[axis] > 1)
            sides.push_back(static_cast<std::size_t>(output.shape[axis]));
    if (sides.size() == 1)
        return FeatureShape{1, sides[0]};
    if (sides.size() == 2)
        return FeatureShape{sides[0], sides[1]};
    return std::nullopt;
}

std::vector<float> pooled(std::span<const float> values, const FeatureShape& shape)
{
    if (shape.firstToken)
        return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(shape.length)};
    std::vector<float> mean(shape.length, 0);
    for (std::size_t t = 0; t < shape.tokens; ++t)
        for (std::size_t d = 0; d < shape.length; ++d)
            mean[d] += values[t * shape.length + d] / static_cast<float>(shape.tokens);
    return mean;
}

/// The class that most of the nearest labelled others have; of as many, the nearest one's.
std::optional<int> vote(const Vectors& vectors, const std::vector<std::optional<int>>& labels, std::size_t of)
{
    std::map<int, std::size_t> votes;
    std::vector<int> order;
    for (const std::size_t near : vectors.nearest(of, kNeighbours))
        if (labels[near]) {
            ++votes[*labels[near]];
            order.push_back(*labels[near]);
        }
    if (order.empty())
        return std::nullopt;
    return *std::ranges::max_element(order, {}, [&](int label) { return votes[label]; });
}

class FeaturesMeasurement final : public Measurement {
public:
    FeaturesMeasurement(const graph::OutputSpan& output, const FeatureShape& shape,
                        std::span<const std::vector<float>> texts)
        : m_output(output), m_shape(shape), m_zeroShot(texts)
    {
    }

    Result<void> add(const Truth& truth, std::span<const float> reference, std::span<const float> row) override
    {
        const auto before = m_output.of(reference), now = m_output.of(row);
        const double distance = cosineDistance(before, now, m_shape.length, {});
        m_cosine.push_back(1 - distance);
        m_changed.push_back(std::clamp(distance, 0.0, 1.0));
        const int* stated = std::get_if<int>(&truth);
        const auto label = stated ? std::optional(*stated) : std::nullopt;
        const std::vector<float> was = pooled(before, m_shape), is = pooled(now, m_shape);
        if (m_zeroShot.any())
            QS_CHECK(m_zeroShot.add(was, is, label));
        if (m_float.count() >= kMostCompared)
            return {};
        m_float.add(was);
        m_quantized.add(is);
        m_labels.push_back(label);
        return {};
    }

    Measured finish() override
    {
        Measured measured;
        m_zeroShot.addTo(measured);
        addVotes(measured);
        measured.figures.push_back({"cosine", "cosine", meanOf(m_cosine), meanInterval(m_cosine), "", true});
        if (const std::size_t images = m_float.count(); images > 1) {
            std::size_t same = 0;
            for (std::size_t i = 0; i < images; ++i)
                same += m_float.nearest(i, 1) == m_quantized.nearest(i, 1) ? 1 : 0;
            measured.figures.push_back({"neighbour_agreement", "same nearest neighbour",
                                        static_cast<double>(same) / static_cast<double>(images),
                                        stats::wilson(same, images), "%", true});
        }
        measured.changed = std::move(m_changed);
        return measured;
    }

private:
    void addVotes(Measured& measured) const
    {
        std::size_t right = 0, floatRight = 0, voted = 0;
        for (std::size_t i = 0; i < m_labels.size(); ++i) {
            if (!m_labels[i])
                continue;
            const auto now = vote(m_quantized, m_labels, i), before = vote(m_float, m_labels, i);
            if (!now || !before)
                continue;
            ++voted;
            right += *now == *m_labels[i] ? 1 : 0;
            floatRight += *before == *m_labels[i] ? 1 : 0;
        }
        const auto share = [&](const char* key, const char* title, std::size_t hits) {
            measured.figures.push_back({key, title, static_cast<double>(hits) / static_cast<double>(voted),
                                        stats::wilson(hits, voted), "%", true});
        };
        if (voted == 0)
            return;
        share("knn_top1", "k-NN top-1", right);
        share("float_knn_top1", "k-NN top-1 of float", floatRight);
    }

    graph::OutputSpan m_output;
    FeatureShape m_shape;
    Vectors m_float, m_quantized;
    std::vector<std::optional<int>> m_labels;
    std::vector<double> m_cosine, m_changed;
    ZeroShot m_zeroShot;
};

class Features final : public Task {
public:
    Features(Outputs outputs, FeatureShape shape, std::vector<std::vector<float>> texts)
        : Task(std::move(outputs)), m_shape(shape), m_texts(std::move(texts))
    {
    }
    std::unique_ptr<Measurement> measure() const override
    {
        return std::make_unique<FeaturesMeasurement>(outputs().layout[0], m_shape, m_texts);
    }
    /// 1 - cosine of the first output's vectors; further outputs are looked at, not searched for.
    double loss(std::span<const float> reference, std::span<const float> row,
                std::span<float> gradient) const override
    {
        std::ranges::fill(gradient, 0.0F);
        const graph::OutputSpan& output = outputs().layout[0];
        return cosineDistance(output.of(reference), output.of(row), m_shape.length,
                              gradient.empty() ? gradient : output.of(gradient));
    }
    Reading read(std::span<const float>, std::span<const float> row) const override
    {
        return FeatureVector{pooled(outputs().layout[0].of(row), m_shape)};
    }

private:
    FeatureShape m_shape;
    std::vector<std::vector<float>> m_texts;
};

double fits(const Outputs& outputs)
{
    const graph::OutputSpan& output = outputs.layout[0];
    const auto shape = shapeOf(output);
    if (!shape || shape->length < 16)
        return 0;
    const bool named = nameHas(output.name, {"embed", "feature", "hidden", "pool", "token", "norm", "cls"});
    if (shape->tokens == 1) { // scores of classes have the same shape: only a name that cannot be theirs
        const bool vector = nameHas(output.name, {"embed", "feature", "hidden", "pooler"}) &&
                            !nameHas(output.name, {"logit", "prob", "score", "class"});
        return outputs.layout.size() == 1 && vector ? 0.85 : 0;
    }
    // Without a name only what can hardly be anything else: one output of tokens × a length.
    const bool alone = outputs.layout.size() == 1 && output.shape.rank() == 2;
    const bool wide = outputs.inputWidth >= 2 * outputs.inputHeight;
    return named ? 0.95 : !alone ? 0 : !wide && arePatches(outputs, shape->tokens) ? 0.8 : 0.5;
}

Result<std::shared_ptr<const Task>> make(const Outputs& outputs, const TaskSettings& settings)
{
    auto shape = shapeOf(outputs.layout[0]);
    if (!shape)
        return fail(ErrorCode::InvalidArgument,
                    "features need an output of [batch, length] or [batch, tokens, length]; there are " +
                        describe(outputs) + ". --output NAME chooses one");
    for (const std::vector<float>& text : settings.textFeatures)
        if (text.size() != shape->length)
            return fail(ErrorCode::InvalidArgument, "texts have " + std::to_string(text.size()) +
                                                        " features, the images " + std::to_string(shape->length) +
                                                        ": both must come from one model");
    const auto pool = settings.options.find("pool");
    shape->firstToken = pool != settings.options.end() && pool->second == "first";
    return std::make_shared<const Features>(outputs, *shape, settings.textFeatures);
}

} // namespace

const TaskDef& featuresTask()
{
    static constexpr std::array options{
        TaskOption{"pool", "mean first", "of tokens: an image is their mean, or the first (the class token)"}};
    static constexpr TaskDef def{"features",
                                 "Features",
                                 "A vector an image or a token (the first output): cosine and agreement of nearest "
                                 "neighbours in the set; k-NN top-1 (k = 10, leave one out) with labels, zero-shot "
                                 "top-1 with features of texts.",
                                 fits,
                                 make,
                                 "classes",
                                 options,
                                 false,
                                 "1 − cosine",
                                 0.01,
                                 "1 − cosine"};
    return def;
}

} // namespace qs::tasks
