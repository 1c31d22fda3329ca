#include "core/quant/logits.h"

#include "core/exec/losses.h"
#include "core/kernels/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace qs::quant {

std::vector<double> softmax(std::span<const float> logits)
{
    std::vector<double> result = exec::logSoftmax(logits);
    for (double& value : result)
        value = std::exp(value);
    return result;
}

std::vector<int> topClasses(std::span<const float> logits, std::size_t count)
{
    std::vector<int> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    count = std::min(count, order.size());
    const auto better = [&](int a, int b) {
        const float left = logits[static_cast<std::size_t>(a)];
        const float right = logits[static_cast<std::size_t>(b)];
        return left != right ? left > right : a < b;
    };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(), better);
    order.resize(count);
    return order;
}

LogitDifference compareLogits(const Tensor& reference, const Tensor& other, std::size_t images)
{
    const auto classes = static_cast<std::size_t>(reference.shape()[1]);
    LogitDifference result;
    double signal = 0;
    double error = 0;
    double product = 0;
    double otherSignal = 0;
    for (std::size_t i = 0; i < images; ++i) {
        const auto a = reference.floats().subspan(i * classes, classes);
        const auto b = other.floats().subspan(i * classes, classes);
        const auto sums = kernels::differenceSums(a, b);
        signal += sums.squaredSignal;
        error += sums.squaredError;
        result.klDivergence += exec::klDivergence(a, b);
        for (std::size_t k = 0; k < classes; ++k) {
            product += static_cast<double>(a[k]) * b[k];
            otherSignal += static_cast<double>(b[k]) * b[k];
            result.maxDifference = std::max(result.maxDifference, std::abs(static_cast<double>(a[k]) - b[k]));
        }
    }
    result.klDivergence /= static_cast<double>(std::max<std::size_t>(1, images));
    result.sqnrDb = decibels(signal, error);
    if (signal > 0) {
        result.relativeError = error / signal;
        result.cosine = otherSignal > 0 ? product / std::sqrt(signal * otherSignal) : 0;
    }
    return result;
}

double decibels(double signal, double error)
{
    return error > 0 ? 10 * std::log10(signal / error) : std::numeric_limits<double>::infinity();
}

} // namespace qs::quant
