// Networks of several outputs: a row holds all of them, in every way of running, and gradients start at each.
#include "core/exec/gradient.h"
#include "core/exec/interpreter.h"
#include "core/exec/program.h"
#include "core/graph/outputs.h"

#include "op_testing.h"
#include "tests/support/graph_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace qs::exec::testing {
namespace {

/// Scores and boxes of two images a run; the scores are read further on, and the last output is a view of the first.
constexpr const char* kHeads = "input x:2x3x4x4\n"
                               "flat:2x48 = Reshape(x) shape=[2 48]\n"
                               "w:48x6 = random(1)\n"
                               "v:6x4 = random(2)\n"
                               "scores:2x6 = Linear(flat, w)\n"
                               "hot:2x6 = Relu(scores)\n"
                               "boxes:2x4 = Linear(hot, v)\n"
                               "turned:2x3x2 = Reshape(scores) shape=[2 3 2]\n"
                               "output boxes\noutput scores\noutput turned\n";

graph::Graph heads()
{
    auto graph = graph::parse(kHeads);
    EXPECT_TRUE(graph) << graph.error().text();
    return *graph;
}

TEST(Outputs, LieInARowOneAfterAnother)
{
    const graph::Graph graph = heads();
    const auto layout = graph::outputLayout(graph);
    ASSERT_EQ(layout.size(), 3U);
    EXPECT_EQ(layout[1].name, "scores");
    EXPECT_EQ(layout[1].first, 4U);
    EXPECT_EQ(layout[1].size, 6U);
    EXPECT_EQ(layout[2].shape, (Shape{3, 2}));
    const auto program = Program::compile({graph, {}});
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(program->outputElements(), 2 * 16);

    const Tensor x = randomTensor(Shape{2, 3, 4, 4}, 7);
    Workspace workspace;
    std::vector<float> rows(32);
    run(*program, workspace, x.floats().data(), rows.data());
    const auto plain = Interpreter({graph, {}}, {}).run(x);
    ASSERT_TRUE(plain) << plain.error().text();
    EXPECT_EQ(plain->shape(), (Shape{2, 16}));
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_NEAR(rows[i], plain->floats()[i], 1e-5) << i;
    // An image alone has its own row, whatever its place in the run.
    std::vector<float> swapped(x.floats().begin(), x.floats().end());
    std::rotate(swapped.begin(), swapped.begin() + 48, swapped.end());
    std::vector<float> other(32);
    run(*program, workspace, swapped.data(), other.data());
    for (std::size_t i = 0; i < 16; ++i) {
        EXPECT_EQ(other[i], rows[16 + i]);
        EXPECT_EQ(rows[4 + i % 6], rows[10 + i % 6]); // the view
    }
}

TEST(Outputs, GradientsStartAtEachOfThem)
{
    const graph::Graph graph = heads();
    const auto program = GradientProgram::compile({graph, {}}, {}, {graph.input()});
    ASSERT_TRUE(program) << program.error().text();
    ASSERT_EQ(program->outputElements(), 32);
    const Tensor x = randomTensor(Shape{2, 3, 4, 4}, 8);
    const Tensor weights = randomTensor(Shape{32}, 9);
    const GradientSeed seed = [&](std::span<const float>, std::span<float> gradient) {
        std::ranges::copy(weights.floats(), gradient.begin());
    };
    const auto lossAt = [&](const Tensor& at) {
        const auto found = program->run(at.floats(), seed);
        double sum = 0;
        for (std::size_t i = 0; i < 32; ++i)
            sum += static_cast<double>(weights.floats()[i]) * found->outputs.floats()[i];
        return sum;
    };
    const auto found = program->run(x.floats(), seed);
    ASSERT_TRUE(found) << found.error().text();
    for (std::size_t i = 0; i < x.floats().size(); i += 5) {
        Tensor above = x, below = x;
        above.mutableData<float>()[i] += 0x1p-7F;
        below.mutableData<float>()[i] -= 0x1p-7F;
        EXPECT_NEAR(found->gradients[0].floats()[i], (lossAt(above) - lossAt(below)) / 0x1p-6, 2e-2) << i;
    }
}

} // namespace
} // namespace qs::exec::testing
