#include "core/search/candidate_race.h"

#include "core/base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <stop_token>

#include <gtest/gtest.h>

namespace qs::search {
namespace {

using Table = std::vector<std::vector<double>>; ///< by candidate and run

Table randomTable(unsigned seed, std::size_t candidates, std::size_t runs)
{
    std::mt19937 random(seed);
    std::lognormal_distribution<double> size(0, 2);
    std::uniform_real_distribution<double> noise(0.5, 1.5);
    std::vector<double> ofRun(runs);
    for (double& value : ofRun)
        value = size(random);
    Table table(candidates, std::vector<double>(runs));
    for (auto& row : table) {
        const double ofCandidate = size(random);
        for (std::size_t r = 0; r < runs; ++r)
            row[r] = ofCandidate * ofRun[r] * noise(random);
    }
    return table;
}

RaceResult raceOf(const Table& table, bool whole, const Context& context = {})
{
    const Contender contender = [&](std::size_t candidate) -> Result<RunError> {
        return RunError([&table, candidate](std::size_t run) -> Result<double> { return table[candidate][run]; });
    };
    const auto result = race(table.size(), table[0].size(), contender, whole, context);
    EXPECT_TRUE(result);
    return *result;
}

TEST(CandidateRace, FindsTheSmallestSumAtAFractionOfTheCost)
{
    ThreadPool pool(3);
    Context threads;
    threads.pool = &pool;
    std::size_t spent = 0;
    std::size_t all = 0;
    for (unsigned seed = 0; seed < 50; ++seed) {
        const Table table = randomTable(seed, 101, 17);
        const RaceResult whole = raceOf(table, true);
        const RaceResult fast = raceOf(table, false);
        EXPECT_EQ(fast.best, whole.best);
        EXPECT_EQ(fast.errors[fast.best], whole.errors[whole.best]);
        EXPECT_EQ(whole.evaluations, 101U * 17U);
        spent += fast.evaluations;
        all += whole.evaluations;
        std::size_t smallest = table.size() - 1;
        for (std::size_t c = 0; c < table.size(); ++c) {
            EXPECT_EQ(whole.errors[c], std::accumulate(table[c].begin(), table[c].end(), 0.0));
            EXPECT_GE(fast.errors[c], fast.errors[fast.best]); // estimates never look better than the best
            if (whole.errors[c] < whole.errors[smallest])
                smallest = c;
        }
        EXPECT_EQ(whole.best, smallest);
        const RaceResult many = raceOf(table, false, threads);
        EXPECT_EQ(many.best, fast.best);
        EXPECT_EQ(many.errors, fast.errors);
    }
    EXPECT_LT(spent, all / 4);
}

TEST(CandidateRace, TheIncumbentWinsTiesThenTheFirst)
{
    const Table table{{3, 1}, {1, 1}, {1, 1}, {2, 2}};
    EXPECT_EQ(raceOf(table, false).best, 1U);
    const Table tied{{2, 2}, {1, 3}, {3, 1}};
    EXPECT_EQ(raceOf(tied, false).best, 2U);
    // Sums of the same numbers in another order.
    const Table order{{0.1, 0.2, 0.3}, {0.3, 0.2, 0.1}};
    EXPECT_EQ(raceOf(order, false).best, raceOf(order, true).best);
    const Table zero{{0, 0}, {0, 0}};
    EXPECT_EQ(raceOf(zero, false).best, 1U);
    EXPECT_EQ(raceOf({{5, 5, 5}}, false).best, 0U); // the incumbent alone
}

TEST(CandidateRace, PassesOnWhatFails)
{
    const Contender broken = [](std::size_t candidate) -> Result<RunError> {
        if (candidate == 2)
            return fail(ErrorCode::Io, "no such candidate");
        return RunError([](std::size_t) -> Result<double> { return 1.0; });
    };
    EXPECT_EQ(race(5, 3, broken, false, {}).error().code, ErrorCode::Io);
    EXPECT_EQ(race(0, 3, broken, false, {}).error().code, ErrorCode::InvalidArgument);
    std::stop_source stop;
    stop.request_stop();
    Context context;
    context.stop = stop.get_token();
    EXPECT_EQ(race(2, 3, broken, false, context).error().code, ErrorCode::Cancelled);
}

} // namespace
} // namespace qs::search
