#include "core/exec/program.h"

#include "op_testing.h"
#include "tests/support/attention_block.h"
#include "tests/support/graph_text.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <mutex>

#include <sys/resource.h>
#include <unistd.h>

namespace qs::exec::testing {
namespace {

using graph::Graph;
using graph::Site;
using graph::SiteTable;

Graph parsed(std::string_view text)
{
    auto graph = graph::parse(text);
    EXPECT_TRUE(graph) << graph.error().text();
    return *graph;
}

/// Node by node through evaluate(), without any fusion, view or shared memory.
std::vector<float> reference(const Graph& graph, const Tensor& input)
{
    std::vector<Tensor> values(graph.values().size());
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = graph.values()[i].constant;
    values[graph.input().index()] = input;
    for (const graph::Node& node : graph.nodes()) {
        std::vector<Tensor> inputs;
        for (const TensorId t : node.inputs)
            inputs.push_back(t.valid() ? values[t.index()] : Tensor());
        auto outputs = evaluate(node, inputs);
        EXPECT_TRUE(outputs) << outputs.error().text();
        for (std::size_t i = 0; i < node.outputs.size(); ++i)
            values[node.outputs[i].index()] = (*outputs)[i];
    }
    const auto logits = values[graph.output().index()].floats();
    return {logits.begin(), logits.end()};
}

std::vector<float> runProgram(const Program& program, const Tensor& input, ThreadPool* pool = nullptr,
                              Observer* observer = nullptr)
{
    Workspace workspace;
    std::vector<float> logits(static_cast<std::size_t>(program.outputElements()));
    run(program, workspace, input.floats().data(), logits.data(), pool, observer);
    return logits;
}

void expectClose(const std::vector<float>& found, const std::vector<float>& expected)
{
    ASSERT_EQ(found.size(), expected.size());
    float most = 0;
    for (const float v : expected)
        most = std::max(most, std::abs(v));
    for (std::size_t i = 0; i < found.size(); ++i)
        EXPECT_NEAR(found[i], expected[i], 1e-5f * most) << i;
}

TEST(Program, agreesWithNodeByNodeEvaluation)
{
    const Graph graph = parsed(test::kAttentionBlock);
    const auto program = Program::compile({graph, {}});
    ASSERT_TRUE(program) << program.error().text();
    const Tensor x = randomTensor({1, 3, 8, 8}, 21);
    expectClose(runProgram(*program, x), reference(graph, x));
}

TEST(Program, fusesAndCopiesNothing)
{
    const auto program = Program::compile({parsed(test::kAttentionBlock), {}});
    ASSERT_TRUE(program);
    const std::string dump = program->dump();
    EXPECT_THAT(dump, ::testing::HasSubstr("Conv channels-last +bias"));
    EXPECT_THAT(dump, ::testing::HasSubstr("Linear +bias +residual"));
    EXPECT_THAT(dump, ::testing::HasSubstr("Linear +residual"));
    EXPECT_THAT(dump, ::testing::HasSubstr("Linear +bias Gelu"));
    EXPECT_THAT(dump, ::testing::HasSubstr("MatMul scaled"));
    for (const char* step : {"Copy", "= Transpose", "= Reshape", "= Gather", "= Split", "= Mul", "= Gelu", "= Add"})
        EXPECT_THAT(dump, ::testing::Not(::testing::HasSubstr(step))) << dump;
    EXPECT_THAT(dump, ::testing::HasSubstr("steps 12,"));
}

TEST(Program, computesOnlyTheTokenThatIsTaken)
{
    const auto program = Program::compile({parsed(test::kAttentionBlock), {}});
    // After attention only the class token is needed: its row of the projection, the MLP and the residuals.
    EXPECT_THAT(program->dump(), ::testing::HasSubstr("[1×32] = Linear +bias Gelu"));
    EXPECT_THAT(program->dump(), ::testing::HasSubstr("[1×16] = Linear +bias +residual"));
    EXPECT_THAT(program->dump(), ::testing::HasSubstr("[5×48] = Linear +bias("));
}

/// What works element by element computes one token where one is taken, whatever the operator.
TEST(Program, everyElementwiseOperatorComputesOnlyTheTokenThatIsTaken)
{
    for (const char* line :
         {"y:2x5x4 = Max(a, pos)", "y:2x5x4 = Pow(s, pos)", "y:2x5x4 = PRelu(a, slope)", "y:2x5x4 = Where(c, a, s)",
          "y:2x5x4 = Mish(a)", "y:2x5x4 = Mod(a, half) fmod=1", "y:2x5x4 = Tan(s)"}) {
        const Graph graph = parsed("input x:2x5x4\nw:4x4 = random(1)\npos:5x4 = random(2)\nhalf:scalar = [0.5]\n"
                                   "slope:4 = random(3)\none:1:int64 = [-2]\na:2x5x4 = Linear(x, w)\n"
                                   "s:2x5x4 = Sigmoid(a)\nc:2x5x4:bool = Greater(a, pos)\n" +
                                   std::string(line) + "\nu:2x5x4 = Neg(y)\ne:2x1x4 = Gather(u, one) axis=1\n" +
                                   "f:2x4 = Reshape(e) shape=[2 4]\noutput f\n");
        const auto program = Program::compile({graph, {}});
        ASSERT_TRUE(program) << program.error().text();
        const std::string dump = program->dump();
        EXPECT_THAT(dump, ::testing::Not(::testing::HasSubstr("[2×5×4] ="))) << line << dump;
        expectClose(runProgram(*program, randomTensor({2, 5, 4}, 5)), reference(graph, randomTensor({2, 5, 4}, 5)));
    }
}

TEST(Program, narrowsNothingThatAnotherNeedsWhole)
{
    const std::string text = R"(input x:2x5x4
w:4x4 = random(1)
pos:5x4 = random(2)
half:5x1 = random(3)
one:1:int64 = [-2]
zero:scalar:int64 = [0]
a:2x5x4 = Linear(x, w)
b:2x5x4 = Add(a, pos)
c:2x5x4 = Mul(b, half)
d:2x5x4 = Relu(c)
e:2x1x4 = Gather(d, one) axis=1
f:2x5 = Gather(d, zero) axis=2
g:2x1x4 = Gather(c, one) axis=1
f2:2x5x1 = Reshape(f) shape=[2 5 1]
h:2x5x4 = Add(f2, e)
i:2x5x4 = Mul(h, g)
j:2x20 = Reshape(i) shape=[2 20]
output j
)";
    for (const std::string& graphText : {text, std::string(R"(input x:2x5x4
w:4x4 = random(1)
pos:5x4 = random(2)
half:5x1 = random(3)
one:1:int64 = [-2]
a:2x5x4 = Linear(x, w)
b:2x5x4 = Add(a, pos)
c:2x5x4 = Mul(b, half)
r:2x5x4 = Relu(x)
d:2x5x4 = Sub(c, r)
e:2x1x4 = Gather(d, one) axis=1
f:2x4 = Reshape(e) shape=[2 4]
output f
)"),
                                         std::string(R"(input x:2x5x4
w:4x4 = random(1)
last:scalar:int64 = [3]
a:2x5x4 = Linear(x, w)
b:2x5x4 = Add(a, x)
c:2x5 = Gather(b, last) axis=2
output c
)")}) {
        const Graph graph = parsed(graphText);
        const auto program = Program::compile({graph, {}});
        ASSERT_TRUE(program) << program.error().text();
        const Tensor x = randomTensor({2, 5, 4}, 23);
        EXPECT_EQ(runProgram(*program, x), reference(graph, x)) << program->dump();
    }
}

TEST(Program, givesTheSameForAnyNumberOfThreads)
{
    const auto program = Program::compile({parsed(test::kAttentionBlock), {}});
    const Tensor x = randomTensor({1, 3, 8, 8}, 22);
    const auto expected = runProgram(*program, x);
    for (const int threads : {2, 3}) {
        ThreadPool pool(threads);
        EXPECT_EQ(runProgram(*program, x, &pool), expected);
    }
}

TEST(Program, namesAllMissingOperators)
{
    const auto program =
        Program::compile({parsed("input x:1x2\na:1x2 = Foo(x) # first\nb:1x2 = Bar(a) # second\noutput b\n"), {}});
    ASSERT_FALSE(program);
    EXPECT_EQ(program.error().code, ErrorCode::Unsupported);
    EXPECT_THAT(program.error().text(),
                ::testing::AllOf(::testing::HasSubstr("Bar, Foo"), ::testing::HasSubstr("first")));
}

TEST(Program, refusesShapesThatLie)
{
    const auto program = Program::compile({parsed("input x:1x2\na:1x3 = Relu(x) # relu\noutput a\n"), {}});
    ASSERT_FALSE(program);
    EXPECT_EQ(program.error().code, ErrorCode::ShapeMismatch);
    EXPECT_EQ(program.error().where, "relu");
}

class Halve : public ElementMap {
public:
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        for (int64_t i = 0; i < layout.elements(); ++i)
            dst[i] = src[i] / 2;
    }
};

/// Multiplies channel c by c.
class ByChannel : public ElementMap {
public:
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        for (int64_t i = 0; i < layout.elements(); ++i)
            dst[i] = src[i] * static_cast<float>(i / layout.inner % layout.channels);
    }
};

