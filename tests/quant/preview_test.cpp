// Previews of a site, of a range set by hand and of other quantizers give the numbers that the next plan gives.
#include "core/graph/find_sites.h"
#include "core/quant/clip_preview.h"
#include "core/quant/presets.h"
#include "core/quant/preview.h"
#include "core/quant/resolve.h"
#include "core/quant/site_resolver.h"
#include "core/quant/smoothing.h"
#include "core/quant/trials.h"
#include "core/stats/calibrate.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace qs;
using namespace qs::quant;

namespace {

class Preview : public ::testing::Test {
protected:
    void SetUp() override
    {
        const auto made = stats::calibrate({graph, sites}, test::NoiseImages(8), {}, {});
        ASSERT_TRUE(made) << made.error().text();
        calibration = *made;
        plan = planOf(recipe, nullptr);
        ASSERT_TRUE(plan);
    }
    std::shared_ptr<const Plan> planOf(const Recipe& wanted, const Plan* previous) const
    {
        const auto made = resolve({graph, sites}, calibration, wanted, previous, {});
        EXPECT_TRUE(made) << made.error().text();
        return made ? *made : nullptr;
    }

    graph::Graph graph = *graph::parse(test::kSmallVit);
    graph::SiteTable sites = graph::findSites(graph);
    std::shared_ptr<const stats::Calibration> calibration;
    Recipe recipe = *presetRecipe("minmax", 8, 8);
    std::shared_ptr<const Plan> plan;
};

} // namespace

TEST_F(Preview, EqualsTheNextPlan)
{
    for (const graph::Site& site : sites) {
        for (const int bits : {3, 8, kFloatBits}) {
            Recipe edited = recipe;
            edited.overrides[site.name].bits = bits;
            const auto preview =
                previewSite({graph, sites}, *calibration, site.id, settingsOf(edited, site), plan.get());
            ASSERT_TRUE(preview) << site.name << ": " << preview.error().text();
            const auto planned = planOf(edited, plan.get());
            ASSERT_TRUE(planned);
            const SitePlan& next = (*planned)[site.id];
            EXPECT_EQ((*preview)->settings, next.settings) << site.name;
            EXPECT_EQ((*preview)->quantized(), next.quantized()) << site.name << " " << bits;
            EXPECT_EQ((*preview)->range.low, next.range.low) << site.name << " " << bits;
            EXPECT_EQ((*preview)->range.high, next.range.high) << site.name << " " << bits;
            EXPECT_EQ((*preview)->error.sqnrDb, next.error.sqnrDb) << site.name << " " << bits;
        }
    }
}

TEST_F(Preview, OfAnotherModelsCalibrationIsAnError)
{
    stats::Calibration cut = *calibration;
    cut.sites.pop_back();
    const graph::Site& last = sites[SiteId(static_cast<uint32_t>(sites.size() - 1))];
    EXPECT_FALSE(previewSite({graph, sites}, cut, last.id, settingsOf(recipe, last), nullptr));
}

TEST_F(Preview, OfNoiseHasACurve)
{
    for (const graph::Site& site : sites) {
        const auto curve = noiseCurve({graph, sites}, *calibration, site.id, settingsOf(recipe, site), 2, plan.get());
        ASSERT_TRUE(curve) << site.name << ": " << curve.error().text();
        EXPECT_EQ(!curve->empty(), mayBeSmoothed(graph, site)) << site.name;
    }
}

