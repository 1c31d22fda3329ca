#include "core/tasks/detection_match.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace qs::tasks {

namespace {

double sigmoid(double x)
{
    return 1 / (1 + std::exp(-x));
}

std::size_t bestClass(const DetectionReader& reader, std::span<const float> row, std::size_t candidate)
{
    const DetectionField field = reader.scores();
    const std::size_t first = reader.objectness() ? 1 : 0;
    const std::size_t end = field.count - (reader.form() == DetectorForm::DetrSoftmax ? 1 : 0);
    std::size_t best = first;
    for (std::size_t k = first + 1; k < end; ++k)
        if (row[field.at(candidate, k)] > row[field.at(candidate, best)])
            best = k;
    return best;
}

/// Of number k among the scores.
double probabilityOf(const DetectionReader& reader, std::span<const float> row, std::size_t candidate, std::size_t k)
{
    const DetectionField field = reader.scores();
    const auto score = [&](std::size_t i) { return static_cast<double>(row[field.at(candidate, i)]); };
    if (reader.probabilities())
        return score(k);
    if (reader.form() != DetectorForm::DetrSoftmax)
        return sigmoid(score(k));
    double most = score(0), sum = 0;
    for (std::size_t i = 1; i < field.count; ++i)
        most = std::max(most, score(i));
    for (std::size_t i = 0; i < field.count; ++i)
        sum += std::exp(score(i) - most);
    return std::exp(score(k) - most) / sum;
}

double cost(const DetectionReader& reader, std::span<const float> reference, std::size_t a, std::size_t best,
            std::span<const float> row, std::size_t b)
{
    const Detection one = reader.boxAt(reference, a), other = reader.boxAt(row, b);
    const double x =
        std::abs(static_cast<double>(one.x0) - other.x0) + std::abs(static_cast<double>(one.x1) - other.x1);
    const double y =
        std::abs(static_cast<double>(one.y0) - other.y0) + std::abs(static_cast<double>(one.y1) - other.y1);
    double total = 5 * (x / reader.inputWidth() + y / reader.inputHeight()) +
                   std::abs(probabilityOf(reader, reference, a, best) - probabilityOf(reader, row, b, best));
    if (const auto labels = reader.labels())
        total += std::round(reference[labels->at(a, 0)]) != std::round(row[labels->at(b, 0)]) ? 1 : 0;
    return total;
}

} // namespace

double confidenceOf(const DetectionReader& reader, std::span<const float> row, std::size_t candidate)
{
    if (reader.form() == DetectorForm::DetrSoftmax)
        return 1 - probabilityOf(reader, row, candidate, reader.scores().count - 1);
    const double object = reader.objectness() ? probabilityOf(reader, row, candidate, 0) : 1;
    return object * probabilityOf(reader, row, candidate, bestClass(reader, row, candidate));
}

std::vector<std::size_t> matchCandidates(const DetectionReader& reader, std::span<const float> reference,
                                         std::span<const float> row)
{
    const std::size_t count = reader.candidates();
    std::vector<std::size_t> places(count);
    std::iota(places.begin(), places.end(), std::size_t{0});
    if (!reader.placesChosen())
        return places;
    std::vector<double> sure(count);
    for (std::size_t a = 0; a < count; ++a)
        sure[a] = confidenceOf(reader, reference, a);
    std::vector<std::size_t> order = places;
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return sure[a] > sure[b]; });
    std::vector<bool> taken(count, false);
    for (const std::size_t a : order) {
        const std::size_t best = bestClass(reader, reference, a);
        std::size_t match = count;
        double least = 0;
        const auto offer = [&](std::size_t b) {
            if (taken[b])
                return;
            if (const double price = cost(reader, reference, a, best, row, b); match == count || price < least) {
                match = b;
                least = price;
            }
        };
        offer(a);
        for (std::size_t b = 0; b < count && (match == count || least > 0); ++b)
            offer(b);
        taken[match] = true;
        places[a] = match;
    }
    return places;
}

} // namespace qs::tasks
