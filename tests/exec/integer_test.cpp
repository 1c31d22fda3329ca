// Integer execution: products of codes in a compiled program have the bits of plain integer loops, node by node, and
// results do not depend on threads, instruction sets or what is fused.
#include "core/exec/integer_execution.h"
#include "core/exec/integers.h"
#include "core/exec/interpreter.h"
#include "core/exec/program.h"
#include "core/exec/weight_codes.h"
#include "core/kernels/target.h"
#include "core/quant/level_grids.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "tests/support/small_vit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace qs::exec {
namespace {

struct Quantized {
    test::SmallVit vit = test::smallVit();
    std::shared_ptr<const stats::Calibration> calibration = test::madeUpCalibration(vit.sites);

    std::shared_ptr<const quant::Plan> plan(int weightBits, int activationBits, std::string_view preset = "minmax",
                                            graph::Coverage coverage = graph::Coverage::MatMul) const
    {
        auto recipe = quant::presetRecipe(std::string(preset), weightBits, activationBits);
        EXPECT_TRUE(recipe) << recipe.error().text();
        recipe->coverage = coverage;
        auto plan = quant::resolve(vit, calibration, *recipe, nullptr, {});
        EXPECT_TRUE(plan) << plan.error().text();
        return *plan;
    }
    Program compile(const quant::Plan& plan, Execution execution, const Switches& switches = {},
                    const std::vector<SiteId>& observed = {}) const
    {
        Program::Options options;
        options.execution = execution;
        options.switches = switches;
        options.observed = observed;
        auto program = Program::compile(vit, plan.simulation, options);
        EXPECT_TRUE(program) << program.error().text();
        return *program;
    }
};

Tensor image()
{
    std::mt19937 engine(3);
    std::normal_distribution<float> normal;
    Tensor pixels(DType::Float32, Shape{1, 3, 8, 8});
    for (float& v : pixels.mutableData<float>())
        v = normal(engine);
    return pixels;
}

std::vector<float> logits(const Program& program, int threads = 1, Observer* observer = nullptr)
{
    ThreadPool pool(threads);
    Workspace workspace;
    std::vector<float> result(static_cast<std::size_t>(program.outputElements()));
    run(program, workspace, image().floats().data(), result.data(), &pool, observer);
    return result;
}

bool sameBits(std::span<const float> a, std::span<const float> b)
{
    return std::ranges::equal(
        a, b, [](float x, float y) { return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y); });
}

std::size_t countOf(const std::string& text, std::string_view what)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++count;
    return count;
}

/// Values in front of sites, as the program sees them.
class Recorder : public Observer {
public:
    void observe(SiteId site, std::size_t, int, std::span<const float> data) override
    {
        seen[site] = {data.begin(), data.end()};
    }
    std::map<SiteId, std::vector<float>> seen;
};

TEST(Integer, EveryProductOfAUniformPlanRunsOnCodes)
{
    const Quantized q;
    for (const int bits : {8, 6, 4, 2}) {
        const std::string dump = q.compile(*q.plan(bits, bits), kInteger).dump();
        EXPECT_EQ(countOf(dump, "= Integer Linear"), 7U) << dump;
        EXPECT_EQ(countOf(dump, "= Integer MatMul"), 2U) << dump;
        EXPECT_EQ(countOf(dump, "Gelu to codes"), 1U) << dump; // fc1 writes what fc2 reads
        EXPECT_EQ(countOf(dump, "= Map"), 1U) << dump;         // the convolution's input
    }
    EXPECT_EQ(countOf(q.compile(*q.plan(8, 8), Execution::Float).dump(), "Integer"), 0U);
}

TEST(Integer, OtherQuantizersStayInFloatSiteBySite)
{
    const Quantized q;
    quant::Plan plan = *q.plan(8, 8);
    plan.simulation.activations[q.vit.at("av", 0).index()] = quant::makeLogMap(quant::LogGrid{});
    const std::string dump = q.compile(plan, kInteger).dump();
    EXPECT_EQ(countOf(dump, "= MatMul"), 1U) << dump;
    EXPECT_EQ(countOf(dump, "= Integer MatMul"), 1U) << dump;
    EXPECT_EQ(countOf(q.compile(*q.plan(8, 32), kInteger).dump(), "Integer"), 0U); // weights only
}

/// On the inputs that the program itself saw, node by node: no bit of difference.
TEST(Integer, ProductsHaveTheBitsOfPlainIntegers)
{
    const Quantized q;
    for (const int bits : {8, 5, 2}) {
        const auto plan = q.plan(bits, bits);
        const Interpreter plain(q.vit, plan->simulation, true);
        Switches switches;
        switches.fuseActivation = switches.fuseResidual = switches.fuseScale = false;
        std::vector<SiteId> all;
        for (const graph::Site& site : q.vit.sites)
            if (site.kind == graph::SiteKind::Activation)
                all.push_back(site.id);
        const Program program = q.compile(*plan, kInteger, switches, all);
        Recorder recorder;
        logits(program, 1, &recorder);
        // What the interpreter computes from the same inputs: it is given the program's values in front of each site.
        std::size_t compared = 0;
        const auto sink = [&](TensorId id, Tensor& value) {
            for (const graph::Site& site : q.vit.sites)
                if (site.kind == graph::SiteKind::Activation && site.tensor == id &&
                    recorder.seen.contains(site.id)) {
                    const std::vector<float>& seen = recorder.seen[site.id];
                    NodeId producer = q.vit.graph.value(id).producer;
                    while (producer.valid() && (q.vit.graph.node(producer).op == "Reshape" ||
                                                q.vit.graph.node(producer).op == "Transpose"))
                        producer = q.vit.graph.value(q.vit.graph.node(producer).inputs[0]).producer;
                    if (producer.valid() &&
                        (q.vit.graph.node(producer).op == "Linear" || q.vit.graph.node(producer).op == "MatMul")) {
                        EXPECT_TRUE(sameBits(value.floats(), seen)) << site.name << ", " << bits << " bits";
                        ++compared;
                    }
                    std::ranges::copy(seen, value.mutableData<float>().begin());
                }
        };
        ASSERT_TRUE(plain.run(image(), {}, sink));
        EXPECT_GE(compared, 4U);
    }
}

