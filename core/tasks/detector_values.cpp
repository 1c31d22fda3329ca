// What of a detector's form shows only in its values.
#include "core/tasks/detections.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace qs::tasks {

namespace {

/// Of quantized and half precision files probabilities may be a hair outside; logits are far outside.
bool isShare(float value)
{
    return value >= -0.01F && value <= 1.01F;
}

bool isWhole(float value)
{
    return value == std::round(value);
}

/// Whether the last of a query's classes is nothing.
///   probabilities: where they sum up to 1 in every query
///   logits: where it has most of the softmax in more queries than chance would leave. By chance one query in
///     `classes` has its last class best; images full of objects leave few queries for nothing.
bool lastIsNothing(std::span<const float> row, const DetectionField& field, std::size_t queries, bool probabilities)
{
    std::size_t nothing = 0, whole = 0;
    for (std::size_t query = 0; query < queries; ++query) {
        const auto logits = row.subspan(field.at(query, 0), field.count);
        const double most = *std::ranges::max_element(logits);
        double sum = 0, softmaxed = 0;
        for (const float logit : logits) {
            sum += logit;
            softmaxed += std::exp(logit - most);
        }
        nothing += std::exp(logits.back() - most) > 0.5 * softmaxed ? 1 : 0;
        whole += std::abs(sum - 1) < 1e-3 ? 1 : 0;
    }
    if (probabilities)
        return whole == queries;
    const double all = static_cast<double>(queries), share = 1 / static_cast<double>(field.count);
    const double chance = all * share + 4 * std::sqrt(all * share * (1 - share)); // of a binomial, and 4 deviations
    return static_cast<double>(nothing) > std::max(0.25 * all, std::min(chance, 0.7 * all));
}

} // namespace

DetectionReader DetectionReader::settled(std::span<const float> row) const
{
    DetectionReader reader = *this;
    reader.settleParts(row);
    reader.settleScores(row, m_choice);
    reader.settleBoxes(row, m_choice);
    return reader;
}

/// Of lists without names: classes are whole numbers, scores lie between 0 and 1.
void DetectionReader::settleParts(std::span<const float> row)
{
    if (m_named || !m_labels)
        return;
    const auto scores = m_outputs.layout[m_scores].of(row), labels = m_outputs.layout[*m_labels].of(row);
    if (std::ranges::all_of(scores, isWhole) && std::ranges::all_of(labels, isShare) &&
        !std::ranges::all_of(labels, isWhole))
        std::swap(m_scores, *m_labels);
}

void DetectionReader::settleScores(std::span<const float> row, const DetectorChoice& choice)
{
    if (isFinal())
        return;
    const DetectionField field = scores();
    bool shares = true;
    for (std::size_t a = 0; a < m_candidates && shares; ++a)
        for (std::size_t k = 0; k < field.count; ++k)
            shares = shares && isShare(row[field.at(a, k)]);
    m_probabilities = choice.probabilities.value_or(shares);
    if (!isDetr())
        return;
    const bool softmax = choice.softmax.value_or(lastIsNothing(row, field, m_candidates, m_probabilities));
    m_form = softmax && field.count > 1 ? DetectorForm::DetrSoftmax : DetectorForm::DetrSigmoid;
}

void DetectionReader::settleBoxes(std::span<const float> row, const DetectorChoice& choice)
{
    const DetectionField field = boxes(), scored = scores();
    std::vector<std::array<float, 4>> list;
    for (std::size_t a = 0; a < m_candidates; ++a) {
        std::array<float, 4> numbers{};
        for (std::size_t k = 0; k < 4; ++k)
            numbers[k] = row[field.at(a, k)];
        // The rest of a list of final detections is filled up with anything.
        if (std::ranges::all_of(numbers, [](float v) { return std::isfinite(v); }) &&
            (!isFinal() || row[scored.at(a, 0)] > 0))
            list.push_back(numbers);
    }
    const bool large = std::ranges::any_of(list, [](const auto& box) { return std::ranges::max(box) > 2; });
    m_pixels = choice.pixels.value_or(list.empty() ? m_pixels : large);
    m_boxForm = choice.boxes.value_or(m_boxForm);
    if (choice.boxes || list.empty() || m_boxForm == BoxForm::CornersYx)
        return;
    const float width = m_pixels ? static_cast<float>(m_outputs.inputWidth) : 1;
    const float height = m_pixels ? static_cast<float>(m_outputs.inputHeight) : 1;
    const auto leaves = [](float centre, float size, float all) {
        return centre - size / 2 < -0.1F * all || centre + size / 2 > 1.1F * all;
    };
    const auto count = [&](const auto& what) { return static_cast<double>(std::ranges::count_if(list, what)); };
    const double ordered = count([](const auto& n) { return n[0] <= n[2] && n[1] <= n[3]; });
    const double outside =
        count([&](const auto& n) { return leaves(n[0], n[2], width) || leaves(n[1], n[3], height); });
    const auto all = static_cast<double>(list.size());
    if (m_boxForm == BoxForm::Centre && ordered >= 0.98 * all && outside > 0.1 * all)
        m_boxForm = BoxForm::Corners;
    else if (m_boxForm == BoxForm::Corners && ordered < 0.8 * all && outside <= 0.1 * all)
        m_boxForm = BoxForm::Centre;
}

} // namespace qs::tasks
