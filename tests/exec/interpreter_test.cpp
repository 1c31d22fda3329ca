#include "core/exec/interpreter.h"
#include "core/graph/find_sites.h"

#include "core/exec/reference/reference.h"
#include "op_testing.h"
#include "tests/support/attention_block.h"
#include "tests/support/graph_text.h"
#include "tests/support/small_vit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace qs::exec::testing {
namespace {

using graph::Graph;

Graph parsed(std::string_view text)
{
    auto graph = graph::parse(text);
    EXPECT_TRUE(graph) << graph.error().text();
    return *graph;
}

std::vector<float> fast(const Graph& graph, const Tensor& input, const Switches& switches, int threads)
{
    Program::Options options;
    options.switches = switches;
    const auto program = Program::compile({graph, {}}, {}, options);
    EXPECT_TRUE(program) << program.error().text();
    ThreadPool pool(threads);
    Workspace workspace;
    std::vector<float> logits(static_cast<std::size_t>(program->outputElements()));
    run(*program, workspace, input.floats().data(), logits.data(), &pool);
    return logits;
}

double largestDifference(std::span<const float> found, std::span<const float> expected)
{
    double most = 0, difference = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        most = std::max<double>(most, std::abs(expected[i]));
        difference = std::max<double>(difference, std::abs(static_cast<double>(found[i]) - expected[i]));
        EXPECT_FALSE(std::isnan(found[i])) << i;
    }
    return difference / most;
}

/// A product plus its own input, which nothing reads afterwards, at a size at which work is split: the sum must not
/// be written over what other rows and columns still read. Through views, transposes and both orders of the sum too.
const std::string kOwnResiduals = R"(input x:1x3x40x40
ws:16x3x1x1 = random(1)
wd:16x1x3x3 = random(2)
wc:16x16x3x3 = random(3)
wp:16x16x1x1 = random(4)
wl:16x16 = random(5)
wh:16x6 = random(6)
s:1x16x40x40 = Conv(x, ws)
u:1x16x40x40 = Tanh(s)
c:1x16x40x40 = Conv(u, wd) pads=[1 1 1 1] group=16
cu:1x16x40x40 = Add(c, u)
cut:1x16x40x40 = Tanh(cu)
d:1x16x40x40 = Conv(cut, wc) pads=[1 1 1 1]
du:1x16x40x40 = Add(cut, d)
p:1x16x40x40 = Conv(du, wp)
pu:1x16x40x40 = Add(p, du)
put:1x16x40x40 = Tanh(pu)
f:1x16x1600 = Reshape(put) shape=[1 16 1600]
t:1x1600x16 = Transpose(f) perm=[0 2 1]
tt:1x1600x16 = Tanh(t)
l:1x1600x16 = Linear(tt, wl)
lt:1x1600x16 = Add(l, tt)
lh:1x1600x16 = Tanh(lt)
lr:1x16x1600 = Transpose(lh) perm=[0 2 1]
g:1x16x16 = MatMul(lr, lh)
gt:1x16x16 = Tanh(g)
m:1x1600x16 = MatMul(lh, gt)
mh:1x1600x16 = Add(m, lh)
e:1x16x16 = MatMul(gt, gt)
ee:1x16x16 = Add(e, gt)
h:1x1600x16 = MatMul(mh, ee)
r:1x16 = ReduceMean(h) axes=[1] keepdims=0
logits:1x6 = Linear(r, wh)
output logits
)";

TEST(Interpreter, AgreesWithTheExecutorUnderEverySwitch)
{
    for (const std::string& text : {kOwnResiduals, test::kAttentionBlock, std::string(test::kSmallVit)}) {
        const Graph graph = parsed(text);
        const Tensor x = randomTensor(graph.value(graph.input()).shape, 3);
        const auto expected = Interpreter({graph, {}}, {}).run(x);
        ASSERT_TRUE(expected) << expected.error().text();
        for (bool Switches::*turned :
             {&Switches::inPlace, &Switches::reuseMemory, &Switches::fuseActivation, &Switches::fuseResidual,
              &Switches::fuseScale, &Switches::views, &Switches::narrow, &Switches::layout, &Switches::poison}) {
            Switches switches;
            switches.*turned = !(switches.*turned);
            for (const int threads : {1, 2})
                EXPECT_LT(largestDifference(fast(graph, x, switches, threads), expected->floats()), 2e-5);
        }
        EXPECT_LT(largestDifference(fast(graph, x, {}, 1), expected->floats()), 2e-5);
    }
}

/// A quantizer whose effect cannot be overlooked.
class Halve : public ElementMap {
public:
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        for (int64_t i = 0; i < layout.elements(); ++i)
            dst[i] = std::nearbyint(src[i] * 2) / 2;
    }
};

