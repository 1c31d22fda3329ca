#include "core/quant/output_error.h"

#include "core/kernels/gemm.h"
#include "core/quant/weight_product.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace qs::quant {

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

double ratio(double error, double signal)
{
    if (error == 0)
        return 0;
    return signal > 0 ? error / signal : kUnknown;
}

} // namespace

struct OutputMetric::Impl {
    struct Factor {
        kernels::PackedMatrix matrix;
        std::size_t n = 0;
        bool gram = false; ///< the matrix is W Wᵀ: the error is sum e · (e W Wᵀ)
    };

    std::vector<float> rows;
    std::size_t k = 0;
    std::vector<Factor> factors;

    double squared(std::span<const float> values) const
    {
        const std::size_t m = values.size() / k;
        double sum = 0;
        std::vector<float> product;
        for (const Factor& factor : factors) {
            product.resize(m * factor.n);
            kernels::gemm(values.data(), k, m, factor.matrix.view(), product.data(), factor.n);
            for (std::size_t i = 0; i < product.size(); ++i)
                sum += static_cast<double>(product[i]) * (factor.gram ? values[i] : product[i]);
        }
        return sum;
    }
};

OutputMetric::OutputMetric(std::span<const float> rows, std::size_t k, std::span<const Reader> readers)
    : m_impl(std::make_unique<Impl>())
{
    m_impl->rows.assign(rows.begin(), rows.end());
    m_impl->k = k;
    std::size_t outputs = 0;
    for (const Reader& reader : readers)
        outputs += reader.n;
    if (outputs <= k) {
        for (const Reader& reader : readers)
            m_impl->factors.push_back(
                {kernels::packMatrix(reader.weight.data(), k, reader.n, reader.n, 1), reader.n, false});
        return;
    }
    std::vector<float> gram(k * k, 0.0f);
    std::vector<float> part(k * k);
    for (const Reader& reader : readers) {
        const auto transposed = kernels::packMatrix(reader.weight.data(), reader.n, k, 1, reader.n);
        kernels::gemm(reader.weight.data(), reader.n, k, transposed.view(), part.data(), k);
        for (std::size_t i = 0; i < gram.size(); ++i)
            gram[i] += part[i];
    }
    m_impl->factors.push_back({kernels::packMatrix(gram.data(), k, k, k, 1), k, true});
}

OutputMetric::~OutputMetric() = default;
OutputMetric::OutputMetric(OutputMetric&&) noexcept = default;

double OutputMetric::squaredError(const exec::ElementMap& map) const
{
    std::vector<float> difference(m_impl->rows.size());
    map.apply(m_impl->rows.data(), difference.data(),
              {static_cast<int64_t>(m_impl->rows.size() / m_impl->k), static_cast<int64_t>(m_impl->k), 1});
    for (std::size_t i = 0; i < difference.size(); ++i)
        difference[i] = m_impl->rows[i] - difference[i];
    return std::max(0.0, m_impl->squared(difference));
}

double OutputMetric::squaredSignal() const
{
    return std::max(0.0, m_impl->squared(m_impl->rows));
}

std::span<const float> OutputMetric::rows() const
{
    return m_impl->rows;
}

std::size_t OutputMetric::channels() const
{
    return m_impl->k;
}

std::unique_ptr<OutputMetric> outputMetric(const FloatConstants& constants, const graph::Site& site,
                                           const stats::SiteStatistics& statistics)
{
    if (statistics.sample.empty() || site.uses.empty())
        return nullptr;
    const auto channels = static_cast<std::size_t>(statistics.sample.shape()[1]);
    std::vector<OutputMetric::Reader> readers;
    for (const graph::Use& use : site.uses) {
        const graph::Node& node = constants.graph().node(use.node);
        const WeightProduct product = productOf(constants.graph(), node);
        if (use.input != 0 || node.op != "Linear" || product.k != channels)
            return nullptr;
        readers.push_back({constants.of({use.node, 1}).floats(), product.n});
    }
    return std::make_unique<OutputMetric>(statistics.sample.floats(), channels, readers);
}

double activationOutputError(const FloatConstants& constants, const graph::Site& site,
                             const stats::SiteStatistics& statistics, const exec::ElementMap& map)
{
    if (statistics.sample.empty())
        return kUnknown;
    const auto rows = statistics.sample.floats();
    const int64_t channels = statistics.sample.shape()[1];
    std::vector<float> difference(rows.size());
    map.apply(rows.data(), difference.data(), {statistics.sample.shape()[0], channels, 1});
    for (std::size_t i = 0; i < rows.size(); ++i)
        difference[i] = rows[i] - difference[i];
    double error = 0;
    double signal = 0;
    bool found = false;
    for (const graph::Use& use : site.uses) {
        if (use.input != 0)
            continue;
        const WeightProduct product = productOf(constants.graph(), constants.graph().node(use.node));
        if (product.k == 0 || static_cast<int64_t>(product.k) != channels)
            continue;
        const auto weight = constants.of({use.node, 1}).floats();
        error += squaredProduct(difference, product, weight);
        signal += squaredProduct(rows, product, weight);
        found = true;
    }
    return found ? ratio(error, signal) : kUnknown;
}

double weightOutputError(const FloatConstants& constants, const graph::Site& site, const stats::SiteStatistics* input,
                         std::span<const float> quantized)
{
    if (input == nullptr || input->sample.empty() || site.uses.empty())
        return kUnknown;
    const WeightProduct product = productOf(constants.graph(), constants.graph().node(site.uses.front().node));
    if (product.k == 0 || static_cast<int64_t>(product.k) != input->sample.shape()[1])
        return kUnknown;
    const auto weight = constants.of(site.uses.front()).floats();
    std::vector<float> difference(weight.size());
    for (std::size_t i = 0; i < weight.size(); ++i)
        difference[i] = weight[i] - quantized[i];
    return ratio(squaredProduct(input->sample.floats(), product, difference),
                 squaredProduct(input->sample.floats(), product, weight));
}

} // namespace qs::quant
