#include "core/tasks/detection_loss.h"

#include "core/exec/losses.h"
#include "core/tasks/detection_match.h"
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

std::vector<double> confidences(const DetectionReader& reader, std::span<const float> reference)
{
    std::vector<double> shares(reader.candidates());
    for (std::size_t a = 0; a < shares.size(); ++a)
        shares[a] = std::max(0.0, confidenceOf(reader, reference, a));
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares)
        share = sum > 0 ? share / sum : 1 / static_cast<double>(shares.size());
    return shares;
}

double kullbackLeibler(const DetectionReader& reader, const Part& part, const Sides& sides)
{
    const std::size_t classes = part.field.count;
    std::vector<float> r(classes), z(classes), slope(sides.gradient.empty() ? 0 : classes);
    double loss = 0;
    for (std::size_t a = 0; a < part.weights.size(); ++a) {
        for (std::size_t k = 0; k < classes; ++k) {
            r[k] = sides.reference[part.field.at(a, k)];
            z[k] = sides.row[part.field.at(a, k)];
        }
        std::ranges::fill(slope, 0.0F);
        if (reader.form() == DetectorForm::DetrSoftmax)
            loss += exec::klByPosition(r, z, 1, classes, classes, 1, slope, part.weights[a]);
        else // whose sum over the classes is a mean there
            loss += binaryKl(r, z, slope, part.weights[a] * static_cast<double>(classes));
        for (std::size_t k = 0; k < slope.size(); ++k)
            sides.gradient[part.field.at(a, k)] += slope[k];
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

/// Candidates by place.
double placedLoss(const DetectionReader& reader, const Sides& sides)
{
    const std::vector<double> sure = confidences(reader, sides.reference);
    std::vector<double> weights(sure);
    for (double& weight : weights)
        weight = weight / 2 + 1 / (2 * static_cast<double>(sure.size()));
    const Part classes{reader.scores(), weights}, boxes{reader.boxes(), sure};
    const bool logits = reader.form() == DetectorForm::DetrSoftmax || (!reader.probabilities() && !reader.isFinal());
    double loss = logits ? kullbackLeibler(reader, classes, sides) : squares(classes, sides);
    loss += reader.pixels() ? squares(boxes, sides) : absolute(boxes, sides);
    if (const auto labels = reader.labels())
        for (std::size_t a = 0; a < sure.size(); ++a) {
            const std::size_t at = labels->at(a, 0);
            loss += std::round(sides.row[at]) != std::round(sides.reference[at]) ? sure[a] : 0;
        }
    return loss;
}

/// Numbers of candidates that are moved together.
std::vector<DetectionField> fieldsOf(const DetectionReader& reader)
{
    std::vector<DetectionField> fields{reader.boxes(), reader.scores()};
    if (const auto labels = reader.labels())
        fields.push_back(*labels);
    return fields;
}

} // namespace

double detectionLoss(const DetectionReader& reader, std::span<const float> reference, std::span<const float> row,
                     std::span<float> gradient)
{
    if (!reader.placesChosen())
        return placedLoss(reader, {reference, row, gradient});
    const std::vector<std::size_t> matches = matchCandidates(reader, reference, row);
    const std::vector<DetectionField> fields = fieldsOf(reader);
    const auto each = [&](const auto& move) {
        for (const DetectionField& field : fields)
            for (std::size_t a = 0; a < matches.size(); ++a)
                for (std::size_t k = 0; k < field.count; ++k)
                    move(field.at(a, k), field.at(matches[a], k));
    };
    std::vector<float> moved(row.begin(), row.end()), slope(gradient.size(), 0.0F);
    each([&](std::size_t to, std::size_t from) { moved[to] = row[from]; });
    const double loss = placedLoss(reader, {reference, moved, slope});
    if (!gradient.empty())
        each([&](std::size_t to, std::size_t from) { gradient[from] += slope[to]; });
    return loss;
}

} // namespace qs::tasks
