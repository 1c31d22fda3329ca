// Whole networks: attention, quantizers on the way, the KL loss, threads, errors.
#include "core/exec/run_images.h"
#include "core/graph/find_sites.h"
#include "core/graph/sites.h"

#include "core/exec/gradients/backward.h"
#include "core/exec/program.h"
#include "core/kernels/quantize.h"

#include "gradient_testing.h"
#include "tests/support/attention_block.h"

#include <cstring>
#include <set>

namespace qs::exec::testing {
namespace {

using graph::Graph;

const std::vector<std::string> kLayers{"patches", "qkv", "s", "o", "p", "h", "m", "logits"};

std::vector<TensorId> layerOutputs(const Graph& graph)
{
    std::vector<TensorId> ids;
    for (const std::string& name : kLayers)
        ids.push_back(valueNamed(graph, name));
    return ids;
}

/// Fake quantization to a coarse grid: far from the identity.
class Coarse final : public ElementMap {
public:
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        const auto n = static_cast<std::size_t>(layout.elements());
        kernels::fakeQuantize({src, n}, {0.25f, 0, -4, 3}, {dst, n});
    }
};

/// x / 4, as a smoothing before a quantizer.
class Quarter final : public ElementMap {
public:
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        for (int64_t i = 0; i < layout.elements(); ++i)
            dst[i] = src[i] / 4;
    }
    void straightThrough(float* gradient, const graph::ChannelLayout& layout) const override
    {
        for (int64_t i = 0; i < layout.elements(); ++i)
            gradient[i] /= 4;
    }
};

Simulation everySite(const graph::SiteTable& sites, std::shared_ptr<const ElementMap> map)
{
    Simulation simulation;
    simulation.activations.resize(sites.size());
    for (const graph::Site& site : sites.all())
        if (site.kind == graph::SiteKind::Activation)
            simulation.activations[site.id.index()] = map;
    return simulation;
}

class RandomImages final : public ImageSource {
public:
    RandomImages(std::size_t count, std::size_t each) : m_count(count), m_each(each) {}
    std::size_t size() const override { return m_count; }
    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        if (index == failing)
            return fail(ErrorCode::Io, "cannot be read", name(index));
        const Tensor t = randomTensor({static_cast<int64_t>(m_each)}, index + 100);
        std::ranges::copy(t.floats(), dst.begin());
        return {};
    }
    std::optional<int> label(std::size_t) const override { return std::nullopt; }
    std::string name(std::size_t index) const override { return "image " + std::to_string(index); }

    std::size_t failing = ~std::size_t{0};

private:
    std::size_t m_count, m_each;
};

Tensor floatLogits(const Graph& graph, const ImageSource& images)
{
    const auto program = Program::compile({graph, {}});
    const auto logits = runImages(*program, images, 0, images.size(), {}, "");
    EXPECT_TRUE(logits);
    return *logits;
}

bool sameBits(const Tensor& a, const Tensor& b)
{
    return a.sizeBytes() == b.sizeBytes() && std::memcmp(a.bytes(), b.bytes(), a.sizeBytes()) == 0;
}

TEST(Gradient, ofAWholeTransformerIsThatOfCentralDifferences)
{
    expectMatchesDifferences(test::kAttentionBlock, {.smooth = true});
}

TEST(Gradient, ofALayersOutputIsThatOfTheRestOfTheNetwork)
{
    // The network behind a value, with the value as its input, differentiated by differences.
    const Graph graph = parsedGraph(test::kAttentionBlock);
    const auto whole = GradientProgram::compile({graph, {}}, {}, {valueNamed(graph, "r1"), valueNamed(graph, "h")});
    ASSERT_TRUE(whole) << whole.error().text();
    const Tensor x = randomTensor({1, 3, 8, 8}, 3);
    const Tensor weights = randomTensor({1, 7}, 4);
    const auto gradients = gradientsOf(*whole, x, weights);
    const std::string head =
        test::kAttentionBlock.substr(test::kAttentionBlock.find("patchW"),
                                     test::kAttentionBlock.find("patches") - test::kAttentionBlock.find("patchW"));
    const Graph tail =
        parsedGraph("input r1:1x5x16\n" + head + test::kAttentionBlock.substr(test::kAttentionBlock.find("n2:")));
    const auto rest = GradientProgram::compile({tail, {}}, {}, {tail.input()});
    ASSERT_TRUE(rest) << rest.error().text();
    const auto values = GradientProgram::compile({graph, {}}, {}, {});
    // r1 of the whole network: run it up to there as a network of its own.
    const Graph upTo =
        parsedGraph(test::kAttentionBlock.substr(0, test::kAttentionBlock.find("n2:")) + "output r1\n");
    const auto first = GradientProgram::compile({upTo, {}}, {}, {});
    ASSERT_TRUE(first);
    const Tensor r1 = logitsOf(*first, x);
    EXPECT_TRUE(sameBits(gradientsOf(*rest, r1, weights)[0], gradients[0]));
}

