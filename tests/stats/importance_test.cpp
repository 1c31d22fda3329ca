// Squared gradients of outputs: compared with gradients that are taken layer by layer.
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration_file.h"
#include "core/stats/importance.h"

#include "core/exec/gradient.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/recipe.h"
#include "tests/support/attention_block.h"
#include "tests/support/graph_text.h"
#include "tests/support/noise_images.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

namespace qs::stats {
namespace {

class Importances : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto graph = graph::parse(test::kAttentionBlock);
        ASSERT_TRUE(graph) << graph.error().text();
        m_network = graph::networkOf(std::move(*graph));
        m_calibration = calibrated(0);
    }

    std::shared_ptr<const Calibration> calibrated(uint64_t seed, std::size_t rows = 40) const
    {
        Context context;
        context.seed = seed;
        CalibrationOptions options;
        options.sampleRows = rows;
        auto calibration = calibrate(*m_network, m_images, options, context);
        EXPECT_TRUE(calibration) << calibration.error().text();
        return *calibration;
    }
    std::shared_ptr<const Calibration> weighted(const Calibration& calibration, const exec::Simulation* quantized,
                                                const Context& context = {}) const
    {
        auto result = withImportances(calibration, *m_network, m_images, quantized, context);
        EXPECT_TRUE(result) << result.error().text();
        return *result;
    }
    exec::Simulation quantized(int bits) const
    {
        const auto recipe = quant::presetRecipe("minmax", bits, bits);
        return (*quant::resolve(*m_network, m_calibration, *recipe, nullptr, {}))->simulation;
    }

    std::optional<graph::Network> m_network;
    test::NoiseImages m_images{12};
    std::shared_ptr<const Calibration> m_calibration;
};

/// Of every output of a linear layer, and of every head of a product: the mean of the squared gradients that one run
/// of each image gives, times one number for the whole calibration.
TEST_F(Importances, AreMeansOfSquaredGradients)
{
    const exec::Simulation simulation = quantized(4);
    const auto result = weighted(*m_calibration, &simulation);
    ASSERT_EQ(result->importances.size(), 7U);
    std::vector<double> factors;
    for (const Importance& importance : result->importances) {
        const graph::Node& node = m_network->graph.node(importance.node);
        const auto program = exec::GradientProgram::compile(*m_network, simulation, {node.outputs[0]});
        ASSERT_TRUE(program);
        const Shape& shape =
            m_network->graph.value(node.outputs[0]).shape; // [1, tokens, outputs], [1, heads, rows, columns]
        const bool linear = node.op == "Linear";
        const auto parts = static_cast<std::size_t>(linear ? shape[shape.rank() - 1] : shape[1]);
        const auto run = static_cast<std::size_t>(linear ? 1 : shape[2] * shape[3]);
        std::vector<double> squares(parts);
        double count = 0;
        ASSERT_TRUE(exec::lossGradients(*program, m_images, 0, m_images.size(), m_calibration->logits, {}, "test",
                                        [&](const exec::GradientBatch& batch) -> Result<void> {
                                            const auto g = batch.gradients[0].floats();
                                            for (std::size_t i = 0; i < g.size(); ++i)
                                                squares[i / run % parts] += std::pow(g[i], 2);
                                            count += static_cast<double>(g.size()) / static_cast<double>(parts);
                                            return {};
                                        }));
        if (linear) {
            ASSERT_EQ(importance.values.size(), parts);
        } else {
            const ProductSample* product = nullptr;
            for (const ProductSample& one : result->products)
                if (m_network->sites[one.left].uses.front().node == importance.node)
                    product = &one;
            ASSERT_NE(product, nullptr);
            ASSERT_EQ(importance.values.size(), static_cast<std::size_t>(product->leftValues.shape()[0]));
            std::set<float> heads(importance.values.begin(), importance.values.end());
            EXPECT_EQ(heads.size(), parts);
        }
        for (std::size_t i = 0; i < importance.values.size(); ++i) {
            const double h = importance.values[i];
            if (linear && squares[i] == 0) { // without influence
                EXPECT_EQ(h, 0);
            } else if (linear) {
                factors.push_back(h / (squares[i] / count));
            } else {
                const auto same = [&](double square) {
                    return std::abs(h / (square / count) / factors.front() - 1) < 1e-4;
                };
                EXPECT_TRUE(std::ranges::any_of(squares, same));
            }
        }
    }
    for (const double factor : factors)
        EXPECT_NEAR(factor / factors.front(), 1, 1e-4);
}

TEST_F(Importances, DoNotDependOnThreads)
{
    const auto result = weighted(*m_calibration, nullptr);
    for (const Importance& importance : result->importances)
        EXPECT_TRUE(std::ranges::all_of(importance.values, [](float h) { return h >= 0; }));
    ThreadPool pool(3);
    Context context;
    context.pool = &pool;
    EXPECT_EQ(weighted(*m_calibration, nullptr, context)->importances, result->importances);
    EXPECT_TRUE(importanceOf(*m_calibration, result->importances[0].node).empty());
}

/// Sheet P4-5: KL(p || p) has no derivative, so there is nothing to weigh with.
TEST_F(Importances, OfTheFloatNetworkToItselfAreRefused)
{
    const exec::Simulation unchanged;
    const auto result = withImportances(*m_calibration, *m_network, m_images, &unchanged, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
    const test::NoiseImages others(11);
    const exec::Simulation simulation = quantized(4);
    EXPECT_EQ(withImportances(*m_calibration, *m_network, others, &simulation, {}).error().code,
              ErrorCode::InvalidArgument);
}

std::vector<double> ranks(const std::vector<double>& values)
{
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
    std::vector<double> result(values.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        result[order[i]] = static_cast<double>(i);
    return result;
}

/// Sheet P4-5: they are no noise. Two draws of classes agree on which outputs matter: rank correlation of at least
/// 0.5.
TEST_F(Importances, OfTwoDrawsAgree)
{
    std::vector<std::vector<double>> means;
    for (const uint64_t seed : {1, 2}) {
        const auto result = weighted(*calibrated(seed), nullptr);
        std::vector<double>& mean = means.emplace_back();
        for (const Importance& importance : result->importances)
            if (m_network->graph.node(importance.node).op == "Linear")
                mean.insert(mean.end(), importance.values.begin(), importance.values.end());
    }
    const auto a = ranks(means[0]), b = ranks(means[1]);
    const double middle = static_cast<double>(a.size() - 1) / 2;
    double product = 0, power = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        product += (a[i] - middle) * (b[i] - middle);
        power += (a[i] - middle) * (a[i] - middle);
    }
    EXPECT_GE(product / power, 0.5);
}

TEST_F(Importances, AreInTheFile)
{
    const auto result = weighted(*m_calibration, nullptr);
    const test::TempDir folder;
    ASSERT_TRUE(saveCalibration(*result, folder.path() / "a.qcal"));
    const auto loaded = loadCalibration(folder.path() / "a.qcal");
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_EQ((*loaded)->importances, result->importances);
}

} // namespace
} // namespace qs::stats
