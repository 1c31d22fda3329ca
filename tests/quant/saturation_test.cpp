#include "core/quant/saturation.h"

#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/quant/recipe.h"
#include "core/quant/site_resolver.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace qs::quant {
namespace {

/// The 16-bit saturating sum of VPMADDUBSW, for every activation code at its largest.
bool saturates(int a, int b)
{
    return std::abs(255 * a) + std::abs(255 * b) > 32767 && (a > 0) == (b > 0);
}

TEST(Saturation, PairsAreWhatTheInstructionAdds)
{
    const std::vector<int8_t> codes{127, -127, 127, /**/ 1, -1, -127, /**/ 100, 0, -5};
    EXPECT_EQ(largestPairs(codes, 3, 3), (std::vector<int>{128, 128, 127}));
    for (int a = -127; a <= 127; ++a)
        for (int b = -127; b <= 127; ++b) {
            const std::vector<int8_t> pair{static_cast<int8_t>(a), static_cast<int8_t>(b)};
            if (a != 0 && b != 0) {
                EXPECT_EQ(largestPairs(pair, 2, 1)[0] > kPairLimit, saturates(a, b)) << a << " " << b;
            }
        }
}

/// A graph value that is only a weight, and its site.
struct WeightFixture {
    WeightFixture(std::size_t inputs, std::size_t outputs)
    {
        std::mt19937 random(7);
        std::normal_distribution<float> normal;
        Tensor weight(DType::Float32, {static_cast<int64_t>(inputs), static_cast<int64_t>(outputs)});
        for (float& v : weight.mutableData<float>())
            v = normal(random);
        graph::GraphData data;
        data.values.push_back({"x", DType::Float32, {1, static_cast<int64_t>(inputs)}, {}, {}, {}});
        data.values.push_back({"w", DType::Float32, weight.shape(), {}, {}, weight});
        data.values.push_back({"y", DType::Float32, {1, static_cast<int64_t>(outputs)}, {}, {}, {}});
        graph::Node node;
        node.op = "Linear";
        node.name = "linear";
        node.inputs = {TensorId(0), TensorId(1)};
        node.outputs = {TensorId(2)};
        data.nodes.push_back(node);
        data.inputs = {TensorId(0)};
        data.outputs = {TensorId(2)};
        graph = *graph::Graph::create(std::move(data));
        site.name = "w";
        site.kind = graph::SiteKind::Weight;
        for (std::size_t i = 0; i < graph->values().size(); ++i)
            if (graph->values()[i].isConstant())
                site.tensor = TensorId(i);
        site.uses = {{NodeId(0), 1}};
        site.shape = weight.shape();
        site.channelAxis = 1;
        site.layout = {static_cast<int64_t>(inputs), static_cast<int64_t>(outputs), 1};
    }
    std::optional<graph::Graph> graph;
    graph::Site site;
};

TEST(Saturation, SafeWeightsStayUnderTheLimitAndCloseToThePlainOnes)
{
    const WeightFixture fixture(193, 40);
    SiteSettings settings = plainWeight();
    const auto safe = resolveWeight(FloatConstants(*fixture.graph), fixture.site, nullptr, settings);
    settings.saturationSafe = false;
    const auto plain = resolveWeight(FloatConstants(*fixture.graph), fixture.site, nullptr, settings);
    ASSERT_TRUE(safe && plain);
    const auto largest = [](const SitePlan& plan) {
        const auto pairs = largestPairs(plan.codes.data<int8_t>(), 193, 40);
        return *std::max_element(pairs.begin(), pairs.end());
    };
    EXPECT_LE(largest(*safe), kPairLimit);
    EXPECT_GT(largest(*plain), kPairLimit);
    EXPECT_GT(safe->error.sqnrDb, plain->error.sqnrDb - 6.1);
    EXPECT_LT(safe->error.sqnrDb, plain->error.sqnrDb);
}

TEST(Saturation, FewerBitsAreLeftAlone)
{
    const WeightFixture fixture(64, 8);
    for (const bool careful : {false, true}) {
        SiteSettings settings = plainWeight();
        settings.bits = 7;
        settings.saturationSafe = careful;
        const auto plan = resolveWeight(FloatConstants(*fixture.graph), fixture.site, nullptr, settings);
        ASSERT_TRUE(plan);
        const auto codes = plan->codes.data<int8_t>();
        EXPECT_EQ(
            *std::max_element(codes.begin(), codes.end(), [](int a, int b) { return std::abs(a) < std::abs(b); }) %
                63,
            0);
    }
}

} // namespace
} // namespace qs::quant
