#include "core/stats/product_samples.h"

#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace qs::stats {
namespace {

constexpr std::size_t kRuns = 23;

/// Every value tells its site's side, run and place, exact in float.
std::vector<float> tagged(const graph::Site& site, std::size_t run)
{
    std::vector<float> values(static_cast<std::size_t>(site.elements()));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(run * values.size() + i);
    return values;
}

std::vector<ProductSample> sampled(const graph::SiteTable& sites, uint64_t seed, bool backwards = false)
{
    ProductSampler sampler(sites, kRuns, seed);
    for (std::size_t i = 0; i < kRuns; ++i) {
        const std::size_t run = backwards ? kRuns - 1 - i : i;
        auto observed = test::activationSites(sites);
        if (backwards)
            std::ranges::reverse(observed);
        for (const SiteId id : observed)
            sampler.offer(id, run, tagged(sites[id], run));
    }
    return sampler.finish();
}

TEST(ProductSamples, KeepsBothOperandsOfTheSameSlices)
{
    const auto vit = test::smallVit();
    const auto samples = sampled(vit.sites, 7);
    ASSERT_EQ(samples.size(), 2U);
    for (const ProductSample& sample : samples) {
        const Shape& left = sample.leftValues.shape();
        const Shape& right = sample.rightValues.shape();
        EXPECT_EQ(left[0], static_cast<int64_t>(kProductSlices));
        EXPECT_EQ(right[0], left[0]);
        EXPECT_EQ(right[1], left[2]); // contracted
        // 2 heads of 4 × 4 values a run: the slice is the whole number of 16ths.
        std::set<int> slices;
        for (int64_t s = 0; s < left[0]; ++s) {
            const auto slice = [&](const Tensor& tensor, int64_t count) {
                std::set<int> found;
                for (int64_t i = 0; i < count; ++i)
                    found.insert(static_cast<int>(tensor.floats()[static_cast<std::size_t>(s * count + i)]) / 16);
                EXPECT_EQ(found.size(), 1U);
                return *found.begin();
            };
            const int of = slice(sample.leftValues, left[1] * left[2]);
            EXPECT_EQ(of, slice(sample.rightValues, right[1] * right[2]));
            slices.insert(of);
        }
        EXPECT_EQ(slices.size(), kProductSlices); // each once
        EXPECT_LT(*slices.begin(), 4);            // from the first to the last images
        EXPECT_GE(*slices.rbegin(), static_cast<int>(2 * kRuns) - 4);
        // Whole slices are small enough here: nothing is left out, in order.
        const auto values = sample.rightValues.floats();
        EXPECT_EQ(right[1] * right[2], 16);
        for (std::size_t i = 0; i < values.size(); ++i)
            EXPECT_EQ(static_cast<int>(values[i]) % 16, static_cast<int>(i % 16));
    }
}

TEST(ProductSamples, DoesNotDependOnTheOrder)
{
    const auto vit = test::smallVit();
    const auto forwards = sampled(vit.sites, 7);
    const auto backwards = sampled(vit.sites, 7, true);
    const auto other = sampled(vit.sites, 8);
    bool differs = false;
    for (std::size_t i = 0; i < forwards.size(); ++i) {
        EXPECT_TRUE(std::ranges::equal(forwards[i].leftValues.floats(), backwards[i].leftValues.floats()));
        EXPECT_TRUE(std::ranges::equal(forwards[i].rightValues.floats(), backwards[i].rightValues.floats()));
        differs |= !std::ranges::equal(forwards[i].leftValues.floats(), other[i].leftValues.floats());
    }
    EXPECT_TRUE(differs);
}

TEST(ProductSamples, LargeSlicesAreThinned)
{
    const auto vit = test::smallVit(R"(input x:1x3x100x70
input y:1x3x70x90
y1:1x3x70x90 = MatMul(x, y)
output y1
)");
    const auto samples = sampled(vit.sites, 1);
    ASSERT_EQ(samples.size(), 1U);
    const Tensor& left = samples[0].leftValues;
    const Tensor& right = samples[0].rightValues;
    EXPECT_EQ(left.shape(), (Shape{16, static_cast<int64_t>(kProductRows), 70}));
    EXPECT_EQ(right.shape(), (Shape{16, 70, static_cast<int64_t>(kProductColumns)}));
    for (std::size_t row = 0; row < 16 * kProductRows; ++row) // rows are whole, and ascend
        for (std::size_t c = 1; c < 70; ++c)
            EXPECT_EQ(left.floats()[row * 70 + c], left.floats()[row * 70] + static_cast<float>(c));
    for (std::size_t c = 1; c < kProductColumns; ++c)
        EXPECT_LT(right.floats()[c - 1], right.floats()[c]);
}

/// Element-wise operators of two residual sums read sites of the coverage Full: no product, whether sizes would fit
/// (4 × 4) or not (4 × 6, where calibrate wrote a file that nobody could read).
TEST(ProductSamples, AreOfMatMulsAlone)
{
    for (const std::string shape : {"1x3x4x4", "1x4x4x6"})
        for (const std::string op : {"Mul", "Sub", "Max"}) {
            const auto vit = test::smallVit("input x:" + shape + "\na:" + shape + " = Sigmoid(x)\nb:" + shape +
                                            " = Tanh(x)\nr1:" + shape + " = Add(a, b)\nr2:" + shape +
                                            " = Add(r1, a)\ny:" + shape + " = " + op + "(r1, r2)\noutput y\n");
            const SiteId left = vit.at("y", 0);
            ASSERT_TRUE(left.valid() && vit.at("y", 1).valid()) << op; // both are sites, and meet in one node
            EXPECT_TRUE(productChoices(vit.sites, 3, 1).empty()) << op << " " << shape;
        }
}

} // namespace
} // namespace qs::stats
