#include "core/graph/graph.h"
#include "core/graph/text_dump.h"
#include "tests/support/graph_text.h"

#include <gtest/gtest.h>

namespace qs::graph {
namespace {

Value value(std::string name)
{
    return {std::move(name), DType::Float32, Shape{1, 4}, {}, {}, {}};
}

Node node(std::string name, std::vector<std::size_t> inputs, std::size_t output)
{
    Node n;
    n.op = "Add";
    n.name = std::move(name);
    for (const std::size_t i : inputs)
        n.inputs.push_back(TensorId(i));
    n.outputs = {TensorId(output)};
    return n;
}

/// x -> a -> b -> y with the values x, a, b, y.
GraphData chain()
{
    GraphData data;
    data.values = {value("x"), value("a"), value("b"), value("y")};
    data.nodes = {node("first", {0, 0}, 1), node("second", {1, 1}, 2), node("third", {2, 0}, 3)};
    data.inputs = {TensorId(0)};
    data.outputs = {TensorId(3)};
    return data;
}

TEST(Graph, SortsNodesAndFillsUses)
{
    GraphData data = chain();
    std::swap(data.nodes[0], data.nodes[2]);
    const auto graph = Graph::create(data);
    ASSERT_TRUE(graph) << graph.error().text();
    ASSERT_EQ(graph->nodes().size(), 3u);
    EXPECT_EQ(graph->nodes()[0].name, "first");
    EXPECT_EQ(graph->nodes()[2].name, "third");
    const Value& input = graph->value(graph->input());
    EXPECT_EQ(input.uses, (std::vector<Use>{{NodeId(0), 0}, {NodeId(0), 1}, {NodeId(2), 1}}));
    EXPECT_EQ(graph->value(graph->output()).producer, NodeId(2));
}

TEST(Graph, DropsWhatReachesNoOutput)
{
    GraphData data = chain();
    data.values.push_back(value("dead"));
    data.nodes.push_back(node("deadEnd", {1, 2}, 4));
    const auto graph = Graph::create(data);
    ASSERT_TRUE(graph);
    EXPECT_EQ(graph->nodes().size(), 3u);
    EXPECT_EQ(graph->values().size(), 4u);
}

TEST(Graph, NamesTheCycle)
{
    GraphData data = chain();
    data.nodes[0].inputs[1] = TensorId(2);
    const auto graph = Graph::create(data);
    ASSERT_FALSE(graph);
    EXPECT_EQ(graph.error().code, ErrorCode::Malformed);
    EXPECT_EQ(graph.error().where, "first");
}

TEST(Graph, RefusesValuesProducedTwiceOrByNobodyAndBadIds)
{
    GraphData twice = chain();
    twice.nodes[1].outputs = {TensorId(1)};
    GraphData nobody = chain();
    nobody.values.push_back(value("ghost"));
    nobody.nodes[1].inputs[1] = TensorId(4);
    GraphData outside = chain();
    outside.nodes[1].inputs[1] = TensorId(40);
    GraphData noOutput = chain();
    noOutput.outputs.clear();
    GraphData sameName = chain();
    sameName.values[2].name = "a";
    for (const GraphData& data : {twice, nobody, outside, noOutput, sameName}) {
        const auto graph = Graph::create(data);
        ASSERT_FALSE(graph);
        EXPECT_EQ(graph.error().code, ErrorCode::Malformed);
    }
}

TEST(Graph, TextFormRoundTrips)
{
    const char* text = "input x:1x3x4x4\n"
                       "w:3x4 = [1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0 9.0 10.0 11.0 12.0]\n"
                       "i:2:int64 = [0 -1]\n"
                       "c:scalar = [0.5]\n"
                       "f:1x16x3 = Reshape(x) shape=[1 16 3] # flat 4\n"
                       "l:1x16x4 = Linear(f, w, _) # proj 5,7\n"
                       "g:1x2x4 = Gather(l, i) axis=1 # pick 8\n"
                       "a:1x1x4, b:1x1x4 = Split(g) axis=1 split=[1 1] # halves 9\n"
                       "m:1x1x4 = Mul(a, c) # half 10\n"
                       "s:1x1x4 = Add(m, b) # sum 11\n"
                       "q:1x1x4 = FakeQuantize(s) axis=0 mode=\"x y\" real=1e-06 scale={scalar = [0.25]} # quant 12\n"
                       "output q\n";
    const auto graph = parse(text);
    ASSERT_TRUE(graph) << graph.error().text();
    const std::string dumped = dump(*graph);
    const auto again = parse(dumped);
    ASSERT_TRUE(again) << again.error().text() << "\n" << dumped;
    EXPECT_EQ(dump(*again), dumped);
    EXPECT_NE(dumped.find("l:1x16x4 = Linear(f, w, _) # proj 5,7\n"), std::string::npos) << dumped;
    EXPECT_NE(dumped.find("mode=\"x y\" real=1e-06 scale={scalar = [0.25]}"), std::string::npos) << dumped;
    EXPECT_EQ(graph->nodes()[2].attributes.integer("axis", -7), 1);
}

TEST(Graph, TextErrorsNameTheLine)
{
    const char* broken[] = {"input x\n",
                            "input x:1x2\ny:1x2 = Relu(z)\noutput y\n",
                            "input x:1x2\noutput y\n",
                            "input x:1x2y3\n",
                            "w:2 = [1]\n",
                            "input x:1x2x3x4x5x6x7x8x9\n",
                            "y:1 = Relu(x\n",
                            "input x:2\ny:2 = Relu(x) axis\noutput y\n"};
    for (const char* text : broken) {
        const auto graph = parse(text);
        ASSERT_FALSE(graph) << text;
        EXPECT_EQ(graph.error().code, ErrorCode::Malformed);
        EXPECT_TRUE(graph.error().where.starts_with("line ")) << graph.error().text();
    }
}

} // namespace
} // namespace qs::graph
