#include "core/tasks/losses.h"

#include "core/exec/output_form.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace qs::tasks {

namespace {

bool sameBits(std::span<const float> a, std::span<const float> b)
{
    return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// log softmax of one position, in double; of probabilities their logarithm.
void logProbabilities(std::span<const float> scores, bool probabilities, std::vector<double>& logs)
{
    logs.resize(scores.size());
    if (probabilities) {
        for (std::size_t c = 0; c < scores.size(); ++c)
            logs[c] = std::log(std::max(1e-30, static_cast<double>(scores[c])));
        return;
    }
    const double most = *std::ranges::max_element(scores);
    double sum = 0;
    for (const float s : scores)
        sum += std::exp(s - most);
    for (std::size_t c = 0; c < scores.size(); ++c)
        logs[c] = scores[c] - most - std::log(sum);
}

double softplus(double x)
{
    return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

double sigmoid(double x)
{
    return 1 / (1 + std::exp(-x));
}

} // namespace

double klByPosition(std::span<const float> reference, std::span<const float> row, std::size_t positions,
                    std::size_t classes, std::size_t positionStride, std::size_t classStride,
                    std::span<float> gradient, double weight)
{
    if (positions == 0 || sameBits(reference, row))
        return 0;
    std::vector<float> r(classes), z(classes);
    std::vector<double> p, q;
    double loss = 0;
    const double share = 1 / static_cast<double>(positions);
    for (std::size_t n = 0; n < positions; ++n) {
        const auto at = [&](std::size_t c) { return n * positionStride + c * classStride; };
        for (std::size_t c = 0; c < classes; ++c) {
            r[c] = reference[at(c)];
            z[c] = row[at(c)];
        }
        const bool probabilities = exec::isDistribution(z) && exec::isDistribution(r);
        logProbabilities(r, probabilities, p);
        logProbabilities(z, probabilities, q);
        for (std::size_t c = 0; c < classes; ++c) {
            const double pc = std::exp(p[c]);
            loss += pc * (p[c] - q[c]) * share;
            if (gradient.empty())
                continue;
            // Of a probability y: dL/dy = (q - p) / y, as z = log y.
            const double byLogit = std::exp(q[c]) - pc;
            const double scale = probabilities ? std::exp(q[c]) : 1;
            gradient[at(c)] += static_cast<float>(weight * share * byLogit / scale);
        }
    }
    return weight * loss;
}

double binaryKl(std::span<const float> reference, std::span<const float> row, std::span<float> gradient,
                double weight)
{
    if (row.empty() || sameBits(reference, row))
        return 0;
    double loss = 0;
    const double share = weight / static_cast<double>(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
        const double r = reference[i], z = row[i], p = sigmoid(r);
        // p (log σ(r) - log σ(z)) + (1 - p) (log σ(-r) - log σ(-z)),  log σ(x) = -softplus(-x)
        loss += p * (softplus(-z) - softplus(-r)) + (1 - p) * (softplus(z) - softplus(r));
        if (!gradient.empty())
            gradient[i] += static_cast<float>(share * (sigmoid(z) - p));
    }
    return share * std::max(0.0, loss);
}

double relativeSquares(std::span<const float> reference, std::span<const float> row, std::span<float> gradient,
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

double cosineDistance(std::span<const float> reference, std::span<const float> row, std::size_t length,
                      std::span<float> gradient, double weight)
{
    if (length == 0 || sameBits(reference, row))
        return 0;
    const std::size_t vectors = row.size() / length;
    const double share = weight / static_cast<double>(vectors);
    double loss = 0;
    for (std::size_t v = 0; v < vectors; ++v) {
        const auto r = reference.subspan(v * length, length);
        const auto z = row.subspan(v * length, length);
        double rr = 0, zz = 0, rz = 0;
        for (std::size_t i = 0; i < length; ++i) {
            rr += static_cast<double>(r[i]) * r[i];
            zz += static_cast<double>(z[i]) * z[i];
            rz += static_cast<double>(r[i]) * z[i];
        }
        const double norms = std::sqrt(rr * zz);
        if (norms == 0) {
            loss += rr == zz ? 0 : 1;
            continue;
        }
        loss += 1 - rz / norms;
        // d(1 - cos)/dz = (cos z / |z|² - r / (|r| |z|))
        for (std::size_t i = 0; i < length && !gradient.empty(); ++i)
            gradient[v * length + i] += static_cast<float>(share * (rz / norms * z[i] / zz - r[i] / norms));
    }
    return share * std::max(0.0, loss);
}

} // namespace qs::tasks