TEST(Gradient, forwardIsThatOfProgram)
{
    const Graph graph = parsedGraph(test::kAttentionBlock);
    const auto sites = graph::findSites(graph);
    for (const Simulation& simulation : {Simulation{}, everySite(sites, std::make_shared<Coarse>())}) {
        const auto program = Program::compile({graph, sites}, simulation, {});
        const auto gradient = GradientProgram::compile({graph, sites}, simulation, layerOutputs(graph));
        ASSERT_TRUE(program && gradient);
        const Tensor x = randomTensor({1, 3, 8, 8}, 9);
        Workspace workspace;
        std::vector<float> expected(7);
        run(*program, workspace, x.floats().data(), expected.data());
        const Tensor logits = logitsOf(*gradient, x);
        for (std::size_t i = 0; i < 7; ++i)
            EXPECT_NEAR(logits.floats()[i], expected[i], 1e-5f * (1 + std::abs(expected[i])));
    }
}

TEST(Gradient, passesQuantizersStraightThrough)
{
    // y = Q(x) W2 with the value's gradient W2^T dy, as if Q was not there; behind Q the quantized value counts.
    const Graph graph = parsedGraph("input x:2x4\nw:4x4 = random(1)\nv:4x3 = random(2)\nh:2x4 = Linear(x, w) # a\n"
                                    "r:2x4 = Mul(h, h)\nl:2x3 = Linear(r, v) # b\noutput l\n");
    const auto sites = graph::findSites(graph);
    const SiteId site = sites.at({NodeId(std::size_t{2}), 0});
    ASSERT_TRUE(site.valid());
    Simulation simulation;
    simulation.activations.resize(sites.size());
    simulation.activations[site.index()] = std::make_shared<Coarse>();
    const auto plain = GradientProgram::compile({graph, sites}, {}, {valueNamed(graph, "r"), valueNamed(graph, "h")});
    const auto coarse =
        GradientProgram::compile({graph, sites}, simulation, {valueNamed(graph, "r"), valueNamed(graph, "h")});
    ASSERT_TRUE(plain && coarse);
    const Tensor x = randomTensor({2, 4}, 8);
    const Tensor weights = randomTensor({2, 3}, 6);
    const auto a = gradientsOf(*plain, x, weights);
    const auto b = gradientsOf(*coarse, x, weights);
    EXPECT_FALSE(sameBits(logitsOf(*plain, x), logitsOf(*coarse, x)));
    EXPECT_TRUE(sameBits(a[0], b[0])); // linear behind it: nothing depends on the quantized value
    EXPECT_TRUE(sameBits(a[1], b[1]));

    // A scale in front of the quantizer is not passed over.
    simulation.activations[site.index()] = std::make_shared<Quarter>();
    const auto quarter = GradientProgram::compile({graph, sites}, simulation, {valueNamed(graph, "r")});
    ASSERT_TRUE(quarter);
    const auto c = gradientsOf(*quarter, x, weights);
    for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ(c[0].floats()[i], a[0].floats()[i] / 4);
}

