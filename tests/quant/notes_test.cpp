// What is worth knowing of sites and plans: zero points that overflow, starved channels, the guard, warnings once.
#include "core/quant/notes.h"
#include "core/quant/plan_warnings.h"

#include <gtest/gtest.h>

using namespace qs;
using namespace qs::quant;

namespace {

stats::SiteStatistics channels(std::vector<float> minimum, std::vector<float> maximum)
{
    stats::SiteStatistics statistics;
    statistics.values = 100;
    statistics.minimum = std::move(minimum);
    statistics.maximum = std::move(maximum);
    return statistics;
}

SiteSettings asymmetric(Granularity granularity, ZeroPoint rule)
{
    SiteSettings settings;
    settings.granularity = granularity;
    settings.zeroPoint = rule;
    return settings;
}

} // namespace

TEST(SiteNotes, ARangeWithoutZeroOverflows)
{
    // [3, 5] at 8 bits: s = 2 / 255 as a float, rne(-3 / s) = -382.
    const auto statistics = channels({3, 3.5}, {5, 4});
    for (const ZeroPoint rule : {ZeroPoint::Clamped, ZeroPoint::ZeroInRange, ZeroPoint::Wide}) {
        const auto notes = notesOf(asymmetric(Granularity::Tensor, rule), statistics);
        ASSERT_EQ(notes.size(), 1U);
        const auto& overflow = std::get<ZeroPointOverflow>(notes[0]);
        EXPECT_EQ(overflow.zeroPoint, -382);
        EXPECT_EQ(overflow.overflowing, 0U);
        EXPECT_DOUBLE_EQ(overflow.widening(), 2.5);
    }
    // Of channels the one that misses the codes by most is named.
    const auto each = notesOf(asymmetric(Granularity::Channel, ZeroPoint::Clamped), statistics);
    ASSERT_EQ(each.size(), 1U);
    const auto& worst = std::get<ZeroPointOverflow>(each[0]);
    EXPECT_EQ(worst.overflowing, 2U);
    EXPECT_EQ(worst.channel, 1U);
    EXPECT_EQ(worst.range.low, 3.5);
    EXPECT_EQ(worst.range.high, 4);
    // All negative: beyond the other end. The step is a float, a little above 2 / 255: 637.49999 codes.
    const auto negative = notesOf(asymmetric(Granularity::Tensor, ZeroPoint::Clamped), channels({-5, -5}, {-3, -3}));
    ASSERT_EQ(negative.size(), 1U);
    EXPECT_EQ(std::get<ZeroPointOverflow>(negative[0]).zeroPoint, 637);
}

TEST(SiteNotes, ZeroInTheRangeIsNoOverflow)
{
    const auto rule = ZeroPoint::Clamped;
    EXPECT_TRUE(notesOf(asymmetric(Granularity::Tensor, rule), channels({-1, 3}, {1, 5})).empty());
    EXPECT_EQ(notesOf(asymmetric(Granularity::Channel, rule), channels({-1, 3}, {1, 5})).size(), 1U);
    EXPECT_TRUE(notesOf(asymmetric(Granularity::Channel, rule), channels({0, -3}, {1, 0})).empty());
    EXPECT_TRUE(notesOf(asymmetric(Granularity::Channel, rule), channels({2, 0}, {2, 0})).empty()); // no width
    // Hardly above 0: rounds to the first code.
    EXPECT_TRUE(notesOf(asymmetric(Granularity::Tensor, rule), channels({1e-4F, 1e-4F}, {1, 1})).empty());
    auto settings = asymmetric(Granularity::Channel, rule);
    settings.scheme = Scheme::Symmetric;
    EXPECT_TRUE(notesOf(settings, channels({3, 3}, {5, 5})).empty());
    settings = asymmetric(Granularity::Channel, rule);
    settings.bits = kFloatBits;
    EXPECT_TRUE(notesOf(settings, channels({3, 3}, {5, 5})).empty());
    settings = asymmetric(Granularity::Channel, rule);
    settings.smoothing.kind = SmoothingKind::Shift;
    EXPECT_TRUE(notesOf(settings, channels({3, 3}, {5, 5})).empty());
    EXPECT_TRUE(notesOf(asymmetric(Granularity::Channel, rule), {}).empty()); // nothing was seen
}

