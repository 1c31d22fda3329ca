// Variants of a quantized network, evaluated from checkpoints: the same bits as a whole run gives. On a small
// network, on the demo's model, and on DeiT-Tiny where QUANTOSCOPE_TEST_ASSETS names it.
#include "core/exec/incremental.h"
#include "core/exec/run_images.h"
#include "core/onnx/import.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "tests/support/assets.h"
#include "tests/support/graph_text.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace qs::quant {
namespace {

bool equalBits(const Tensor& a, const Tensor& b)
{
    return a.shape() == b.shape() && std::memcmp(a.bytes(), b.bytes(), a.sizeBytes()) == 0;
}

/// A network, images and plans of it.
struct Subject : graph::Network {
    test::NoiseImages images;
    std::shared_ptr<const stats::Calibration> calibration;
    std::shared_ptr<exec::WeightCache> weights = exec::makeWeightCache();

    Subject(graph::Network network, std::size_t count) : Network(std::move(network)), images(count)
    {
        ThreadPool pool(2);
        Context context;
        context.pool = &pool;
        stats::CalibrationOptions options;
        options.images = std::min<std::size_t>(count, 4);
        auto result = stats::calibrate(*this, images, options, context);
        EXPECT_TRUE(result) << result.error().text();
        calibration = *result;
    }
    std::shared_ptr<const Plan> plan(const Recipe& recipe, const Plan* previous = nullptr) const
    {
        auto result = resolve(*this, calibration, recipe, previous, {});
        EXPECT_TRUE(result) << result.error().text();
        return *result;
    }
    exec::Program program(const Plan& plan) const
    {
        auto result = exec::Program::compile(*this, plan.simulation, {weights, {}});
        EXPECT_TRUE(result) << result.error().text();
        return *result;
    }
    Tensor whole(const exec::Program& program) const
    {
        auto result = exec::runImages(program, images, 0, images.size(), {}, "running");
        EXPECT_TRUE(result) << result.error().text();
        return *result;
    }
    exec::IncrementalRunner runner(const exec::Program& base, std::size_t budget, const Context& context) const
    {
        auto result = exec::IncrementalRunner::create(base, images, images.size(), {budget}, context, "running");
        EXPECT_TRUE(result) << result.error().text();
        return std::move(*result);
    }
};

Recipe withBits(const Recipe& recipe, const Subject& subject, SiteId site, int bits)
{
    SitePatch patch;
    patch.bits = bits;
    return edited(recipe, subject.sites, {{site}}, patch);
}

/// Random changes of one site (2 to 8 bits, or float, which changes the program's steps), some of them kept as the
/// new base.
void expectEqualToWholeRuns(const Subject& subject, int changes, std::size_t budget, int threads)
{
    ThreadPool pool(threads);
    Context context;
    context.pool = &pool;
    Recipe recipe = *presetRecipe("minmax", 6, 6);
    auto plan = subject.plan(recipe);
    const exec::Program base = subject.program(*plan);
    auto runner = subject.runner(base, budget, context);
    EXPECT_LE(runner.keptBytes(), budget);
    EXPECT_TRUE(equalBits(runner.logits(), subject.whole(base)));
    std::vector<SiteId> quantized;
    for (const graph::Site& site : subject.sites)
        if ((*plan)[site.id].quantized())
            quantized.push_back(site.id);
    ASSERT_FALSE(quantized.empty());

    std::mt19937 engine(7);
    for (int i = 0; i < changes; ++i) {
        const SiteId site = quantized[engine() % quantized.size()];
        const int bits = i % 5 == 4 ? kFloatBits : 2 + static_cast<int>(engine() % 6);
        const Recipe changed = withBits(recipe, subject, site, bits);
        const auto variantPlan = subject.plan(changed, plan.get());
        const exec::Program variant = subject.program(*variantPlan);
        const auto found = runner.run(variant, context, "running");
        ASSERT_TRUE(found) << found.error().text();
        EXPECT_TRUE(equalBits(*found, subject.whole(variant))) << subject.sites[site].name << " at " << bits;
        EXPECT_LE(runner.costOf(variant), 1.0);
        if (bits != kFloatBits) { // the site alone never costs less than what really differs
            EXPECT_LE(runner.costOf(variant), runner.costOf(site) + 1e-12) << subject.sites[site].name;
        }
        if (i % 3 == 2) {
            const auto moved = runner.rebase(variant, context, "running");
            ASSERT_TRUE(moved) << moved.error().text();
            EXPECT_TRUE(equalBits(runner.logits(), *found));
            EXPECT_LE(runner.keptBytes(), budget);
            recipe = changed;
            plan = variantPlan;
        }
    }
}

Subject smallSubject(std::size_t images = 5)
{
    return {test::smallVit(), images};
}

TEST(Incremental, EqualsWholeRunsOnASmallNetwork)
{
    const Subject subject = smallSubject();
    for (const std::size_t budget : {std::size_t{0}, std::size_t{20'000}, std::size_t{1} << 20})
        for (const int threads : {1, 2, 8}) // more threads than images: inside operators
            expectEqualToWholeRuns(subject, 40, budget, threads);
}

TEST(Incremental, ComputesNothingForTheBaseItself)
{
    Subject subject = smallSubject();
    const exec::Program base = subject.program(*subject.plan(*presetRecipe("minmax", 6, 6)));
    const auto runner = subject.runner(base, std::size_t{1} << 20, {});
    subject.images.onLoad = [](std::size_t) { ADD_FAILURE() << "an image was loaded again"; };
    // The same numbers resolved and compiled again.
    const exec::Program again = subject.program(*subject.plan(*presetRecipe("minmax", 6, 6)));
    EXPECT_EQ(runner.costOf(again), 1.0); // other maps: what they do is not compared
    EXPECT_EQ(runner.costOf(base), 0.0);
    const auto logits = runner.run(base, {}, "running");
    ASSERT_TRUE(logits);
    EXPECT_EQ(logits->storageKey(), runner.logits().storageKey());
}

TEST(Incremental, StartsBehindWhatDidNotChange)
{
    Subject subject = smallSubject();
    const Recipe recipe = *presetRecipe("minmax", 6, 6);
    const auto plan = subject.plan(recipe);
    const exec::Program base = subject.program(*plan);
    const auto runner = subject.runner(base, std::size_t{1} << 20, {});
    EXPECT_GT(runner.boundaries(), 3U);
    double last = 1;
    for (const auto& [value, input] : std::vector<std::pair<std::string, int>>{
             {"p0", 1}, {"q0", 1}, {"sm", 0}, {"f1", 1}, {"f2", 1}, {"logits", 1}}) {
        const SiteId site = test::SmallVit{subject}.at(value, input);
        if (!site.valid() || !(*plan)[site].quantized())
            continue;
        const auto changed = subject.plan(withBits(recipe, subject, site, 3), plan.get());
        const double cost = runner.costOf(subject.program(*changed));
        EXPECT_LE(cost, last) << value;
        EXPECT_GT(cost, 0) << value;
        last = cost;
    }
    EXPECT_LT(last, 0.1); // the head's weight
}

TEST(Incremental, StopsAndStaysUsable)
{
    Subject subject = smallSubject(6);
    const Recipe recipe = *presetRecipe("minmax", 6, 6);
    const auto plan = subject.plan(recipe);
    auto runner = subject.runner(subject.program(*plan), std::size_t{1} << 20, {});
    const Tensor before = runner.logits();
    const SiteId site = test::SmallVit{subject}.at("q0", 1);
    ASSERT_TRUE(site.valid());
    const auto changed = subject.plan(withBits(recipe, subject, site, 2), plan.get());
    const exec::Program variant = subject.program(*changed);

    std::stop_source stop;
    stop.request_stop();
    Context context;
    context.stop = stop.get_token();
    EXPECT_EQ(runner.run(variant, context, "running").error().code, ErrorCode::Cancelled);
    EXPECT_EQ(runner.rebase(variant, context, "running").error().code, ErrorCode::Cancelled);
    EXPECT_TRUE(equalBits(runner.logits(), before));
    const auto found = runner.run(variant, {}, "running");
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_TRUE(equalBits(*found, subject.whole(variant)));
    const SiteId late = test::SmallVit{subject}.at("f2", 1);
    const auto other = subject.plan(withBits(recipe, subject, late, 2), plan.get());
    const auto second = runner.run(subject.program(*other), {}, "running");
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_TRUE(equalBits(*second, subject.whole(subject.program(*other))));
}

TEST(Incremental, SaysWhatIsWrong)
{
    const Subject subject = smallSubject();
    const exec::Program base = subject.program(*subject.plan(*presetRecipe("minmax", 8, 8)));
    EXPECT_EQ(exec::IncrementalRunner::create(base, subject.images, 0, {}, {}, "").error().code,
              ErrorCode::InvalidArgument);
    EXPECT_EQ(exec::IncrementalRunner::create(base, subject.images, 6, {}, {}, "").error().code,
              ErrorCode::InvalidArgument);
    const auto runner = subject.runner(base, 0, {});
    const auto other = graph::parse("input x:1x2\na:1x2 = Relu(x)\noutput a\n");
    ASSERT_TRUE(other);
    EXPECT_EQ(runner.run(*exec::Program::compile({*other, {}}), {}, "").error().code, ErrorCode::InvalidArgument);
}

TEST(Incremental, EqualsWholeRunsOnTheDemo)
{
    auto model = onnx::importModel(QUANTOSCOPE_DEMO_FOLDER "/demo_vit.onnx");
    ASSERT_TRUE(model) << model.error().text();
    const Subject subject(std::move(*model), 4);
    expectEqualToWholeRuns(subject, 25, std::size_t{8} << 20, 2);
}

TEST(Incremental, EqualsWholeRunsOnDeitTiny)
{
    const auto path = test::modelAsset("deit_tiny_patch16_224_b1_op17.onnx");
    if (path.empty())
        GTEST_SKIP() << test::kNoAssets;
    auto model = onnx::importModel(path);
    ASSERT_TRUE(model) << model.error().text();
    const Subject subject(std::move(*model), 3);
    expectEqualToWholeRuns(subject, 20, std::size_t{24} << 20, 2);
}

} // namespace
} // namespace qs::quant
