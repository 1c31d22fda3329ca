#include "core/quant/resolve.h"
#include "core/search/mixed_precision.h"
#include "core/stats/calibrate.h"

#include "core/base/thread_pool.h"
#include "core/quant/evaluate.h"
#include "core/quant/logits.h"
#include "core/quant/presets.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stop_token>

namespace qs::search {
namespace {

class MixedPrecision : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto calibration = stats::calibrate(m_vit, m_images, {}, {});
        ASSERT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;
        m_recipe = *quant::presetRecipe("minmax", 8, 8);
    }

    static Options options(Mode mode, double meanBits)
    {
        Options options;
        options.mode = mode;
        options.budget.meanWeightBits = meanBits;
        options.budget.meanActivationBits = meanBits;
        options.images = 9;
        return options;
    }
    Result<Outcome> search(const Options& options, const Context& context = {},
                           const std::function<void(const Trace&, const Step&)>& onStep = {}) const
    {
        return greedyMixedPrecision(m_vit, m_calibration, m_recipe, m_images, nullptr, options, context, onStep);
    }
    std::shared_ptr<const quant::Plan> resolved(const quant::Recipe& recipe) const
    {
        auto plan = quant::resolve(m_vit, m_calibration, recipe, nullptr, {});
        EXPECT_TRUE(plan) << plan.error().text();
        return *plan;
    }

    test::SmallVit m_vit = test::smallVit();
    test::NoiseImages m_images{9};
    std::shared_ptr<const stats::Calibration> m_calibration;
    quant::Recipe m_recipe;
};

TEST_F(MixedPrecision, FiguresAreThoseOfThePlansAndOfAnEvaluation)
{
    for (const Mode mode : {Mode::Exact, Mode::Lazy, Mode::Table}) {
        const auto outcome = search(options(mode, 5));
        ASSERT_TRUE(outcome) << outcome.error().text();
        EXPECT_TRUE(outcome->met);
        EXPECT_FALSE(outcome->cancelled);
        const Trace& trace = outcome->trace;
        EXPECT_EQ(trace.mode, mode);
        EXPECT_EQ(recipeAt(m_recipe, m_vit.sites, trace, trace.steps.size()), outcome->recipe);
        for (const std::size_t count : {std::size_t{0}, trace.steps.size() / 2, trace.steps.size()}) {
            const Step& step = count == 0 ? trace.start : trace.steps[count - 1];
            const auto plan = resolved(recipeAt(m_recipe, m_vit.sites, trace, count));
            EXPECT_EQ(plan->modelBytes, step.modelBytes);
            EXPECT_DOUBLE_EQ(plan->bops, step.bops);
            EXPECT_DOUBLE_EQ(plan->meanWeightBits, step.meanWeightBits);
            EXPECT_DOUBLE_EQ(plan->meanActivationBits, step.meanActivationBits);
            if (!step.measured)
                continue;
            const auto evaluation = quant::evaluate(m_vit, plan.get(), m_images, 9, nullptr, nullptr, {});
            ASSERT_TRUE(evaluation);
            EXPECT_EQ(evaluation->klDivergence, step.loss) << modeName(mode) << " after " << count;
        }
        EXPECT_LE(trace.steps.back().meanWeightBits, 5);
        EXPECT_LE(trace.steps.back().meanActivationBits, 5);
    }
}

TEST_F(MixedPrecision, ThreadsDoNotMatter)
{
    for (const Mode mode : {Mode::Exact, Mode::Lazy, Mode::Table}) {
        const auto one = search(options(mode, 4.5));
        ASSERT_TRUE(one);
        for (const int threads : {2, 5}) {
            ThreadPool pool(threads);
            Context context;
            context.pool = &pool;
            const auto many = search(options(mode, 4.5), context);
            ASSERT_TRUE(many);
            EXPECT_EQ(many->recipe, one->recipe);
            EXPECT_EQ(many->loss, one->loss);
            EXPECT_EQ(traceToCsv(m_vit.sites, many->trace), traceToCsv(m_vit.sites, one->trace));
        }
    }
}

TEST_F(MixedPrecision, BytesAndBopsAreKept)
{
    const auto full = resolved(m_recipe);
    Options o = options(Mode::Table, 5);
    o.budget = {};
    o.budget.modelBytes = full->modelBytes * 7 / 10;
    o.budget.bops = full->bops * 0.4;
    const auto outcome = search(o);
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->met);
    const auto plan = resolved(outcome->recipe);
    EXPECT_LE(plan->modelBytes, *o.budget.modelBytes);
    EXPECT_LE(plan->bops, *o.budget.bops);
}

TEST_F(MixedPrecision, LockedSitesAndThoseNoBudgetIsAboutKeepTheirBits)
{
    const SiteId locked = m_vit.at("f1", 1);
    m_recipe.activation.bits = 6;
    m_recipe.locked.insert(m_vit.sites[locked].name);
    Options o = options(Mode::Lazy, 4);
    o.budget.meanActivationBits.reset();
    const auto outcome = search(o);
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->met);
    EXPECT_EQ(std::ranges::count(outcome->trace.units, locked), 0);
    const auto plan = resolved(outcome->recipe);
    EXPECT_EQ((*plan)[locked].settings.bits, 8);
    for (const SiteId unit : outcome->trace.units)
        if (m_vit.sites[unit].kind == graph::SiteKind::Activation) {
            EXPECT_EQ((*plan)[unit].settings.bits, m_vit.sites[unit].role == graph::Role::PatchEmbed ? 8 : 6);
        }
}