Site siteOf(const Graph& graph, std::size_t id, const std::string& value, std::size_t axis,
            const std::vector<std::string>& readers)
{
    Site site;
    site.id = SiteId(id);
    site.name = value;
    for (std::size_t t = 0; t < graph.values().size(); ++t)
        if (graph.values()[t].name == value)
            site.tensor = TensorId(t);
    for (const graph::Use use : graph.value(site.tensor).uses)
        if (std::find(readers.begin(), readers.end(), graph.node(use.node).name) != readers.end())
            site.uses.push_back(use);
    EXPECT_EQ(site.uses.size(), readers.size());
    site.shape = graph.value(site.tensor).shape;
    site.channelAxis = axis;
    site.layout = {site.shape.product(0, axis), site.shape[axis], site.shape.product(axis + 1, site.shape.rank())};
    return site;
}

class Recorder : public Observer {
public:
    void observe(SiteId site, std::size_t run, int, std::span<const float> data) override
    {
        const std::lock_guard lock(m_mutex);
        seen[{site.index(), run}].assign(data.begin(), data.end());
    }
    std::map<std::pair<std::size_t, std::size_t>, std::vector<float>> seen;

private:
    std::mutex m_mutex;
};

TEST(Simulation, mapsOnlyWhatTheSitesUsersRead)
{
    // y is read by three: one through the site, two in float (one of them a residual).
    const Graph graph = parsed(R"(input x:1x4
w:4x4 = random(1)
y:1x4 = Relu(x) # relu
a:1x4 = Linear(y, w) # first
b:1x4 = Linear(y, w) # second
c:1x4 = Add(a, b) # sum
d:1x4 = Add(c, y) # residual
output d
)");
    const SiteTable sites({siteOf(graph, 0, "y", 1, {"first"})});
    Simulation simulation;
    simulation.activations = {std::make_shared<Halve>()};
    Program::Options options;
    options.observed = {SiteId(std::size_t{0})};
    const auto program = Program::compile({graph, sites}, simulation, options);
    ASSERT_TRUE(program) << program.error().text();
    const Tensor x = floats({1, 4}, {1, 2, -3, 4});
    Recorder recorder;
    const auto logits = runProgram(*program, x, nullptr, &recorder);
    const Tensor y = floats({1, 4}, {1, 2, 0, 4});
    EXPECT_EQ((recorder.seen[{0, 0}]), (Floats{1, 2, 0, 4})) << "observers see the value before the map";
    const Tensor product =
        evaluateOne("Linear", {}, {y, graph.value(graph.node(NodeId(std::size_t{1})).inputs[1]).constant});
    Floats expected(4);
    for (std::size_t i = 0; i < 4; ++i)
        expected[i] = 1.5f * product.floats()[i] + y.floats()[i];
    expectClose(logits, expected);
}

