// Transposed convolutions of the executor against the reference's scattered sums in double.
#include "core/exec/program.h"
#include "core/exec/reference/reference.h"

#include "op_testing.h"
#include "tests/support/graph_text.h"

namespace qs::exec::testing {
namespace {

/// A graph of one ConvTranspose, what follows it, and a flattened output.
graph::Graph transposedGraph(const std::string& x, const std::string& w, const std::string& y, int64_t outputs,
                             const std::string& options, const std::string& after = "Tanh")
{
    std::string text = "input x:" + x + "\nw:" + w + " = random(1)\nb:" + std::to_string(outputs) + " = random(2)\n";
    text += "y:" + y + " = ConvTranspose(x, w, b) " + options + "\nz:" + y + " = " + after + "(y)\n";
    auto graph = graph::parse(text + "output z\n");
    EXPECT_TRUE(graph) << graph.error().text();
    return *graph;
}

Tensor expectedOf(const graph::Graph& graph, const Tensor& x)
{
    const graph::Node& node = graph.nodes()[0];
    const std::vector<Tensor> in{x, graph.value(node.inputs[1]).constant, graph.value(node.inputs[2]).constant};
    std::vector<Tensor> out{Tensor(DType::Float32, graph.value(node.outputs[0]).shape)};
    reference::find("ConvTranspose")(node, in, out);
    return out[0];
}

std::vector<float> runOn(const Program& program, const Tensor& x, int threads)
{
    ThreadPool pool(threads);
    Workspace workspace;
    std::vector<float> result(static_cast<std::size_t>(program.outputElements()));
    run(program, workspace, x.floats().data(), result.data(), threads > 0 ? &pool : nullptr);
    return result;
}

struct Sizes {
    std::string x, w, y;
    int64_t outputs;
    std::string options;
};

const Sizes kSizes[] = {
    {"1x16x7x5", "16x6x2x2", "1x6x14x10", 6, "strides=[2 2]"},
    {"1x16x7x5", "16x6x4x4", "1x6x14x10", 6, "strides=[2 2] pads=[1 1 1 1]"},
    {"2x12x7x5", "12x5x3x3", "2x5x14x10", 5, "strides=[2 2] pads=[1 1 1 1] output_padding=[1 1]"},
    {"1x9x6x8", "9x3x3x2", "1x3x8x9", 3, ""},
    {"1x9x6x8", "9x3x3x3", "1x3x4x7", 3, "pads=[3 1 1 2]"},
    {"1x8x4x4", "8x4x3x3", "1x4x14x11", 4, "strides=[3 2] dilations=[2 2]"},
    {"1x8x2x3", "8x4x2x2", "1x4x7x16", 4, "strides=[5 7]"}, // a stride beyond the kernel leaves the bias alone
    {"2x32x6x6", "32x4x3x3", "2x8x13x13", 8, "strides=[2 2] group=2"},
    {"1x10x6x6", "10x1x4x4", "1x10x12x12", 10, "strides=[2 2] pads=[1 1 1 1] group=10"}, // depthwise
    {"1x12x5x5", "12x2x3x3", "1x8x7x7", 8, "group=4"},
    {"1x24x31", "24x10x4", "1x10x62", 10, "strides=[2] pads=[1 1]"},
    {"1x64x40x40", "64x48x2x2", "1x48x80x80", 48, "strides=[2 2]"}, // several parts of the output channels
    {"1x1x1x1", "1x1x1x1", "1x1x1x1", 1, ""},
};

TEST(TransposedConv, EqualsScatteredSumsOnAnyThreads)
{
    for (const Sizes& s : kSizes) {
        SCOPED_TRACE(s.x + " " + s.w + " " + s.options);
        const graph::Graph graph = transposedGraph(s.x, s.w, s.y, s.outputs, s.options, "Identity");
        const Tensor x = randomTensor(graph.value(graph.input()).shape, 5);
        const auto program = Program::compile({graph, {}});
        ASSERT_TRUE(program) << program.error().text();
        const Tensor expected = expectedOf(graph, x);
        const auto alone = runOn(*program, x, 0);
        ASSERT_EQ(alone.size(), expected.floats().size());
        for (std::size_t i = 0; i < alone.size(); ++i)
            ASSERT_NEAR(alone[i], expected.floats()[i], 1e-5) << i;
        for (const int threads : {1, 2, 3})
            EXPECT_EQ(runOn(*program, x, threads), alone) << threads << " threads";
        const auto one =
            evaluate(graph.nodes()[0], std::vector<Tensor>{x, graph.value(graph.nodes()[0].inputs[1]).constant,
                                                           graph.value(graph.nodes()[0].inputs[2]).constant});
        ASSERT_TRUE(one);
        EXPECT_TRUE(std::ranges::equal((*one)[0].floats(), alone)) << "the operator alone differs";
    }
}

TEST(TransposedConv, TakesTheActivationIn)
{
    const Sizes& s = kSizes[1];
    for (const std::string after : {"Relu", "Sigmoid", "Gelu", "Tanh"}) {
        const graph::Graph graph = transposedGraph(s.x, s.w, s.y, s.outputs, s.options, after);
        const auto program = Program::compile({graph, {}});
        ASSERT_TRUE(program);
        EXPECT_THAT(program->dump(), ::testing::HasSubstr("ConvTranspose +bias " + after));
        const Tensor x = randomTensor(graph.value(graph.input()).shape, 6);
        const Tensor expected = evaluateOne(after, {}, {expectedOf(graph, x)});
        const auto found = runOn(*program, x, 2);
        for (std::size_t i = 0; i < found.size(); ++i)
            ASSERT_NEAR(found[i], expected.floats()[i], 1e-5) << after << " at " << i;
    }
}

TEST(TransposedConv, ComputesWithReplacedWeights)
{
    const Sizes& s = kSizes[0];
    const graph::Graph graph = transposedGraph(s.x, s.w, s.y, s.outputs, s.options);
    const Tensor zeros(DType::Float32, graph.value(graph.nodes()[0].inputs[1]).shape);
    Simulation simulation;
    simulation.constants[{NodeId(std::size_t{0}), 1}] = zeros;
    const auto program = Program::compile({graph, {}}, simulation, {});
    ASSERT_TRUE(program) << program.error().text();
    const auto found = runOn(*program, randomTensor(graph.value(graph.input()).shape, 7), 1);
    const auto bias = graph.value(graph.nodes()[0].inputs[2]).constant;
    for (std::size_t i = 0; i < found.size(); ++i)
        ASSERT_NEAR(found[i], std::tanh(bias.floats()[i / 140]), 1e-6) << i;
}

} // namespace
} // namespace qs::exec::testing
