#include "core/kernels/elementwise.h"
#include "core/kernels/norm.h"

#include <array>
#include <cmath>
#include <limits>

namespace qs::kernels::reference {

namespace {

constexpr std::size_t kLanes = 16;
using Lanes = std::array<float, kLanes>;

/// The order in which every target adds the lanes: halves onto each other.
float addLanes(Lanes lanes)
{
    for (std::size_t half = kLanes / 2; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

struct MeanAndInverse {
    float mean;
    float inverse; ///< 1 / sqrt(var + epsilon)
};

MeanAndInverse moments(std::size_t cols, const float* x, float epsilon)
{
    Lanes sums{};
    for (std::size_t i = 0; i < cols; ++i)
        sums[i % kLanes] += x[i];
    const float count = static_cast<float>(cols);
    const float mean = addLanes(sums) / count;
    Lanes squares{};
    for (std::size_t i = 0; i < cols; ++i) {
        const float d = x[i] - mean;
        squares[i % kLanes] = std::fma(d, d, squares[i % kLanes]);
    }
    return {mean, 1.0f / std::sqrt(addLanes(squares) / count + epsilon)};
}

} // namespace

void layerNorm(std::size_t rows, std::size_t cols, const float* x, const float* gamma, const float* beta,
               float epsilon, float* y)
{
    for (std::size_t r = 0; r < rows; ++r) {
        const auto [mean, inverse] = moments(cols, x + r * cols, epsilon);
        for (std::size_t i = 0; i < cols; ++i) {
            const float v = (x[r * cols + i] - mean) * inverse;
            y[r * cols + i] = std::fma(v, gamma ? gamma[i] : 1.0f, beta ? beta[i] : 0.0f);
        }
    }
}

void normalizeRow(std::size_t cols, const float* x, float scale, float shift, float epsilon, float* y)
{
    const auto [mean, inverse] = moments(cols, x, epsilon);
    for (std::size_t i = 0; i < cols; ++i)
        y[i] = std::fma((x[i] - mean) * inverse, scale, shift);
}

void softmax(std::size_t rows, std::size_t cols, const float* x, float scale, float* y)
{
    for (std::size_t r = 0; r < rows; ++r, x += cols, y += cols) {
        float top = -std::numeric_limits<float>::infinity();
        for (std::size_t i = 0; i < cols; ++i)
            top = x[i] > top ? x[i] : top;
        const float shift = -(top * scale);
        Lanes sums{};
        for (std::size_t i = 0; i < cols; ++i) {
            y[i] = reference::exp(std::fma(x[i], scale, shift));
            sums[i % kLanes] += y[i];
        }
        const float inverse = 1.0f / addLanes(sums);
        for (std::size_t i = 0; i < cols; ++i)
            y[i] *= inverse;
    }
}

void logSoftmax(std::size_t rows, std::size_t cols, const float* x, float* y)
{
    for (std::size_t r = 0; r < rows; ++r, x += cols, y += cols) {
        float top = -std::numeric_limits<float>::infinity();
        for (std::size_t i = 0; i < cols; ++i)
            top = x[i] > top ? x[i] : top;
        Lanes sums{};
        for (std::size_t i = 0; i < cols; ++i)
            sums[i % kLanes] += reference::exp(x[i] - top);
        const float logarithm = std::log(addLanes(sums));
        for (std::size_t i = 0; i < cols; ++i)
            y[i] = (x[i] - top) - logarithm;
    }
}

void softmaxColumns(std::size_t size, std::size_t cols, const float* x, bool logarithm, float* y)
{
    for (std::size_t c = 0; c < cols; ++c) {
        float top = x[c];
        for (std::size_t i = 1; i < size; ++i)
            top = x[i * cols + c] > top ? x[i * cols + c] : top;
        float sum = 0;
        for (std::size_t i = 0; i < size; ++i)
            sum += reference::exp(x[i * cols + c] - top);
        const float inverse = 1.0f / sum;
        const float shift = std::log(sum);
        for (std::size_t i = 0; i < size; ++i) {
            const float v = x[i * cols + c] - top;
            y[i * cols + c] = logarithm ? v - shift : reference::exp(v) * inverse;
        }
    }
}

} // namespace qs::kernels::reference
