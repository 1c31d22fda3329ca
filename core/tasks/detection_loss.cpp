#include "core/tasks/detection_loss.h"

#include "core/exec/losses.h"
#include "core/tasks/losses.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace qs::tasks {

namespace {

constexpr double kBoxWeight = 5; ///< of L1 in DETR's training

/// r, z and dL/dz of one image.
struct Sides {
    std::span<const float> reference, row;
    std::span<float> gradient;
};

/// Candidates × numbers, each candidate with its weight.
struct Part {
    DetectionField field;
    std::span<const double> weights;
};

/// How sure the float network is that there is something.
double confidence(const DetectionReader& reader, const DetectionField& scores, std::span<const float> row,
                  std::size_t candidate)
{
    const auto score = [&](std::size_t k) { return static_cast<double>(row[scores.at(candidate, k)]); };
    const auto largest = [&](std::size_t first) {
        double most = score(first);
        for (std::size_t k = first + 1; k < scores.count; ++k)
            most = std::max(most, score(k));
        return most;
    };
    switch (reader.form()) {
    case DetectorForm::DetrSoftmax: {
        if (reader.probabilities())
            return 1 - score(scores.count - 1);
        const double most = largest(0);
        double something = 0;
        for (std::size_t k = 0; k + 1 < scores.count; ++k)
            something += std::exp(score(k) - most);
        return something / (something + std::exp(score(scores.count - 1) - most));
    }
    case DetectorForm::DetrSigmoid:
        return reader.probabilities() ? largest(0) : 1 / (1 + std::exp(-largest(0)));
    case DetectorForm::YoloRows:
        return score(0) * largest(1);
    case DetectorForm::YoloColumns:
    case DetectorForm::Suppressed:
        return largest(0);
    }
    return 0;
}

std::vector<double> confidences(const DetectionReader& reader, std::span<const float> reference)
{
    const DetectionField scores = reader.scores();
    std::vector<double> shares(reader.candidates());
    for (std::size_t a = 0; a < shares.size(); ++a)
        shares[a] = std::max(0.0, confidence(reader, scores, reference, a));
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares)
        share = sum > 0 ? share / sum : 1 / static_cast<double>(shares.size());
    return shares;
}

double kullbackLeibler(const DetectionReader& reader, const Part& part, const Sides& sides)
{
    const std::size_t classes = part.field.count;
    double loss = 0;
    for (std::size_t a = 0; a < part.weights.size(); ++a) {
        const std::size_t first = part.field.at(a, 0);
        const auto r = sides.reference.subspan(first, classes), z = sides.row.subspan(first, classes);
        const auto gradient = sides.gradient.empty() ? sides.gradient : sides.gradient.subspan(first, classes);
        if (reader.form() == DetectorForm::DetrSoftmax)
            loss += exec::klByPosition(r, z, 1, classes, classes, 1, gradient, part.weights[a]);
        else // whose sum over the classes is a mean there
            loss += binaryKl(r, z, gradient, part.weights[a] * static_cast<double>(classes));
    }
    return loss;
}

double absolute(const Part& part, const Sides& sides)
{
    double loss = 0;
    for (std::size_t a = 0; a < part.weights.size(); ++a)
        for (std::size_t k = 0; k < part.field.count; ++k) {
            const std::size_t at = part.field.at(a, k);
            const double difference = static_cast<double>(sides.row[at]) - sides.reference[at];
            const double weight = kBoxWeight * part.weights[a];
            loss += weight * std::abs(difference);
            if (!sides.gradient.empty())
                sides.gradient[at] += static_cast<float>(weight * ((difference > 0) - (difference < 0)));
        }
    return loss;
}

double squares(const Part& part, const Sides& sides)
{
    double error = 0, signal = 0;
    const auto each = [&](auto&& what) {
        for (std::size_t a = 0; a < part.weights.size(); ++a)
            for (std::size_t k = 0; k < part.field.count; ++k) {
                const std::size_t at = part.field.at(a, k);
                const double r = sides.reference[at];
                what(at, part.weights[a], r, static_cast<double>(sides.row[at]) - r);
            }
    };
    each([&](std::size_t, double weight, double r, double difference) {
        error += weight * difference * difference;
        signal += weight * r * r;
    });
    const double scale = 1 / (signal > 0 ? signal : 1);
    if (!sides.gradient.empty())
        each([&](std::size_t at, double weight, double, double difference) {
            sides.gradient[at] += static_cast<float>(2 * scale * weight * difference);
        });
    return error * scale;
}

} // namespace

double detectionLoss(const DetectionReader& reader, std::span<const float> reference, std::span<const float> row,
                     std::span<float> gradient)
{
    const Sides sides{reference, row, gradient};
    const std::vector<double> sure = confidences(reader, reference);
    std::vector<double> weights(sure);
    for (double& weight : weights)
        weight = weight / 2 + 1 / (2 * static_cast<double>(sure.size()));
    const Part classes{reader.scores(), weights}, boxes{reader.boxes(), sure};
    switch (reader.form()) {
    case DetectorForm::DetrSigmoid:
        if (reader.probabilities())
            return squares(classes, sides) + absolute(boxes, sides);
        [[fallthrough]];
    case DetectorForm::DetrSoftmax:
        return kullbackLeibler(reader, classes, sides) + absolute(boxes, sides);
    case DetectorForm::YoloColumns:
    case DetectorForm::YoloRows:
        return squares(classes, sides) + squares(boxes, sides);
    case DetectorForm::Suppressed:
        break;
    }
    double other = 0;
    for (std::size_t a = 0; a < sure.size(); ++a)
        other += std::round(row[boxes.field.at(a, 5)]) != std::round(reference[boxes.field.at(a, 5)]) ? sure[a] : 0;
    return other + squares(classes, sides) + squares(boxes, sides);
}

} // namespace qs::tasks