TEST(Integer, ResultsDoNotDependOnThreadsTargetsOrFusions)
{
    const Quantized q;
    const auto plan = q.plan(8, 8);
    const Program program = q.compile(*plan, kInteger);
    const std::vector<float> want = logits(program);
    for (const int threads : {2, 3, 5})
        EXPECT_TRUE(sameBits(logits(program, threads), want)) << threads << " threads";
    Switches plainly;
    plainly.inPlace = plainly.reuseMemory = plainly.fuseActivation = plainly.fuseResidual = plainly.fuseScale = false;
    plainly.poison = true;
    EXPECT_TRUE(sameBits(logits(q.compile(*plan, kInteger, plainly)), want));
    for (const std::string& target : kernels::availableTargets()) {
        ASSERT_TRUE(kernels::selectTarget(target));
        if (kernels::targetHasFma()) {
            EXPECT_TRUE(sameBits(logits(q.compile(*plan, kInteger)), want)) << target;
        }
    }
    ASSERT_TRUE(kernels::selectTarget(""));
}

/// Both executions round the same codes: what is left between them is the rounding of float sums, and what a code
/// that it turns over makes of it.
TEST(Integer, IsNearTheFloatSimulation)
{
    const Quantized q;
    const auto plan = q.plan(8, 8);
    const std::vector<float> integers = logits(q.compile(*plan, kInteger));
    const std::vector<float> floats = logits(q.compile(*plan, Execution::Float));
    double most = 0;
    for (const float v : floats)
        most = std::max<double>(most, std::fabs(v));
    for (std::size_t i = 0; i < floats.size(); ++i)
        EXPECT_NEAR(integers[i], floats[i], 0.02 * most) << i;
}

/// Codes are found in the values alone, exactly, for every width; where values are no codes, none are.
TEST(WeightCodes, AreFoundInDequantizedValues)
{
    std::mt19937 engine(5);
    for (const int bits : {2, 3, 4, 5, 6, 7, 8}) {
        const int most = (1 << (bits - 1)) - 1;
        const std::size_t k = 96, n = 300;
        std::vector<float> scale(n), values(k * n);
        std::vector<int> codes(k * n);
        for (std::size_t j = 0; j < n; ++j)
            scale[j] = std::ldexp(static_cast<float>(engine() % 1000003 + 1), -static_cast<int>(engine() % 40));
        for (std::size_t i = 0; i < codes.size(); ++i) {
            codes[i] = static_cast<int>(engine() % static_cast<unsigned>(2 * most + 2)) - most - 1;
            values[i] = static_cast<float>(codes[i]) * scale[i % n];
        }
        const auto found = codesOf(Tensor::fromFloats(Shape{96, 300}, values));
        ASSERT_TRUE(found) << bits;
        EXPECT_TRUE(sameBits(found->scale, scale)) << bits << " bits";
        for (std::size_t i = 0; i < codes.size(); ++i)
            ASSERT_EQ(found->codes.data<int8_t>()[i], codes[i]);
        values[17] = std::nextafter(values[17] == 0 ? 1.0F : values[17], 1e30F);
        EXPECT_FALSE(codesOf(Tensor::fromFloats(Shape{96, 300}, values))) << bits;
    }
    EXPECT_TRUE(codesOf(Tensor::fromFloats(Shape{2, 1}, std::vector<float>{0, 0})));
    EXPECT_FALSE(codesOf(Tensor::fromFloats(Shape{2, 1}, std::vector<float>{1, std::nanf("")})));
}

TEST(WeightCodes, BiasesCountInUnitsOfTheSums)
{
    const std::vector<float> scale{0.013F, 1e-7F, 3.0F};
    const std::vector<int32_t> codes{-123456, 2147483000, 0};
    std::vector<float> values;
    for (std::size_t j = 0; j < codes.size(); ++j)
        values.push_back(static_cast<float>(codes[j]) * scale[j]);
    const auto found = biasCodes(Tensor::fromFloats(Shape{3}, values), scale);
    ASSERT_TRUE(found);
    for (std::size_t j = 0; j < codes.size(); ++j)
        EXPECT_EQ(static_cast<float>((*found)[j]), static_cast<float>(codes[j]));
    values[0] += 0.004F;
    EXPECT_FALSE(biasCodes(Tensor::fromFloats(Shape{3}, values), scale));
}

} // namespace
} // namespace qs::exec
