#include "core/kernels/reduce.h"

#include <cassert>
#include <cmath>
#include <limits>

namespace qs::kernels {

double foldStart(Fold fold)
{
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return fold == Fold::Max ? -kInfinity : fold == Fold::Min ? kInfinity : 0.0;
}

namespace reference {

namespace {

double termOf(Fold fold, double v)
{
    return fold == Fold::Absolute ? std::fabs(v) : fold == Fold::Square ? v * v : v;
}

double together(Fold fold, double a, double b)
{
    if (fold == Fold::Max)
        return b > a || b != b ? b : a;
    if (fold == Fold::Min)
        return b < a || b != b ? b : a;
    return a + b;
}

} // namespace

double foldRow(Fold fold, std::span<const float> x)
{
    constexpr std::size_t kLanes = 16;
    double lanes[kLanes];
    for (double& lane : lanes)
        lane = foldStart(fold);
    for (std::size_t i = 0; i < x.size(); ++i)
        lanes[i % kLanes] = together(fold, lanes[i % kLanes], termOf(fold, x[i]));
    for (std::size_t half = kLanes / 2; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i)
            lanes[i] = together(fold, lanes[i], lanes[i + half]);
    return lanes[0];
}

void foldInto(Fold fold, std::span<const float> x, std::span<double> sums)
{
    assert(x.size() == sums.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        sums[i] = together(fold, sums[i], termOf(fold, x[i]));
}

void cumulateInto(std::span<const float> x, std::span<double> sums, std::span<float> y, bool exclusive)
{
    assert(x.size() == sums.size() && x.size() == y.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double before = sums[i];
        sums[i] += static_cast<double>(x[i]);
        y[i] = static_cast<float>(exclusive ? before : sums[i]);
    }
}

} // namespace reference

} // namespace qs::kernels
