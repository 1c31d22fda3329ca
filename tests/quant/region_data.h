#pragma once

#include "core/quant/quantizers.h"
#include "core/stats/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace qs::test {

/// GELU of normal values.
inline std::vector<float> geluValues(std::size_t count, double mean = 0, double deviation = 1, uint32_t seed = 5)
{
    std::mt19937 engine(seed);
    std::normal_distribution<double> normal(mean, deviation);
    std::vector<float> values(count);
    for (float& value : values) {
        const double z = normal(engine);
        value = static_cast<float>(0.5 * z * (1 + std::erf(z / std::sqrt(2.0))));
    }
    return values;
}

/// GELU values with rare large ones.
inline std::vector<float> outlierValues(std::size_t count)
{
    std::vector<float> values = geluValues(count, -1.2, 0.8);
    const std::vector<float> large = geluValues(count / 500 + 1, 6, 0.8, 6);
    std::ranges::copy(large, values.begin());
    return values;
}

/// Softmax of rows of 64 normal values.
inline std::vector<float> softmaxValues(std::size_t rows, double deviation)
{
    std::mt19937 engine(7);
    std::normal_distribution<double> normal(0, deviation);
    std::vector<float> values;
    for (std::size_t r = 0; r < rows; ++r) {
        double row[64];
        double sum = 0;
        for (double& value : row)
            sum += value = std::exp(normal(engine));
        for (const double value : row)
            values.push_back(static_cast<float>(value / sum));
    }
    return values;
}

/// Statistics of values of one channel.
inline stats::SiteStatistics statisticsOf(const std::vector<float>& values)
{
    stats::SiteStatistics statistics;
    statistics.values = values.size();
    const auto [low, high] = std::ranges::minmax(values);
    statistics.minimum = {low};
    statistics.maximum = {high};
    statistics.histogram.add(values);
    double sum = 0;
    double squares = 0;
    for (const float value : values) {
        sum += value;
        squares += static_cast<double>(value) * value;
    }
    const auto count = static_cast<double>(values.size());
    statistics.mean = {sum / count};
    statistics.variance = {squares / count - sum / count * sum / count};
    return statistics;
}

inline std::vector<float> mapped(const exec::ElementMap& map, const std::vector<float>& values)
{
    std::vector<float> result(values.size());
    map.apply(values.data(), result.data(), {static_cast<int64_t>(values.size()), 1, 1});
    return result;
}

inline double meanSquaredError(const exec::ElementMap& map, const std::vector<float>& values)
{
    const std::vector<float> result = mapped(map, values);
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        sum += (static_cast<double>(values[i]) - result[i]) * (static_cast<double>(values[i]) - result[i]);
    return sum / static_cast<double>(values.size());
}

inline quant::SiteSettings settingsOf(const char* quantizer, int bits)
{
    quant::SiteSettings settings;
    settings.quantizer = quantizer;
    settings.bits = bits;
    return settings;
}

inline Result<quant::ActivationNumbers> resolved(const char* quantizer, const stats::SiteStatistics& statistics,
                                                 const quant::SiteSettings& settings,
                                                 const quant::OutputMetric* output = nullptr)
{
    return quant::findQuantizer(quantizer)->resolve({statistics, settings, output});
}

inline Result<quant::ActivationNumbers> resolved(const char* quantizer, const std::vector<float>& values, int bits)
{
    const stats::SiteStatistics statistics = statisticsOf(values);
    return resolved(quantizer, statistics, settingsOf(quantizer, bits));
}

} // namespace qs::test
