#include "core/tasks/losses.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace qs::tasks {

namespace {

bool sameBits(std::span<const float> a, std::span<const float> b)
{
    return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
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
