// Locked sites keep what they have when another recipe comes.
#include "core/graph/find_sites.h"
#include "core/quant/locks.h"
#include "core/quant/presets.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

using namespace qs;
using namespace qs::quant;

namespace {

class Locks : public ::testing::Test {
protected:
    Locks() : graph(*graph::parse(test::kSmallVit)), sites(graph::findSites(graph))
    {
        first = sites.find("blocks.0.fc1.input");
        second = sites.find("blocks.0.fc2.input");
    }
    int bitsOf(const Recipe& recipe, SiteId id) const { return settingsOf(recipe, sites[id]).bits; }

    graph::Graph graph;
    graph::SiteTable sites;
    SiteId first, second;
    Recipe eight = *presetRecipe("minmax", 8, 8);
};

} // namespace

TEST_F(Locks, LockAndUnlock)
{
    const Recipe locked = withLocks(eight, sites, std::vector{first, second}, true);
    EXPECT_EQ(locked.locked.size(), 2U);
    EXPECT_EQ(withLocks(locked, sites, std::vector{first}, false).locked, std::set<std::string>{sites[second].name});
    EXPECT_EQ(withLocks(locked, sites, std::vector{first, second}, false), eight);
    const Recipe at = lockedAt(eight, sites, std::vector{first}, 3);
    EXPECT_EQ(bitsOf(at, first), 3);
    EXPECT_EQ(bitsOf(at, second), 8);
    EXPECT_TRUE(at.locked.contains(sites[first].name));
}

TEST_F(Locks, KeepEverythingOrTheBits)
{
    Recipe present = lockedAt(eight, sites, std::vector{first}, 3);
    present.overrides[sites[first].name].scheme = Scheme::Asymmetric;
    present.locked.insert("of another model");
    const Recipe four = *presetRecipe("percentile", 4, 4);
    const Recipe whole = keepingLocks(four, present, sites);
    EXPECT_EQ(settingsOf(whole, sites[first]), settingsOf(present, sites[first]));
    EXPECT_EQ(settingsOf(whole, sites[second]), settingsOf(four, sites[second]));
    EXPECT_EQ(whole.locked, present.locked);
    EXPECT_FALSE(whole.overrides.contains("of another model"));
    const Recipe bits = keepingLocks(four, present, sites, KeptByLocks::Bits);
    EXPECT_EQ(bitsOf(bits, first), 3);
    EXPECT_EQ(settingsOf(bits, sites[first]).estimator, settingsOf(four, sites[first]).estimator);
    // Where nothing differs no override is made, and locks of the other recipe do not stay.
    Recipe other = eight;
    other.locked.insert(sites[second].name);
    const Recipe same = keepingLocks(other, eight, sites);
    EXPECT_TRUE(same.locked.empty());
    EXPECT_TRUE(same.overrides.empty());
}