TEST(Gradient, usesTheQuantizedValuesAndWeights)
{
    // dL/dq of a product is the quantized k: with k's quantizer at 0 everywhere, q's gradient is 0.
    class Zero final : public ElementMap {
        void apply(const float*, float* dst, const graph::ChannelLayout& layout) const override
        {
            std::fill_n(dst, layout.elements(), 0.0f);
        }
    };
    const Graph graph = parsedGraph(test::kAttentionBlock);
    const auto sites = graph::findSites(graph);
    const TensorId kt = valueNamed(graph, "kt");
    Simulation simulation;
    simulation.activations.resize(sites.size());
    for (const graph::Site& site : sites.all())
        if (site.role == graph::Role::KeyOperand)
            simulation.activations[site.id.index()] = std::make_shared<Zero>();
    // No residual path to q: gradient through attention only.
    const auto program = GradientProgram::compile({graph, sites}, simulation, {valueNamed(graph, "q"), kt});
    ASSERT_TRUE(program);
    const auto gradients = gradientsOf(*program, randomTensor({1, 3, 8, 8}, 2), randomTensor({1, 7}, 4));
    for (const float g : gradients[0].floats())
        EXPECT_EQ(g, 0);
    EXPECT_TRUE(std::ranges::any_of(gradients[1].floats(), [](float g) { return g != 0; }));

    // Replaced weights, and a bias where the file has none.
    Simulation constants;
    const std::size_t head = graph.nodes().size() - 1;
    Tensor doubled = graph.value(valueNamed(graph, "headW")).constant;
    for (float& v : doubled.mutableData<float>())
        v *= 2;
    constants.constants[{NodeId(head), 1}] = doubled;
    constants.constants[{NodeId(head), 2}] = randomTensor({7}, 3);
    const TensorId cls = valueNamed(graph, "cls");
    const auto plain = GradientProgram::compile({graph, sites}, {}, {cls});
    const auto replaced = GradientProgram::compile({graph, sites}, constants, {cls});
    ASSERT_TRUE(plain && replaced) << replaced.error().text();
    const Tensor x = randomTensor({1, 3, 8, 8}, 2);
    const auto a = gradientsOf(*plain, x, randomTensor({1, 7}, 4));
    const auto b = gradientsOf(*replaced, x, randomTensor({1, 7}, 4));
    for (std::size_t i = 0; i < 16; ++i)
        EXPECT_EQ(2 * a[0].floats()[i], b[0].floats()[i]);
}

TEST(Gradient, ofTheFloatNetworkAgainstItselfIsExactlyZero)
{
    const Graph graph = parsedGraph(test::kAttentionBlock);
    const auto sites = graph::findSites(graph);
    const RandomImages images(3, 192);
    const auto compiled = [&](const Simulation& simulation) {
        auto program = GradientProgram::compile({graph, sites}, simulation, layerOutputs(graph));
        EXPECT_TRUE(program);
        return *program;
    };
    const GradientProgram program = compiled({});
    Tensor reference(DType::Float32, {3, 7});
    for (std::size_t i = 0; i < 3; ++i) {
        Tensor x(DType::Float32, {1, 3, 8, 8});
        ASSERT_TRUE(images.load(i, x.mutableData<float>()));
        const Tensor logits = logitsOf(program, x);
        std::ranges::copy(logits.floats(), reference.mutableData<float>().begin() + static_cast<int64_t>(i) * 7);
    }
    double most = 0;
    const auto largest = [&](const GradientBatch& batch) -> Result<void> {
        for (const Tensor& t : batch.gradients)
            for (const float g : t.floats())
                most = std::max(most, static_cast<double>(std::abs(g)));
        return {};
    };
    const auto loss = lossGradients(program, images, 0, 3, reference, {}, "", largest);
    ASSERT_TRUE(loss);
    EXPECT_EQ(*loss, 0);
    EXPECT_EQ(most, 0);
    // Where the paper takes them, in the quantized network, they are not.
    const auto quantized = lossGradients(compiled(everySite(sites, std::make_shared<Coarse>())), images, 0, 3,
                                         reference, {}, "", largest);
    ASSERT_TRUE(quantized);
    EXPECT_GT(*quantized, 0);
    EXPECT_GT(most, 0);
}