TEST(Simulation, quantizesInPlaceWhereNobodyNeedsTheFloat)
{
    const Graph graph =
        parsed("input x:1x4\nw:4x4 = random(1)\ny:1x4 = Relu(x)\nz:1x4 = Linear(y, w) # l\noutput z\n");
    Simulation simulation;
    simulation.activations = {std::make_shared<Halve>()};
    const auto program = Program::compile({graph, SiteTable({siteOf(graph, 0, "y", 1, {"l"})})}, simulation, {});
    EXPECT_THAT(program->dump(), ::testing::HasSubstr("in place 1"));
    EXPECT_THAT(program->dump(), ::testing::HasSubstr("Map y"));
}

TEST(Simulation, mapsViewsAndReplacesConstants)
{
    const Graph graph = parsed(test::kAttentionBlock);
    const SiteTable sites({siteOf(graph, 0, "n1", 2, {"qkv"}), siteOf(graph, 1, "q", 3, {"qk"}),
                           siteOf(graph, 2, "kt", 2, {"qk"}), siteOf(graph, 3, "a", 3, {"av"}),
                           siteOf(graph, 4, "v", 2, {"av"}), siteOf(graph, 5, "of", 2, {"proj"}),
                           siteOf(graph, 6, "g", 2, {"fc2"}), siteOf(graph, 7, "x", 1, {"patch"})});
    Simulation simulation;
    simulation.activations.assign(8, std::make_shared<ByChannel>());
    simulation.activations[3] = nullptr;
    // A bias for fc2, which has none, and other weights for the head.
    std::map<std::string, std::size_t> number;
    for (std::size_t i = 0; i < graph.nodes().size(); ++i)
        number[graph.nodes()[i].name] = i;
    const Tensor bias = randomTensor({16}, 31);
    const Tensor weight = randomTensor({16, 7}, 32);
    simulation.constants[{NodeId(number["fc2"]), 2}] = bias;
    simulation.constants[{NodeId(number["head"]), 1}] = weight;
    Program::Options options;
    for (std::size_t i = 0; i < 8; ++i)
        options.observed.push_back(SiteId(i));
    const auto program = Program::compile({graph, sites}, simulation, options);
    ASSERT_TRUE(program) << program.error().text();

    // The same by rewriting the graph's values node by node.
    const Tensor x = randomTensor({1, 3, 8, 8}, 33);
    std::vector<Tensor> values(graph.values().size());
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = graph.values()[i].constant;
    values[graph.input().index()] = x;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        graph::Node node = graph.nodes()[n];
        std::vector<Tensor> inputs;
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
            Tensor value = values[node.inputs[i].index()];
            const SiteId site = sites.at({NodeId(n), static_cast<int>(i)});
            if (site.valid() && site.index() != 3) {
                const Tensor before = value;
                ByChannel().apply(before.floats().data(), value.mutableData<float>().data(), sites[site].layout);
            }
            inputs.push_back(value);
        }
        if (node.name == "fc2") {
            inputs.push_back(bias);
            node.inputs.push_back(TensorId(std::size_t{0}));
        }
        if (node.name == "head")
            inputs[1] = weight;
        const auto outputs = evaluate(node, inputs);
        ASSERT_TRUE(outputs) << outputs.error().text();
        for (std::size_t i = 0; i < node.outputs.size(); ++i)
            values[node.outputs[i].index()] = (*outputs)[i];
    }
    Recorder recorder;
    const auto logits = values[graph.output().index()].floats();
    expectClose(runProgram(*program, x, nullptr, &recorder), {logits.begin(), logits.end()});
    ThreadPool pool(2);
    EXPECT_EQ(runProgram(*program, x, &pool), runProgram(*program, x));
    ASSERT_EQ(recorder.seen.size(), 8u);
    for (std::size_t i = 0; i < 8; ++i) {
        const auto expected = values[sites[SiteId(i)].tensor.index()].floats();
        expectClose(recorder.seen[{i, 0}], {expected.begin(), expected.end()});
    }
}