TEST_F(Preview, OfARangeAgreesWithTheEngine)
{
    for (const graph::Site& site : sites) {
        if (site.kind != graph::SiteKind::Activation)
            continue;
        const stats::SiteStatistics& statistics = calibration->sites[site.id.index()];
        for (const Scheme scheme : {Scheme::Asymmetric, Scheme::Symmetric}) {
            SiteSettings settings = settingsOf(recipe, site);
            settings.bits = 4;
            settings.scheme = scheme;
            settings.granularity = Granularity::Tensor;
            const Range range = allowedRange(0.5 * statistics.low(), 0.5 * statistics.high(), scheme, false);
            settings.estimator.kind = EstimatorKind::Manual;
            settings.estimator.low = range.low;
            settings.estimator.high = range.high;
            const ClipPreview preview = previewClip(statistics, settings, range.low, range.high);
            const auto resolved = resolveSite(graph, site, *calibration, settings, nullptr);
            ASSERT_TRUE(resolved) << resolved.error().text();
            EXPECT_EQ(resolved->grid.scale[0], preview.grid.scale[0]) << site.name;
            EXPECT_EQ(resolved->grid.zeroPoint[0], preview.grid.zeroPoint[0]) << site.name;
            EXPECT_NEAR(resolved->error.sqnrDb, preview.sqnrDb, 0.05) << site.name;
            EXPECT_NEAR(resolved->error.clippedShare, preview.clippedShare, 1e-4) << site.name;
        }
    }
    EXPECT_EQ(allowedRange(0.5, 2, Scheme::Asymmetric, true).low, 0.0);
    EXPECT_EQ(allowedRange(-3, 2, Scheme::Symmetric, true).high, 3.0);
}

TEST_F(Preview, TrialsAreWhatTheNextPlanHas)
{
    for (const graph::Site& site : sites) {
        const SiteSettings settings = settingsOf(recipe, site);
        const auto trials = tryQuantizers({graph, sites}, *calibration, site.id, settings, plan.get(), {});
        if (site.kind != graph::SiteKind::Activation || settings.isFloat()) {
            EXPECT_EQ(trials.error().code, ErrorCode::InvalidArgument) << site.name;
            continue;
        }
        ASSERT_TRUE(trials) << trials.error().text();
        ASSERT_GE(trials->size(), 3U) << site.name; // uniform twice, and others
        for (const QuantizerTrial& trial : *trials) {
            EXPECT_NE(trial.plan == nullptr, trial.problem.empty()) << trial.quantizer;
            if (!trial.plan)
                continue;
            Recipe edited = quant::edited(recipe, sites, std::vector{site.id}, trial.patch());
            const auto planned = planOf(edited, plan.get());
            ASSERT_TRUE(planned);
            const SitePlan& next = (*planned)[site.id];
            EXPECT_TRUE(trial.chosenIn(next.settings)) << trial.quantizer;
            EXPECT_EQ(trial.error.sqnrDb, next.error.sqnrDb) << site.name << " " << trial.quantizer;
            EXPECT_EQ(trial.error.clippedShare, next.error.clippedShare) << site.name << " " << trial.quantizer;
        }
    }
}

TEST_F(Preview, TrialsStop)
{
    const SiteId id = sites.find("blocks.0.fc1.input");
    std::stop_source source;
    source.request_stop();
    Context context;
    context.stop = source.get_token();
    const auto trials =
        tryQuantizers({graph, sites}, *calibration, id, settingsOf(recipe, sites[id]), plan.get(), context);
    ASSERT_FALSE(trials);
    EXPECT_EQ(trials.error().code, ErrorCode::Cancelled);
}

TEST(SuitableQuantizers, AfterTheTransform)
{
    graph::Site site;
    site.kind = graph::SiteKind::Activation;
    stats::SiteStatistics statistics;
    statistics.minimum = {0.5F, 0.25F};
    statistics.maximum = {1, 1};
    const auto all = quantizers();
    const auto count = [&](const std::vector<bool>& suits) { return std::ranges::count(suits, true); };
    const auto before = suitableQuantizers(site, &statistics, nullptr);
    SmoothingPlan smoothing;
    smoothing.transform = {{0.75F, 0.75F}, {1, 2}};
    SitePlan plan;
    plan.smoothing = std::make_shared<const SmoothingPlan>(smoothing);
    const auto after = suitableQuantizers(site, &statistics, &plan);
    ASSERT_EQ(before.size(), all.size());
    EXPECT_LT(count(after), count(before)); // those for positive values alone
    for (std::size_t q = 0; q < all.size(); ++q)
        EXPECT_TRUE(before[q] || !after[q] || all[q].suitsRole(site.role)) << all[q].name;
    EXPECT_GE(count(suitableQuantizers(site, nullptr, nullptr)), count(before));
}
