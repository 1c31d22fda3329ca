#include "core/exec/program.h"
#include "core/graph/find_sites.h"
#include "core/graph/rewrites/rewrites.h"
#include "tests/support/graph_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace qs::exec {
namespace {

std::vector<float> outputOf(const graph::Graph& graph)
{
    const auto program = Program::compile({graph, graph::findSites(graph)});
    EXPECT_TRUE(program) << program.error().text();
    std::vector<float> input(static_cast<std::size_t>(graph.value(graph.input()).shape.elements()));
    for (std::size_t i = 0; i < input.size(); ++i)
        input[i] = static_cast<float>(std::sin(0.7 * static_cast<double>(i)) * 2);
    std::vector<float> output(static_cast<std::size_t>(program->outputElements()));
    Workspace workspace;
    run(*program, workspace, input.data(), output.data());
    return output;
}

/// What the importer folds is what the file computes: any grouping, with and without a bias.
TEST(BatchNorm, FoldedIntoConvolutionsItIsTheSame)
{
    const std::string head = "input x:2x4x6x5\nb:4 = [0.5 -1 2 3]\nscale:4 = [1.5 -0.7 0.01 20]\n"
                             "shift:4 = [0.1 -2 3 0.5]\nmean:4 = [0.2 4 -3 0]\nvariance:4 = [0.001 3 0.5 40]\n";
    const std::string tail = "y:2x4x6x5 = BatchNormalization(c, scale, shift, mean, variance) epsilon=0.00001\n"
                             "output y\n";
    for (const int group : {1, 2, 4})
        for (const bool biased : {false, true}) {
            const std::string weight = "w:4x" + std::to_string(4 / group) + "x3x3 = random(7)\n";
            const std::string conv = "c:2x4x6x5 = Conv(x, w" + std::string(biased ? ", b" : "") +
                                     ") pads=[1 1 1 1] group=" + std::to_string(group) + "\n";
            const auto plain = graph::parse(head + weight + conv + tail);
            ASSERT_TRUE(plain) << plain.error().text();
            const auto folded = graph::canonicalise(plain->data());
            ASSERT_TRUE(folded) << folded.error().text();
            ASSERT_EQ(folded->nodes().size(), 1U);
            const std::vector<float> expected = outputOf(*plain);
            const std::vector<float> found = outputOf(*folded);
            const float largest =
                std::abs(*std::ranges::max_element(expected, {}, [](float value) { return std::abs(value); }));
            for (std::size_t i = 0; i < found.size(); ++i)
                ASSERT_NEAR(found[i], expected[i], 1e-5 * largest) << "group " << group << " bias " << biased;
        }
}

/// As LeViT has it: rows of tokens, one below the other, are normalised by column.
TEST(BatchNorm, FoldedIntoLinearLayersItIsTheSame)
{
    const std::string head =
        "input x:1x3x2x4\nw:4x5 = random(3)\nb:5 = [0.5 -1 2 3 0]\nscale:5 = [1.5 -0.7 0.01 20 1]\n"
        "shift:5 = [0.1 -2 3 0.5 0]\nmean:5 = [0.2 4 -3 0 1]\nvariance:5 = [0.001 3 0.5 40 1]\n";
    const std::string norm = "BatchNormalization(f, scale, shift, mean, variance) epsilon=0.00001\n";
    for (const bool biased : {false, true}) {
        const std::string linear = std::string("Linear(") + "r, w" + (biased ? ", b)\n" : ")\n");
        const std::vector<std::string> forms{"r:1x6x4 = Reshape(x) shape=[1 6 4]\np:1x6x5 = " + linear +
                                                 "f:6x5 = Reshape(p) shape=[6 5]\nn:6x5 = " + norm +
                                                 "y:1x30 = Reshape(n) shape=[1 30]\noutput y\n",
                                             "r:6x4 = Reshape(x) shape=[6 4]\nf:6x5 = " + linear + "n:6x5 = " + norm +
                                                 "y:1x30 = Reshape(n) shape=[1 30]\noutput y\n"};
        for (const std::string& form : forms) {
            const auto plain = graph::parse(head + form);
            ASSERT_TRUE(plain) << plain.error().text();
            const auto folded = graph::canonicalise(plain->data());
            ASSERT_TRUE(folded) << folded.error().text();
            EXPECT_EQ(folded->nodes().size(), plain->nodes().size() - 1);
            const std::vector<float> expected = outputOf(*plain);
            const std::vector<float> found = outputOf(*folded);
            const float largest =
                std::abs(*std::ranges::max_element(expected, {}, [](float value) { return std::abs(value); }));
            for (std::size_t i = 0; i < found.size(); ++i)
                ASSERT_NEAR(found[i], expected[i], 1e-5 * largest);
        }
    }
    // Values that something else reads, and other columns than those of the layer, stay as they are.
    const auto kept = [&](const std::string& text) {
        const auto graph = graph::canonicalise(graph::parse(head + text)->data());
        return graph && std::ranges::any_of(graph->nodes(),
                                            [](const graph::Node& node) { return node.op == "BatchNormalization"; });
    };
    EXPECT_TRUE(kept("r:6x4 = Reshape(x) shape=[6 4]\nf:6x5 = Linear(r, w)\nn:6x5 = " + norm +
                     "s:6x5 = Add(n, f)\ny:1x30 = Reshape(s) shape=[1 30]\noutput y\n"));
    EXPECT_TRUE(kept("v:4x10 = random(4)\nr:3x4 = ReduceMean(x) axes=[0 2] keepdims=0\nq:3x10 = Linear(r, v)\n"
                     "f:6x5 = Reshape(q) shape=[6 5]\nn:6x5 = " +
                     norm + "y:1x30 = Reshape(n) shape=[1 30]\noutput y\n"));
}

} // namespace
} // namespace qs::exec
