#include "core/base/context.h"
#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/stopwatch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace qs {
namespace {

TEST(Error, SaysWhereAndWhat)
{
    EXPECT_EQ((Error{ErrorCode::Io, "cannot write", "a/b.json"}).text(), "a/b.json: cannot write");
    EXPECT_EQ((Error{ErrorCode::Io, "cannot write", ""}).text(), "cannot write");
    EXPECT_EQ(cancelled().value().code, ErrorCode::Cancelled);
}

TEST(Error, CodesHaveNamesOfTheirOwn)
{
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::Internal); ++code) {
        const std::string_view name = errorCodeName(static_cast<ErrorCode>(code));
        EXPECT_FALSE(name.empty());
        EXPECT_TRUE(names.insert(name).second) << name;
    }
}

Result<int> half(int number)
{
    if (number % 2 != 0)
        return fail(ErrorCode::InvalidArgument, std::to_string(number) + " is odd", "half");
    return number / 2;
}

Result<int> quarter(int number)
{
    QS_ASSIGN(const int once, half(number));
    QS_CHECK(half(once));
    return *half(once);
}

TEST(Error, MacrosHandItOnUnchanged)
{
    EXPECT_EQ(*quarter(12), 3);
    for (const int number : {7, 6}) {
        const auto result = quarter(number);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(result.error().text(), number == 7 ? "half: 7 is odd" : "half: 3 is odd");
    }
}

TEST(Ids, AreInvalidUntilGivenAndOrdered)
{
    EXPECT_FALSE(NodeId().valid());
    EXPECT_TRUE(NodeId(std::size_t{0}).valid());
    EXPECT_LT(NodeId(), NodeId(std::size_t{0}));
    EXPECT_LT(NodeId(std::size_t{3}), NodeId(std::size_t{4}));
    std::unordered_set<SiteId> sites{SiteId(std::size_t{1}), SiteId(std::size_t{1}), SiteId()};
    EXPECT_EQ(sites.size(), 2U);
}

TEST(Context, ReportsInOrderAndOnlyWhereAsked)
{
    Context context;
    context.progress("nobody listens", 1, 2);
    std::vector<std::string> seen;
    context.report = [&](const Progress& progress) {
        seen.push_back(std::string(progress.stage) + ' ' + std::to_string(progress.done) + '/' +
                       std::to_string(progress.total));
    };
    context.progress("calibrating", 0, 3);
    context.progress("calibrating", 3, 3);
    EXPECT_THAT(seen, testing::ElementsAre("calibrating 0/3", "calibrating 3/3"));
    EXPECT_EQ(context.threads(), 1);
    ThreadPool pool(3);
    context.pool = &pool;
    EXPECT_EQ(context.threads(), 3);
}

TEST(Context, IsStoppedFromAnotherThread)
{
    Context context;
    EXPECT_FALSE(context.stopRequested());
    std::stop_source source;
    context.stop = source.get_token();
    const Context copy = context;
    std::thread([&] { source.request_stop(); }).join();
    EXPECT_TRUE(context.stopRequested());
    EXPECT_TRUE(copy.stopRequested());
}

TEST(Doubt, IsOneLineWithItsCure)
{
    EXPECT_EQ((Doubt{DoubtKind::Labels, "3 of 5 images have labels", ""}).text(), "3 of 5 images have labels");
    EXPECT_EQ((Doubt{DoubtKind::Labels, "a", "b"}).text(), "a: b");
    std::set<std::string_view> names;
    for (int kind = 0; kind <= static_cast<int>(DoubtKind::Assumption); ++kind)
        EXPECT_TRUE(names.insert(doubtName(static_cast<DoubtKind>(kind))).second) << kind;
}

TEST(Stopwatch, AddsUpAndNeverGoesBack)
{
    double sum = 1;
    const Stopwatch watch;
    double before = 0;
    for (int i = 0; i < 1000; ++i) {
        const AddsSeconds adds(sum);
        EXPECT_GE(watch.seconds(), before);
        before = watch.seconds();
    }
    EXPECT_GE(sum, 1);
    EXPECT_LE(sum - 1, watch.seconds());
}

} // namespace
} // namespace qs
