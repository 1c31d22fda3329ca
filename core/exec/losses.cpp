#include "core/exec/losses.h"

#include "core/exec/output_form.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

namespace qs::exec {

namespace {

constexpr double kLeastProbability = 1e-30; ///< as logProbabilities

bool sameBits(std::span<const float> a, std::span<const float> b)
{
    return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// log of the sum of exp(scores).
double logSum(std::span<const float> scores)
{
    const double most = *std::ranges::max_element(scores);
    double sum = 0;
    for (const float s : scores)
        sum += std::exp(s - most);
    return most + std::log(sum);
}

/// The divergence, and q - p.
double divergence(std::span<const float> reference, std::span<const float> logits, std::span<double> byLogit)
{
    const double before = logSum(reference), after = logSum(logits);
    double loss = 0;
    for (std::size_t k = 0; k < logits.size(); ++k) {
        const double p = std::exp(reference[k] - before);
        // Small where the logits are close, whatever their size.
        loss += p * (static_cast<double>(reference[k]) - logits[k] - (before - after));
        if (!byLogit.empty())
            byLogit[k] = std::exp(logits[k] - after) - p;
    }
    return std::max(0.0, loss);
}

} // namespace

std::vector<double> logSoftmax(std::span<const float> scores)
{
    const double sum = logSum(scores);
    std::vector<double> result;
    result.reserve(scores.size());
    for (const float s : scores)
        result.push_back(s - sum);
    return result;
}

double klDivergence(std::span<const float> reference, std::span<const float> logits, std::span<float> gradient,
                    double weight)
{
    assert(reference.size() == logits.size());
    if (logits.empty() || sameBits(reference, logits))
        return 0;
    std::vector<double> byLogit(gradient.size());
    const double loss = divergence(reference, logits, byLogit);
    for (std::size_t k = 0; k < gradient.size(); ++k)
        gradient[k] += static_cast<float>(weight * byLogit[k]);
    return weight * loss;
}

double klByPosition(std::span<const float> reference, std::span<const float> row, std::size_t positions,
                    std::size_t classes, std::size_t positionStride, std::size_t classStride,
                    std::span<float> gradient, double weight)
{
    if (positions == 0 || classes == 0 || sameBits(reference, row))
        return 0;
    std::vector<float> r(classes), z(classes), y(classes);
    std::vector<double> byLogit(gradient.empty() ? 0 : classes);
    double loss = 0;
    const double share = weight / static_cast<double>(positions);
    for (std::size_t n = 0; n < positions; ++n) {
        const auto at = [&](std::size_t c) { return n * positionStride + c * classStride; };
        for (std::size_t c = 0; c < classes; ++c) {
            r[c] = reference[at(c)];
            z[c] = y[c] = row[at(c)];
        }
        const bool probabilities = isDistribution(r);
        if (probabilities) {
            logProbabilities(r, r);
            logProbabilities(z, z);
        }
        loss += divergence(r, z, byLogit);
        for (std::size_t c = 0; c < byLogit.size(); ++c) {
            const double scale = probabilities ? std::max(kLeastProbability, static_cast<double>(y[c])) : 1;
            gradient[at(c)] += static_cast<float>(share * byLogit[c] / scale);
        }
    }
    return share * loss;
}

double relativeError(std::span<const float> reference, std::span<const float> row, std::span<float> gradient,
                     double weight)
{
    double signal = 0, error = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const double d = static_cast<double>(row[i]) - reference[i];
        signal += static_cast<double>(reference[i]) * reference[i];
        error += d * d;
    }
    const double scale = weight / (signal > 0 ? signal : 1);
    for (std::size_t i = 0; i < gradient.size(); ++i)
        gradient[i] += static_cast<float>(2 * scale * (static_cast<double>(row[i]) - reference[i]));
    return error * scale;
}

} // namespace qs::exec