TEST_F(MixedPrecision, TableEntriesAreOfOneUnitWithAllElseInFloatLockedSitesToo)
{
    m_recipe.overrides[m_vit.sites[m_vit.at("f1", 1)].name].bits = 3;
    m_recipe.locked.insert(m_vit.sites[m_vit.at("f1", 1)].name);
    Options o = options(Mode::Table, 5);
    o.interpolate = false;
    o.fill = false;
    const auto outcome = search(o);
    ASSERT_TRUE(outcome) << outcome.error().text();
    const auto alone = [&](SiteId site, int bits) {
        quant::Recipe recipe = m_recipe;
        for (const graph::Site& other : m_vit.sites)
            recipe.overrides[other.name].bits = other.id == site ? bits : quant::kFloatBits;
        const auto plan = resolved(recipe);
        const auto evaluation = quant::evaluate(m_vit, plan.get(), m_images, 9, nullptr, nullptr, {});
        EXPECT_TRUE(evaluation);
        return evaluation->klDivergence;
    };
    double before = outcome->trace.start.loss;
    for (std::size_t i = 0; i < 5; ++i) {
        const Step& step = outcome->trace.steps[i];
        EXPECT_NEAR(step.loss - before, alone(step.site, step.bitsAfter) - alone(step.site, step.bitsBefore), 1e-12);
        before = step.loss;
    }
}

TEST_F(MixedPrecision, ContinuesAnEditedAllocation)
{
    const auto first = search(options(Mode::Table, 6));
    ASSERT_TRUE(first);
    const quant::Recipe start = m_recipe;
    m_recipe = first->recipe;
    Options o = options(Mode::Table, 5);
    o.fromRecipe = true;
    const auto second = search(o);
    ASSERT_TRUE(second);
    EXPECT_TRUE(second->met);
    EXPECT_EQ(second->trace.startBits, first->trace.bitsAfter(first->trace.steps.size()));
    EXPECT_EQ(second->trace.start.loss, first->loss);
}

TEST_F(MixedPrecision, CancelKeepsWhatWasFound)
{
    const auto complete = search(options(Mode::Lazy, 4));
    ASSERT_TRUE(complete);
    std::stop_source stop;
    Context context;
    context.stop = stop.get_token();
    std::size_t seen = 0;
    const auto outcome = search(options(Mode::Lazy, 4), context, [&](const Trace& trace, const Step& step) {
        EXPECT_EQ(&trace.steps.back(), &step);
        EXPECT_EQ(trace.steps.size(), ++seen);
        if (seen == 10)
            stop.request_stop();
    });
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->cancelled);
    EXPECT_FALSE(outcome->met);
    ASSERT_EQ(outcome->trace.steps.size(), 10u);
    EXPECT_EQ(outcome->recipe, recipeAt(m_recipe, m_vit.sites, complete->trace, 10));
    EXPECT_EQ(outcome->loss, complete->trace.steps[9].loss);
}

TEST_F(MixedPrecision, Top1NeedsLabels)
{
    Options o = options(Mode::Table, 4);
    o.performance = Performance::Top1;
    auto outcome = search(o);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::InvalidArgument);

    const auto reference = quant::floatReference(m_vit, m_images, 9, {});
    m_images.labels = [&](std::size_t i) -> std::optional<int> {
        return i == 4 ? std::nullopt
                      : std::optional(quant::topClasses(reference->logits->floats().subspan(i * 5, 5), 1)[0]);
    };
    outcome = search(o);
    ASSERT_TRUE(outcome) << outcome.error().text();
    const auto plan = resolved(outcome->recipe);
    const auto evaluation = quant::evaluate(m_vit, plan.get(), m_images, 9, nullptr, nullptr, {});
    EXPECT_DOUBLE_EQ(outcome->loss, 1 - *evaluation->top1);
}

TEST_F(MixedPrecision, RefusesWhatMakesNoSense)
{
    const auto refused = [&](const Options& o) {
        const auto outcome = search(o);
        return !outcome && outcome.error().code == ErrorCode::InvalidArgument;
    };
    Options o = options(Mode::Lazy, 5);
    o.budget = {};
    EXPECT_TRUE(refused(o));
    EXPECT_TRUE(refused(options(Mode::Lazy, 0)));
    o = options(Mode::Lazy, 5);
    o.minBits = 7;
    o.maxBits = 6;
    EXPECT_TRUE(refused(o));
    o = options(Mode::Lazy, 5);
    o.images = 0;
    EXPECT_TRUE(refused(o));
    m_recipe = *quant::presetRecipe("minmax", quant::kFloatBits, quant::kFloatBits);
    EXPECT_TRUE(refused(options(Mode::Lazy, 5)));
}

TEST_F(MixedPrecision, ABudgetOutOfReachIsSaid)
{
    const auto outcome = search(options(Mode::Table, 2));
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->met);
    EXPECT_EQ(outcome->trace.steps.back().meanWeightBits, 3);
}

TEST_F(MixedPrecision, TraceAsCsv)
{
    const auto outcome = search(options(Mode::Table, 6));
    ASSERT_TRUE(outcome);
    const std::string csv = traceToCsv(m_vit.sites, outcome->trace);
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(csv, '\n')), outcome->trace.steps.size() + 2);
    EXPECT_TRUE(csv.starts_with("step,site,from,to,loss,measured,"));
    const Step& first = outcome->trace.steps[0];
    EXPECT_NE(csv.find("\n1," + m_vit.sites[first.site].name + ",8,7,"), std::string::npos) << csv;
}

} // namespace
} // namespace qs::search
