// Based on: PostProcess of facebookresearch/detr, RTDETRPostProcessor of lyuwenyu/RT-DETR, non_max_suppression of
// ultralytics with the settings of its validation (conf 0.001, iou 0.7, max_det 300, max_nms 30000, every class of a
// box). Deviations: suppression is by class exactly, where ultralytics moves the classes' boxes apart.
#include "core/tasks/detections.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace qs::tasks {

namespace {

constexpr float kLeast = 0.001F;           ///< scores above it count
constexpr std::size_t kMostBoxes = 30'000; ///< before suppression
constexpr float kSuppress = 0.7F;          ///< IoU above which the worse box goes

float sigmoid(float x)
{
    return 1 / (1 + std::exp(-x));
}

float intersectionOverUnion(const Detection& a, const Detection& b)
{
    const float width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
    const float height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
    if (!(width > 0) || !(height > 0))
        return 0;
    const float both = width * height;
    return both / ((a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0) - both);
}

bool counts(const Detection& found)
{
    return found.score > kLeast && std::isfinite(found.score) && std::isfinite(found.x0) && std::isfinite(found.y0) &&
           std::isfinite(found.x1) && std::isfinite(found.y1);
}

void keepBest(std::vector<Detection>& found, std::size_t most)
{
    std::ranges::stable_sort(found, std::ranges::greater(), &Detection::score);
    found.resize(std::min(found.size(), most));
}

/// found: best first. Stops at `most`, so it takes at most found · most steps.
std::vector<Detection> suppressed(std::span<const Detection> found, std::size_t most)
{
    std::vector<Detection> kept;
    std::map<int, std::vector<Detection>> byClass;
    for (const Detection& one : found) {
        std::vector<Detection>& before = byClass[one.category];
        if (std::ranges::any_of(
                before, [&](const Detection& better) { return intersectionOverUnion(better, one) > kSuppress; }))
            continue;
        before.push_back(one);
        kept.push_back(one);
        if (kept.size() == most)
            break;
    }
    return kept;
}

/// Best class but the last, and its probability by softmax over all.
std::pair<std::size_t, float> bestBySoftmax(std::span<const float> logits, bool probabilities)
{
    const auto last =
        static_cast<std::size_t>(std::ranges::max_element(logits.first(logits.size() - 1)) - logits.begin());
    if (probabilities)
        return {last, logits[last]};
    const double most = *std::ranges::max_element(logits);
    double sum = 0;
    for (const float logit : logits)
        sum += std::exp(logit - most);
    return {last, static_cast<float>(std::exp(logits[last] - most) / sum)};
}

} // namespace

Detection DetectionReader::boxAt(std::span<const float> row, std::size_t candidate) const
{
    const DetectionField field = boxes();
    const float scaleX = m_pixels ? 1 : static_cast<float>(m_outputs.inputWidth);
    const float scaleY = m_pixels ? 1 : static_cast<float>(m_outputs.inputHeight);
    const auto number = [&](std::size_t k) { return row[field.at(candidate, k)]; };
    Detection box;
    switch (m_boxForm) {
    case BoxForm::Centre:
        box.x0 = (number(0) - number(2) / 2) * scaleX;
        box.y0 = (number(1) - number(3) / 2) * scaleY;
        box.x1 = (number(0) + number(2) / 2) * scaleX;
        box.y1 = (number(1) + number(3) / 2) * scaleY;
        break;
    case BoxForm::Corners:
        box = {number(0) * scaleX, number(1) * scaleY, number(2) * scaleX, number(3) * scaleY};
        break;
    case BoxForm::CornersYx:
        box = {number(1) * scaleX, number(0) * scaleY, number(3) * scaleX, number(2) * scaleY};
        break;
    }
    return box;
}

std::vector<Detection> DetectionReader::read(std::span<const float> row) const
{
    std::vector<Detection> found;
    if (isDetr())
        readQueries(row, found);
    else if (isFinal())
        readFinal(row, found);
    else
        readAnchors(row, found);
    return found;
}

void DetectionReader::readQueries(std::span<const float> row, std::vector<Detection>& found) const
{
    const DetectionField scores = this->scores();
    for (std::size_t query = 0; query < m_candidates; ++query) {
        Detection one = boxAt(row, query);
        const auto add = [&](std::size_t category, float score) {
            one.category = static_cast<int>(category);
            one.score = score;
            if (counts(one))
                found.push_back(one);
        };
        const auto logits = row.subspan(scores.at(query, 0), scores.count);
        if (m_form == DetectorForm::DetrSoftmax) {
            const auto [category, score] = bestBySoftmax(logits, m_probabilities);
            add(category, score);
            continue;
        }
        for (std::size_t c = 0; c < logits.size(); ++c)
            add(c, m_probabilities ? logits[c] : sigmoid(logits[c]));
    }
    keepBest(found, kMost);
}

void DetectionReader::readAnchors(std::span<const float> row, std::vector<Detection>& found) const
{
    const DetectionField scores = this->scores();
    const std::size_t first = m_objectness ? 1 : 0;
    const auto probability = [&](std::size_t anchor, std::size_t k) {
        const float score = row[scores.at(anchor, k)];
        return m_probabilities ? score : sigmoid(score);
    };
    for (std::size_t anchor = 0; anchor < m_candidates; ++anchor) {
        const float object = m_objectness ? probability(anchor, 0) : 1;
        if (!(object > kLeast))
            continue;
        Detection one = boxAt(row, anchor);
        for (std::size_t c = first; c < scores.count; ++c) {
            one.category = static_cast<int>(c - first);
            one.score = object * probability(anchor, c);
            if (counts(one))
                found.push_back(one);
        }
    }
    keepBest(found, kMostBoxes);
    found = suppressed(found, kMost);
}

void DetectionReader::readFinal(std::span<const float> row, std::vector<Detection>& found) const
{
    const DetectionField scores = this->scores();
    const auto labels = this->labels();
    std::size_t number = m_candidates;
    if (m_number)
        if (const float said = m_outputs.layout[*m_number].of(row)[0]; said >= 0)
            number = std::min(number, static_cast<std::size_t>(std::min(said + 0.5F, 1e9F)));
    for (std::size_t i = 0; i < number; ++i) {
        const float category = labels ? row[labels->at(i, 0)] : 0;
        if (!(category >= 0 && category < 1e6F))
            continue;
        Detection one = boxAt(row, i);
        one.category = static_cast<int>(std::lround(category));
        one.score = row[scores.at(i, 0)];
        if (counts(one))
            found.push_back(one);
    }
    keepBest(found, kMost);
}

} // namespace qs::tasks
