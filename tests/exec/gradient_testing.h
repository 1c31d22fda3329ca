#pragma once

#include "core/exec/gradient.h"

#include "op_testing.h"
#include "tests/support/graph_text.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace qs::exec::testing {

inline graph::Graph parsedGraph(const std::string& text)
{
    auto graph = graph::parse(text);
    EXPECT_TRUE(graph) << graph.error().text();
    return graph.value(); // throws rather than go on
}

inline TensorId valueNamed(const graph::Graph& graph, const std::string& name)
{
    for (std::size_t i = 0; i < graph.values().size(); ++i)
        if (graph.values()[i].name == name)
            return TensorId(i);
    ADD_FAILURE() << "there is no value " << name;
    return {};
}

inline Tensor logitsOf(const GradientProgram& program, const Tensor& x)
{
    const auto run = program.run(x.floats(), [](auto, auto) {});
    EXPECT_TRUE(run);
    return run->outputs;
}

/// L = sum of weights * logits.
inline std::vector<Tensor> gradientsOf(const GradientProgram& program, const Tensor& x, const Tensor& weights,
                                       ThreadPool* pool = nullptr)
{
    const auto run = program.run(
        x.floats(), [&](auto, std::span<float> seed) { std::ranges::copy(weights.floats(), seed.begin()); }, pool);
    EXPECT_TRUE(run);
    return run->gradients;
}

/// dL/dx of the graph's input against central differences of L = sum of random weights * logits.
struct Differences {
    float tolerance = 2e-3f;
    float spread = 1; ///< x = spread * [-1, 1) + centre
    float centre = 0;
    /// Two points close by; smooth networks: four points further apart, O(step^4), where rounding weighs less.
    bool smooth = false;
};

inline void expectMatchesDifferences(const std::string& text, const Differences& options)
{
    SCOPED_TRACE(text);
    const graph::Graph graph = parsedGraph(text);
    const auto program = GradientProgram::compile({graph, {}}, {}, {graph.input()});
    ASSERT_TRUE(program) << program.error().text();
    Tensor x = randomTensor(graph.value(graph.input()).shape, 77);
    for (float& v : x.mutableData<float>())
        v = v * options.spread + options.centre;
    const Tensor weights = randomTensor(graph.value(graph.output()).shape, 5);
    const Tensor gradient = gradientsOf(*program, x, weights)[0];
    ASSERT_EQ(gradient.shape().text(), x.shape().text());
    const auto lossAt = [&](std::size_t element, float offset) {
        Tensor at = x;
        at.mutableData<float>()[element] += offset;
        const Tensor logits = logitsOf(*program, at);
        double sum = 0;
        for (std::size_t i = 0; i < weights.floats().size(); ++i)
            sum += static_cast<double>(weights.floats()[i]) * logits.floats()[i];
        return sum;
    };
    float most = 0;
    for (const float g : gradient.floats())
        most = std::max(most, std::abs(g));
    const float h = options.smooth ? 0x1p-6f : 0x1p-9f;
    for (std::size_t i = 0; i < x.floats().size(); ++i) {
        const double near = lossAt(i, h) - lossAt(i, -h);
        const double slope =
            options.smooth ? (8 * near - lossAt(i, 2 * h) + lossAt(i, -2 * h)) / (12 * h) : near / (2 * h);
        EXPECT_NEAR(gradient.floats()[i], slope, options.tolerance * (most + 0.05)) << "element " << i;
    }
}

} // namespace qs::exec::testing