TEST(Gradient, ofKlIsThatOfCentralDifferences)
{
    const Floats reference{0.3f, -2, 5, 5, 80};
    Floats logits{1, -1, 4.5f, 6, 79};
    Floats gradient(5);
    klDivergence(reference, logits, gradient);
    for (std::size_t i = 0; i < 5; ++i) {
        Floats up = logits;
        Floats down = logits;
        up[i] += 0x1p-10f;
        down[i] -= 0x1p-10f;
        const double slope = (klDivergence(reference, up) - klDivergence(reference, down)) / 0x1p-9;
        EXPECT_NEAR(gradient[i], slope, 1e-6);
    }
    // Two classes by hand: p = (1/2, 1/2), q = (3/4, 1/4).
    gradient.assign(5, 0);
    const double loss = klDivergence(Floats{0, 0}, Floats{std::log(3.0f), 0}, std::span(gradient).first(2));
    EXPECT_NEAR(loss, 0.5 * std::log(0.5 / 0.75) + 0.5 * std::log(0.5 / 0.25), 1e-7);
    EXPECT_NEAR(gradient[0], 0.25, 1e-7);
    EXPECT_NEAR(gradient[1], -0.25, 1e-7);
    // The same bits give nothing, however large.
    gradient.assign(5, 0);
    EXPECT_EQ(klDivergence(reference, reference, gradient), 0);
    EXPECT_EQ(gradient, Floats(5, 0.0f));
}

TEST(Gradient, doesNotDependOnThreadsAndComesInOrder)
{
    const Graph graph = parsedGraph(test::kAttentionBlock);
    const auto sites = graph::findSites(graph);
    const RandomImages images(8, 192);
    const Tensor reference = floatLogits(graph, images);
    const auto program =
        GradientProgram::compile({graph, sites}, everySite(sites, std::make_shared<Coarse>()), layerOutputs(graph));
    ASSERT_TRUE(program);
    const auto all = [&](int threads, double& loss) {
        ThreadPool pool(threads);
        Context context;
        context.pool = &pool;
        std::vector<Tensor> found;
        std::size_t next = 1;
        const auto total = lossGradients(
            *program, images, 1, 7, reference, context, "gradients", [&](const GradientBatch& batch) -> Result<void> {
                EXPECT_EQ(batch.first, next++);
                EXPECT_EQ(batch.images, 1U);
                found.insert(found.end(), batch.gradients.begin(), batch.gradients.end());
                return {};
            });
        EXPECT_TRUE(total);
        loss = *total;
        return found;
    };
    double one = 0;
    double three = 0;
    const auto a = all(1, one);
    const auto b = all(3, three); // 7 runs: two waves and one left over
    EXPECT_EQ(one, three);
    ASSERT_EQ(a.size(), 7 * kLayers.size());
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
        EXPECT_TRUE(sameBits(a[i], b[i])) << i;
}

TEST(Gradient, aLastRunIsFilledUpWithoutWeight)
{
    // A file of batch 2 and three images: the copy of the third one counts nothing.
    const Graph pairs = parsedGraph("input x:2x4\nw:4x3 = random(1)\nl:2x3 = Linear(x, w)\noutput l\n");
    const auto program = GradientProgram::compile({pairs, {}}, {}, {pairs.input()});
    ASSERT_TRUE(program);
    const RandomImages images(3, 4);
    std::vector<std::size_t> counts;
    Tensor last;
    const auto loss = lossGradients(*program, images, 0, 3, randomTensor({3, 3}, 2), {}, "",
                                    [&](const GradientBatch& batch) -> Result<void> {
                                        counts.push_back(batch.images);
                                        last = batch.gradients[0];
                                        return {};
                                    });
    ASSERT_TRUE(loss);
    EXPECT_EQ(counts, (std::vector<std::size_t>{2, 1}));
    EXPECT_NE(last.floats()[0], 0);
    for (std::size_t i = 4; i < 8; ++i)
        EXPECT_EQ(last.floats()[i], 0);
}

TEST(Gradient, valuesThatDoNotReachTheLogitsGetZeros)
{
    const Graph graph = parsedGraph("input x:1x4\na:1x4 = Relu(x)\nb:1x4 = Exp(x)\noutput a\noutput b\n");
    const auto program = GradientProgram::compile({graph, {}}, {}, {valueNamed(graph, "b"), valueNamed(graph, "a")});
    ASSERT_TRUE(program) << program.error().text();
    const auto gradients = gradientsOf(*program, randomTensor({1, 4}), floats({1, 4}, {1, 2, 3, 4}));
    expectTensor(gradients[0], {1, 4}, Floats{0, 0, 0, 0});
    expectTensor(gradients[1], {1, 4}, Floats{1, 2, 3, 4});
}

