#include "core/kernels/target.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>

namespace qs::kernels {
namespace {

TEST(Target, EveryAvailableOneCanBeForcedAndTheBestIsTheDefault)
{
    const auto names = availableTargets();
    ASSERT_FALSE(names.empty());
    EXPECT_EQ(names.back(), "scalar");
    for (const std::string& name : names) {
        ASSERT_TRUE(selectTarget(name).has_value());
        EXPECT_EQ(activeTargetName(), name);
        EXPECT_EQ(availableTargets(), names);
    }
    ASSERT_TRUE(selectTarget("").has_value());
    EXPECT_EQ(activeTargetName(), names.front());
}

TEST(Target, UnknownAndUnsupportedAreErrorsThatKeepTheChoice)
{
    const std::string before = activeTargetName();
    const auto unknown = selectTarget("avx9000");
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(unknown.error().text().find("avx9000"), std::string::npos);
    EXPECT_NE(unknown.error().text().find("scalar"), std::string::npos);
    const auto names = availableTargets();
    if (std::find(names.begin(), names.end(), "avx3") == names.end() && names.size() > 1) {
        const auto unsupported = selectTarget("avx3");
        ASSERT_FALSE(unsupported.has_value());
        EXPECT_EQ(unsupported.error().code, ErrorCode::Unsupported);
    }
    EXPECT_EQ(activeTargetName(), before);
}

TEST(Target, EnvironmentVariableIsObeyed)
{
    ::setenv("QUANTOSCOPE_TARGET", "scalar", 1);
    EXPECT_TRUE(selectTarget().has_value());
    EXPECT_EQ(activeTargetName(), "scalar");
    ::setenv("QUANTOSCOPE_TARGET", "abacus", 1);
    EXPECT_FALSE(selectTarget().has_value());
    ::unsetenv("QUANTOSCOPE_TARGET");
    EXPECT_TRUE(selectTarget().has_value());
    EXPECT_EQ(activeTargetName(), availableTargets().front());
}

} // namespace
} // namespace qs::kernels
