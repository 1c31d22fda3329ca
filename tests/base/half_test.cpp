#include "core/base/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace qs {
namespace {

TEST(Half, EveryValueOf16BitsStaysItself)
{
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
        const float half = fromFloat16(static_cast<uint16_t>(bits)),
                    upper = fromBFloat16(static_cast<uint16_t>(bits));
        if (std::isnan(half))
            EXPECT_TRUE(std::isnan(roundToFloat16(half)));
        else
            ASSERT_EQ(std::bit_cast<uint32_t>(roundToFloat16(half)), std::bit_cast<uint32_t>(half)) << bits;
        if (std::isnan(upper))
            EXPECT_TRUE(std::isnan(roundToBFloat16(upper)));
        else
            ASSERT_EQ(std::bit_cast<uint32_t>(roundToBFloat16(upper)), std::bit_cast<uint32_t>(upper)) << bits;
    }
}

/// Between two neighbours: the nearer one, and of ties the one whose last bit is 0.
void expectNearest(float (*from)(uint16_t), float (*round)(float), uint16_t lastFinite)
{
    for (uint16_t bits = 0; bits < lastFinite; ++bits) {
        const float low = from(bits), high = from(static_cast<uint16_t>(bits + 1)), middle = low / 2 + high / 2;
        for (const float sign : {1.0F, -1.0F}) {
            ASSERT_EQ(round(sign * middle), sign * (bits % 2 ? high : low)) << bits;
            ASSERT_EQ(round(sign * std::nextafter(middle, low)), sign * low) << bits;
            ASSERT_EQ(round(sign * std::nextafter(middle, high)), sign * high) << bits;
        }
    }
}

TEST(Half, TheNearestIsTaken)
{
    expectNearest(fromFloat16, roundToFloat16, 0x7BFF);
    // In the subnormal numbers of bfloat16 a middle may be no float of its own.
    for (uint16_t bits = 0x0100; bits < 0x7F7F; ++bits) {
        const float low = fromBFloat16(bits), high = fromBFloat16(static_cast<uint16_t>(bits + 1));
        const float middle = low / 2 + high / 2;
        ASSERT_EQ(roundToBFloat16(middle), bits % 2 ? high : low) << bits;
        ASSERT_EQ(roundToBFloat16(std::nextafter(middle, low)), low) << bits;
        ASSERT_EQ(roundToBFloat16(std::nextafter(-middle, -high)), -high) << bits;
    }
}

TEST(Half, LargeOnesAreInfinite)
{
    const float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(roundToFloat16(std::nextafter(65520.0F, 0.0F)), 65504);
    EXPECT_EQ(roundToFloat16(65520), infinity);
    EXPECT_EQ(roundToFloat16(-1e30F), -infinity);
    EXPECT_EQ(roundToFloat16(-infinity), -infinity);
    EXPECT_EQ(roundToBFloat16(std::numeric_limits<float>::max()), infinity);
    EXPECT_TRUE(std::signbit(roundToFloat16(-1e-30F)));
}

} // namespace
} // namespace qs