TEST(SiteNotes, StarvedChannelsAreCounted)
{
    auto settings = asymmetric(Granularity::Tensor, ZeroPoint::ZeroInRange);
    // Steps of 20 / 255: channels narrower than 0.627 have fewer than 8 levels. One of five is no quarter.
    const std::vector<float> low{-10, -5, -5, -5, -0.3F};
    const std::vector<float> high{10, 5, 5, 5, 0.3F};
    EXPECT_TRUE(notesOf(settings, channels(low, high)).empty());
    const auto notes = notesOf(settings, channels({-10, -5, -0.3F, -0.1F}, {10, 5, 0.3F, 0.1F}));
    ASSERT_EQ(notes.size(), 1U);
    const auto& found = std::get<StarvedChannels>(notes[0]);
    EXPECT_EQ(found.starved, 2U);
    EXPECT_EQ(found.used, 4U);
    EXPECT_NEAR(found.dynamicRange, 100, 1e-4);
    // Fewer bits starve more of them; a scale for each starves none.
    settings.bits = 4;
    EXPECT_EQ(std::get<StarvedChannels>(notesOf(settings, channels(low, high)).at(0)).starved, 4U);
    settings.granularity = Granularity::Channel;
    EXPECT_TRUE(notesOf(settings, channels(low, high)).empty());
}

TEST(SiteNotes, OfASiteWithItsRoleAndTheGuard)
{
    const auto settings = asymmetric(Granularity::Tensor, ZeroPoint::ZeroInRange);
    const auto statistics = channels({-10, -5, -0.3F, -0.1F}, {10, 5, 0.3F, 0.1F});
    graph::Site site;
    site.id = SiteId(std::size_t{0});
    site.kind = graph::SiteKind::Activation;
    EXPECT_EQ(notesOf(site, settings, &statistics, nullptr).size(), 1U);
    EXPECT_TRUE(notesOf(site, settings, nullptr, nullptr).empty());
    site.role = graph::Role::SoftmaxOutput; // its channels are tokens
    EXPECT_TRUE(notesOf(site, settings, &statistics, nullptr).empty());
    GuardReport guard;
    guard.groups.push_back({{site.id}, 3, 2, true});
    site.kind = graph::SiteKind::Weight;
    const auto notes = notesOf(site, settings, &statistics, &guard);
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(std::get<GuardTook>(notes[0]).times, 1.5);
    guard.groups[0].replaced = false;
    EXPECT_TRUE(notesOf(site, settings, &statistics, &guard).empty());
}

TEST(PlanWarnings, EachKindOnceAndNoSiteTwice)
{
    PlanWarnings warnings;
    const std::vector<std::string> first{"blocks.0.fc1.input: 3.1 % of the values are clipped",
                                         "blocks.1.fc1.input: 12.0 % of the values are clipped",
                                         "blocks.2.fc1.input: the activation is constant", "nothing is quantized"};
    const auto lines = warnings.fresh(first);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0].site, "blocks.0.fc1.input");
    EXPECT_EQ(lines[0].text, "3.1 % of the values are clipped");
    EXPECT_EQ(lines[0].others, 1U);
    EXPECT_EQ(lines[1].others, 0U);
    EXPECT_EQ(lines[2].site, "");
    // Another share at the same site is no news; another site is.
    const std::vector<std::string> later{"blocks.0.fc1.input: 4.5 % of the values are clipped",
                                         "blocks.3.fc1.input: 2.2 % of the values are clipped"};
    const auto news = warnings.fresh(later);
    ASSERT_EQ(news.size(), 1U);
    EXPECT_EQ(news[0].site, "blocks.3.fc1.input");
    EXPECT_TRUE(warnings.fresh(first).empty());
    warnings.clear();
    EXPECT_EQ(warnings.fresh(first).size(), 3U);
}
