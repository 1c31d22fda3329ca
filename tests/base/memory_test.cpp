#include "core/base/memory.h"

#include <gtest/gtest.h>

#include <cstdint>

#include <sys/resource.h>

namespace qs {
namespace {

TEST(Memory, ReadsWhatTheSystemSays)
{
    EXPECT_EQ(memAvailable("MemTotal:  100 kB\nMemAvailable:   1234 kB\nSwapFree: 9 kB\n"), 1234U * 1024);
    EXPECT_EQ(memAvailable("MemTotal:  100 kB\n"), SIZE_MAX);
    EXPECT_EQ(memAvailable(""), SIZE_MAX);
    EXPECT_EQ(memoryLeft("max\n", "5\n"), SIZE_MAX);
    EXPECT_EQ(memoryLeft("", ""), SIZE_MAX);
    EXPECT_EQ(memoryLeft("1000\n", "400\n"), 600U);
    EXPECT_EQ(memoryLeft("1000\n", "4000\n"), 0U);
    EXPECT_EQ(memoryLeft("1000\n", ""), 1000U);
}

TEST(Memory, IsWrittenForPeople)
{
    EXPECT_EQ(memoryText(0), "0 MB");
    EXPECT_EQ(memoryText(730'400'000), "730 MB");
    EXPECT_EQ(memoryText(12'340'000'000), "12.3 GB");
}

TEST(Memory, TheAddressSpaceLimits)
{
    const MemoryLimit before = availableMemory();
    EXPECT_GT(before.bytes, 0U);
    rlimit old{};
    ASSERT_EQ(getrlimit(RLIMIT_AS, &old), 0);
    rlimit none = old;
    none.rlim_cur = 1 << 20; // less than is in use: nothing is left; what is mapped stays
    ASSERT_EQ(setrlimit(RLIMIT_AS, &none), 0);
    const MemoryLimit limited = availableMemory();
    ASSERT_EQ(setrlimit(RLIMIT_AS, &old), 0);
    EXPECT_EQ(limited.bytes, 0U);
    EXPECT_EQ(limited.source, "of the limit of the address space");
}

} // namespace
} // namespace qs