TEST(Gradient, onlyWhatIsOnTheWayNeedsADerivative)
{
    const Graph graph = parsedGraph("input x:1x4\na:1x4 = ReduceProd(x) axes=[0]\nb:1x4 = Relu(a) # relu\n"
                                    "c:1x1 = ReduceProd(b) axes=[1] # prod\nd:1x1 = Neg(c)\noutput d\n");
    EXPECT_TRUE(GradientProgram::compile({graph, {}}, {}, {valueNamed(graph, "c")}));
    const auto missing = GradientProgram::compile({graph, {}}, {}, {valueNamed(graph, "a")});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::Unsupported);
    EXPECT_THAT(missing.error().text(),
                ::testing::AllOf(::testing::HasSubstr("ReduceProd"), ::testing::HasSubstr("prod")));
}

TEST(Gradient, everyOperatorHasADerivativeOrIsKnownNotTo)
{
    // Integers, booleans and shapes; functions of angles; and products of all elements, which no network here has.
    const std::set<std::string_view> without{"Acos",       "Acosh",   "Asin",           "Asinh",
                                             "Atanh",      "Cosh",    "Sinh",           "Tan",
                                             "And",        "ArgMax",  "ArgMin",         "ConstantOfShape",
                                             "Equal",      "Greater", "GridSample",     "GreaterOrEqual",
                                             "IsNaN",      "Less",    "LessOrEqual",    "Not",
                                             "Or",         "Range",   "QuantizeLinear", "DequantizeLinear",
                                             "ReduceProd", "Shape",   "Size",           "Xor"};
    for (const OpDef& op : allOps())
        EXPECT_EQ(findBackward(op.name) == nullptr, without.contains(op.name)) << op.name;
}

TEST(Gradient, errorsSayWhatIsWrong)
{
    const Graph graph = parsedGraph(test::kAttentionBlock);
    const auto code = [&](TensorId id) {
        const auto program = GradientProgram::compile({graph, {}}, {}, {id});
        EXPECT_FALSE(program);
        return program ? ErrorCode::Internal : program.error().code;
    };
    EXPECT_EQ(code(valueNamed(graph, "headW")), ErrorCode::InvalidArgument);
    EXPECT_EQ(code({}), ErrorCode::InvalidArgument);

    RandomImages images(4, 192);
    const Tensor reference = floatLogits(graph, images);
    const auto program = GradientProgram::compile({graph, {}}, {}, layerOutputs(graph));
    ASSERT_TRUE(program);
    const auto none = [](const GradientBatch&) -> Result<void> { return {}; };
    const auto codeOf = [&](std::size_t first, std::size_t count, const Tensor& logits, const Context& context,
                            const GradientConsumer& consumer) {
        const auto loss = lossGradients(*program, images, first, count, logits, context, "", consumer);
        EXPECT_FALSE(loss);
        return loss ? ErrorCode::Internal : loss.error().code;
    };
    EXPECT_EQ(codeOf(2, 3, reference, {}, none), ErrorCode::InvalidArgument);
    EXPECT_EQ(codeOf(0, 4, randomTensor({3, 7}), {}, none), ErrorCode::InvalidArgument);
    EXPECT_EQ(codeOf(0, 4, randomTensor({4, 6}), {}, none), ErrorCode::InvalidArgument);
    EXPECT_EQ(codeOf(0, 4, reference, {},
                     [](const GradientBatch&) -> Result<void> { return fail(ErrorCode::Io, "full", ""); }),
              ErrorCode::Io);
    std::stop_source stop;
    stop.request_stop();
    Context stopped;
    stopped.stop = stop.get_token();
    EXPECT_EQ(codeOf(0, 4, reference, stopped, none), ErrorCode::Cancelled);
    images.failing = 2;
    EXPECT_EQ(codeOf(0, 4, reference, {}, none), ErrorCode::Io);
}

} // namespace
} // namespace qs::exec::testing
