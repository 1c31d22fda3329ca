#include "core/kernels/integer_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace qs::kernels {

ByteMultiplier byteMultiplier(double a)
{
    constexpr int kBits = 8;
    constexpr int kMostShift = 31;
    if (!(a > 0))
        return {0, kMostShift};
    if (!std::isfinite(a))
        return {255, 0};
    const int shift = std::clamp(kBits - 1 - std::ilogb(a), 0, kMostShift);
    return {static_cast<int>(std::min(std::floor(std::ldexp(a, shift)), 255.0)), shift};
}

void integerLayerNorm(std::size_t rows, std::size_t cols, const float* x, const float* gamma, const float* beta,
                      const float* steps, float outputStep, float* y)
{
    const auto count = static_cast<double>(cols);
    const double step = *std::min_element(steps, steps + cols);
    std::vector<double> codes(cols);
    for (std::size_t r = 0; r < rows; ++r, x += cols, y += cols) {
        double sum = 0;
        double squares = 0;
        for (std::size_t c = 0; c < cols; ++c) {
            codes[c] = std::nearbyint(x[c] / steps[c]) * std::nearbyint(steps[c] / step);
            sum += codes[c];
            squares += codes[c] * codes[c];
        }
        // The mean and the step, both by the deviation.
        const double root = std::sqrt(count * squares - sum * sum);
        const double mean = root == 0 ? 0 : sum / root;
        const double unit = root == 0 ? 0 : count / root;
        for (std::size_t c = 0; c < cols; ++c) {
            const double gain = gamma ? gamma[c] : 1;
            const double a = unit * gain / outputStep;
            const ByteMultiplier m = byteMultiplier(std::abs(a));
            const double offset =
                std::nearbyint(std::ldexp(((beta ? beta[c] : 0) - mean * gain) / outputStep, m.shift));
            const double product = std::copysign(m.multiplier, a) * codes[c] + offset;
            y[c] = outputStep * static_cast<float>(std::nearbyint(std::ldexp(product, -m.shift)));
        }
    }
}

} // namespace qs::kernels