TEST(Interpreter, SimulatesWhatTheExecutorSimulates)
{
    const Graph graph = parsed(test::kSmallVit);
    const auto sites = graph::findSites(graph);
    Simulation simulation;
    simulation.activations.resize(sites.size());
    for (const graph::Site& site : sites) {
        if (site.kind == graph::SiteKind::Activation)
            simulation.activations[site.id.index()] = std::make_shared<Halve>();
        else if (site.uses.size() == 1) { // a weight of other numbers, and a bias where there is none
            Tensor weight = graph.value(site.tensor).constant;
            for (float& v : weight.mutableData<float>())
                v = std::nearbyint(v * 8) / 8;
            simulation.constants[site.uses[0]] = weight;
        }
    }
    const Tensor x = randomTensor(graph.value(graph.input()).shape, 4);
    std::vector<std::vector<float>> results;
    for (const Execution execution : {Execution::Auto, Execution::Reference}) {
        Program::Options options;
        options.execution = execution;
        const auto program = Program::compile({graph, sites}, simulation, options);
        ASSERT_TRUE(program) << program.error().text();
        Workspace workspace;
        results.emplace_back(static_cast<std::size_t>(program->outputElements()));
        run(*program, workspace, x.floats().data(), results.back().data());
    }
    EXPECT_LT(largestDifference(results[1], results[0]), 1e-5);
    const auto plain = Interpreter({graph, {}}, {}).run(x);
    EXPECT_GT(largestDifference(plain->floats(), results[0]), 1e-2);
}

TEST(Interpreter, ShowsAnObserverWhatTheExecutorShows)
{
    class Keep : public Observer {
    public:
        void observe(SiteId site, std::size_t, int, std::span<const float> data) override
        {
            values[site] = {data.begin(), data.end()};
        }
        std::map<SiteId, std::vector<float>> values;
    };
    const Graph graph = parsed(test::kSmallVit);
    const auto sites = graph::findSites(graph);
    const Tensor x = randomTensor(graph.value(graph.input()).shape, 5);
    Keep kept[2];
    for (const Execution execution : {Execution::Auto, Execution::Reference}) {
        Program::Options options;
        options.execution = execution;
        for (const graph::Site& site : sites)
            if (site.kind == graph::SiteKind::Activation)
                options.observed.push_back(site.id);
        const auto program = Program::compile({graph, sites}, {}, options);
        ASSERT_TRUE(program);
        Workspace workspace;
        std::vector<float> logits(static_cast<std::size_t>(program->outputElements()));
        run(*program, workspace, x.floats().data(), logits.data(), nullptr,
            &kept[execution == Execution::Reference ? 1 : 0]);
    }
    ASSERT_GT(kept[0].values.size(), 5u);
    ASSERT_EQ(kept[0].values.size(), kept[1].values.size());
    for (const auto& [site, values] : kept[0].values)
        EXPECT_LT(largestDifference(kept[1].values[site], values), 1e-5) << sites[site].name;
}

/// The plain form of every operator against OpDef::compute is a check of both.
TEST(Reference, HasPlainFormsOfWhatTransformersAreMadeOf)
{
    for (const std::string_view op :
         {"Linear", "MatMul", "Conv", "ConvTranspose", "LayerNormalization", "BatchNormalization", "Softmax", "Gelu",
          "Add", "Mul", "Transpose", "Reshape", "Slice", "Split", "Concat", "Gather", "ReduceMean", "AveragePool"})
        EXPECT_TRUE(reference::find(op)) << op;
    EXPECT_FALSE(reference::find("Resize"));
}

TEST(Interpreter, quantizersOfTheFileGiveNanTheLowestCode)
{
    Tensor zero(DType::Int32, {1});
    zero.mutableData<int32_t>()[0] = 3;
    graph::Node node;
    node.op = "FakeQuantize";
    node.attributes.set("scale", floats({1}, {0.5F}));
    node.attributes.set("zero_point", zero);
    node.attributes.set("qmin", int64_t{0});
    node.attributes.set("qmax", int64_t{15});
    const float infinity = std::numeric_limits<float>::infinity();
    const Tensor x = floats({5}, {std::nanf(""), infinity, -infinity, 0.25F, 1});
    std::vector<Tensor> out{Tensor(DType::Float32, {5})};
    reference::find("FakeQuantize")(node, std::vector{x}, out);
    const std::vector<float> expected{-1.5F, 6, -1.5F, 0, 1};
    EXPECT_TRUE(std::ranges::equal(out[0].floats(), expected));
    const auto fast = evaluate(node, std::vector{x});
    ASSERT_TRUE(fast) << fast.error().text();
    EXPECT_TRUE(std::ranges::equal(fast->front().floats(), expected));
}

} // namespace
} // namespace qs::exec::testing