TEST(WeightCache, packsOnlyWhatChanged)
{
    const Graph graph = parsed(test::kAttentionBlock);
    Program::Options options;
    options.weights = makeWeightCache();
    const auto first = Program::compile({graph, {}}, {}, options);
    const auto second = Program::compile({graph, {}}, {}, options);
    EXPECT_EQ(first->weightBytes(), second->weightBytes());
    EXPECT_GT(first->weightBytes(), 0u);
    const Tensor x = randomTensor({1, 3, 8, 8}, 34);
    EXPECT_EQ(runProgram(*first, x), runProgram(*second, x));
}

TEST(Program, WhatDoesNotFitIntoMemoryIsRefusedByTheLargestNode)
{
    std::string text = "input x:1x3x32x32\n";
    std::string last = "x";
    int64_t channels = 3;
    for (int i = 0; i < 16; ++i) {
        const std::string next = "d" + std::to_string(i);
        channels *= 2;
        text += next + ":1x" + std::to_string(channels) + "x32x32 = Concat(" + last + ", " + last + ") axis=1\n";
        last = next;
    }
    text += "q:1x1x32x32 = ReduceMean(" + last + ") axes=[1] keepdims=1\noutput q\n";
    const Graph graph = parsed(text);
    EXPECT_TRUE(Program::compile({graph, SiteTable()}));

    rlimit old{};
    ASSERT_EQ(getrlimit(RLIMIT_AS, &old), 0);
    rlimit limited = old;
    std::ifstream statm("/proc/self/statm");
    std::size_t pages = 0;
    statm >> pages;
    limited.rlim_cur = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + (std::size_t{600} << 20);
    ASSERT_EQ(setrlimit(RLIMIT_AS, &limited), 0);
    const auto refused = Program::compile({graph, SiteTable()}); // 805 MB in the last value alone
    ASSERT_EQ(setrlimit(RLIMIT_AS, &old), 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::TooLarge);
    EXPECT_THAT(refused.error().text(),
                ::testing::AllOf(::testing::HasSubstr("1208 MB"), ::testing::HasSubstr("(Concat)"),
                                 ::testing::HasSubstr("805 MB"), ::testing::HasSubstr("limit of the address space")));
}

} // namespace
} // namespace qs::exec::testing
