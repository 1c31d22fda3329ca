#include "core/search/greedy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

namespace qs::search {
namespace {

constexpr int kMin = 3;
constexpr int kMax = 8;

/// Losses that add up over the units: table[unit][bits].
class TableOracle : public LossOracle {
public:
    explicit TableOracle(std::vector<std::map<int, double>> table) : m_table(std::move(table)) {}

    double lossOf(std::span<const int> bits) const
    {
        double sum = 0;
        for (std::size_t u = 0; u < bits.size(); ++u)
            sum += m_table[u].at(bits[u]);
        return sum;
    }
    Result<double> moveTo(std::span<const int> bits) override
    {
        m_bits.assign(bits.begin(), bits.end());
        return lossOf(bits);
    }
    Result<std::vector<double>> losses(std::span<const Move> moves, std::string_view) override
    {
        std::vector<double> result;
        for (const Move& move : moves) {
            if (++evaluations > allowed)
                return cancelled();
            auto bits = m_bits;
            bits[move.unit] = move.bits;
            result.push_back(lossOf(bits));
        }
        return result;
    }

    std::size_t evaluations = 0;
    std::size_t allowed = SIZE_MAX;

private:
    std::vector<std::map<int, double>> m_table;
    std::vector<int> m_bits;
};

/// Convex and falling in bits, as quantization errors are: differences grow towards few bits.
std::map<int, double> convexLosses(std::mt19937& engine, double leastFactor)
{
    std::uniform_real_distribution<double> factor(leastFactor, leastFactor + 3.9);
    std::uniform_real_distribution<double> first(0.001, 1);
    std::map<int, double> result{{kMax, 0}};
    double difference = first(engine);
    for (int bits = kMax - 1; bits >= kMin - 1; --bits) {
        result[bits] = result[bits + 1] + difference;
        difference *= factor(engine);
    }
    return result;
}

std::vector<std::map<int, double>> convexTable(std::mt19937& engine, std::size_t units, double leastFactor = 4)
{
    std::vector<std::map<int, double>> table;
    for (std::size_t u = 0; u < units; ++u)
        table.push_back(convexLosses(engine, leastFactor));
    return table;
}

GreedyProblem problem(const std::vector<double>& sizes, double meanBits, Mode mode)
{
    GreedyProblem p;
    p.start.assign(sizes.size(), kMax);
    p.minBits = kMin;
    p.maxBits = kMax;
    p.mode = mode;
    p.cost = [sizes](std::span<const int> bits) {
        return Amounts{std::inner_product(sizes.begin(), sizes.end(), bits.begin(), 0.0)};
    };
    p.limits[0] = meanBits * std::accumulate(sizes.begin(), sizes.end(), 0.0);
    return p;
}

/// The smallest loss of all allocations within the limit.
double exhaustive(const GreedyProblem& p, const TableOracle& oracle)
{
    double best = kNoLimit;
    std::vector<int> bits(p.start.size(), kMin);
    for (;;) {
        if (p.cost(bits)[0] <= p.limits[0])
            best = std::min(best, oracle.lossOf(bits));
        std::size_t u = 0;
        while (u < bits.size() && bits[u] == kMax)
            bits[u++] = kMin;
        if (u == bits.size())
            return best;
        ++bits[u];
    }
}

GreedyResult solve(const GreedyProblem& p, LossOracle& oracle)
{
    auto result = greedy(p, oracle, {});
    EXPECT_TRUE(result) << result.error().text();
    return *result;
}

constexpr Mode kModes[] = {Mode::Exact, Mode::Lazy, Mode::Table};

TEST(Greedy, EqualsExhaustiveOnConvexTablesOfEqualSizes)
{
    std::mt19937 engine(1);
    for (int round = 0; round < 200; ++round) {
        const bool steep = round % 2 == 0; // what Lazy needs
        TableOracle oracle(convexTable(engine, 5, steep ? 4 : 1.1));
        const double mean = std::uniform_int_distribution(16, 38)(engine) / 5.0;
        const double optimum = exhaustive(problem({7, 7, 7, 7, 7}, mean, Mode::Exact), oracle);
        for (const Mode mode : kModes) {
            if (mode == Mode::Lazy && !steep)
                continue;
            const auto result = solve(problem({7, 7, 7, 7, 7}, mean, mode), oracle);
            EXPECT_TRUE(result.met);
            EXPECT_NEAR(result.loss / optimum, 1, 1e-9) << modeName(mode) << ", round " << round;
        }
    }
}

TEST(Greedy, WithTheFillPassIsNoWorseThanUniformOnUnequalSizes)
{
    std::mt19937 engine(2);
    std::size_t filled = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<double> sizes;
        for (int u = 0; u < 12; ++u)
            sizes.push_back(std::uniform_int_distribution(1, 40)(engine));
        TableOracle oracle(convexTable(engine, sizes.size(), 1.1));
        for (const int uniform : {4, 5, 6, 7}) {
            const auto p = problem(sizes, uniform, Mode::Table);
            const auto result = solve(p, oracle);
            EXPECT_TRUE(result.met);
            EXPECT_LE(result.steps.back().cost, 1);
            EXPECT_LE(result.loss, oracle.lossOf(std::vector<int>(sizes.size(), uniform))) << round;
            auto unfilled = p;
            unfilled.fill = false;
            const auto other = solve(unfilled, oracle);
            EXPECT_EQ(other.steps.size(), result.fillFrom);
            EXPECT_LE(result.loss, other.loss);
            filled += result.steps.size() > result.fillFrom ? 1 : 0;
        }
    }
    EXPECT_GT(filled, 100u);
}

TEST(Greedy, KeepsItsPromisesAboutTheTrace)
{
    std::mt19937 engine(3);
    for (int round = 0; round < 50; ++round) {
        std::vector<double> sizes;
        for (int u = 0; u < 20; ++u)
            sizes.push_back(std::uniform_int_distribution(1, 1000)(engine));
        TableOracle oracle(convexTable(engine, sizes.size()));
        for (const Mode mode : kModes) {
            const auto p = problem(sizes, 4.3, mode);
            const auto result = solve(p, oracle);
            ASSERT_TRUE(result.met);
            auto bits = p.start;
            double cost = result.startCost;
            for (std::size_t i = 0; i < result.steps.size(); ++i) {
                const GreedyStep& step = result.steps[i];
                EXPECT_EQ(bits[step.unit], step.bitsBefore);
                EXPECT_EQ(step.bitsAfter - step.bitsBefore, i < result.fillFrom ? -1 : 1);
                bits[step.unit] = step.bitsAfter;
                EXPECT_GE(step.bitsAfter, kMin);
                EXPECT_LE(step.bitsAfter, kMax);
                if (i < result.fillFrom) {
                    EXPECT_LT(step.cost, cost);
                }
                cost = step.cost;
                EXPECT_EQ(step.measured, mode != Mode::Table);
                EXPECT_NEAR(step.loss, oracle.lossOf(bits), 1e-9);
                EXPECT_EQ(step.amounts, p.cost(bits));
            }
            EXPECT_LE(cost, 1);
            EXPECT_EQ(bits, result.bits);
            // One step less would have been over the budget.
            const double before = result.fillFrom > 1 ? result.steps[result.fillFrom - 2].cost : result.startCost;
            EXPECT_GT(before, 1);
        }
    }
}

TEST(Greedy, OrderOfTheUnitsDoesNotMatter)
{
    std::mt19937 engine(4);
    for (int round = 0; round < 50; ++round) {
        std::vector<double> sizes;
        for (int u = 0; u < 10; ++u)
            sizes.push_back(std::uniform_int_distribution(1, 100)(engine));
        const auto table = convexTable(engine, sizes.size());
        std::vector<std::size_t> order(sizes.size());
        std::iota(order.begin(), order.end(), 0);
        std::ranges::shuffle(order, engine);
        std::vector<double> otherSizes;
        std::vector<std::map<int, double>> otherTable;
        for (const std::size_t u : order) {
            otherSizes.push_back(sizes[u]);
            otherTable.push_back(table[u]);
        }
        TableOracle oracle(table);
        TableOracle other(otherTable);
        for (const Mode mode : kModes) {
            const auto a = solve(problem(sizes, 4.5, mode), oracle);
            const auto b = solve(problem(otherSizes, 4.5, mode), other);
            for (std::size_t i = 0; i < order.size(); ++i)
                EXPECT_EQ(b.bits[i], a.bits[order[i]]) << modeName(mode);
        }
    }
}

TEST(Greedy, TiesGoToTheEarlierUnit)
{
    const std::map<int, double> same{{8, 0}, {7, 1}, {6, 3}, {5, 7}, {4, 15}, {3, 31}};
    for (const Mode mode : kModes) {
        TableOracle oracle({same, same, same});
        const auto result = solve(problem({5, 5, 5}, 6, mode), oracle);
        std::vector<std::size_t> units;
        for (const GreedyStep& step : result.steps)
            units.push_back(step.unit);
        EXPECT_EQ(units, (std::vector<std::size_t>{0, 1, 2, 0, 1, 2})) << modeName(mode);
    }
}

TEST(Greedy, SmallerBudgetsGoOnWhereLargerOnesStopped)
{
    std::mt19937 engine(5);
    std::vector<double> sizes;
    for (int u = 0; u < 15; ++u)
        sizes.push_back(std::uniform_int_distribution(1, 50)(engine));
    TableOracle oracle(convexTable(engine, sizes.size()));
    GreedyResult smaller;
    for (const double mean : {4.0, 4.5, 5.0, 6.0, 7.0}) {
        auto p = problem(sizes, mean, Mode::Table);
        p.fill = false;
        auto result = solve(p, oracle);
        if (!smaller.steps.empty()) {
            EXPECT_LE(result.loss, smaller.loss);
            ASSERT_LE(result.steps.size(), smaller.steps.size());
            for (std::size_t i = 0; i < result.steps.size(); ++i)
                EXPECT_EQ(result.steps[i].unit, smaller.steps[i].unit);
        }
        smaller = std::move(result);
    }
}

TEST(Greedy, LazyAsksLessAndFindsTheSameWhereLossesAreConvex)
{
    std::mt19937 engine(6);
    std::vector<double> sizes(40, 3);
    const auto table = convexTable(engine, sizes.size());
    TableOracle exact(table);
    TableOracle lazy(table);
    TableOracle tabulated(table);
    const auto a = solve(problem(sizes, 5, Mode::Exact), exact);
    const auto b = solve(problem(sizes, 5, Mode::Lazy), lazy);
    const auto c = solve(problem(sizes, 5, Mode::Table), tabulated);
    EXPECT_EQ(a.bits, b.bits);
    EXPECT_EQ(a.bits, c.bits);
    EXPECT_LT(lazy.evaluations * 8, exact.evaluations);
    // Every entry that the search comes to, and no others.
    EXPECT_LE(tabulated.evaluations, sizes.size() + c.fillFrom);
}

TEST(Greedy, InterpolatesMostEntriesOfTheTable)
{
    std::mt19937 engine(11);
    std::uniform_real_distribution<double> noise(0.01, 10);
    std::vector<std::map<int, double>> table(30);
    for (auto& entries : table) {
        const double scale = noise(engine);
        for (int bits = kMin - 1; bits <= kMax; ++bits)
            entries[bits] = scale * (std::pow(0.25, bits) - std::pow(0.25, kMax));
    }
    TableOracle whole(table);
    TableOracle halved(table);
    auto p = problem(std::vector<double>(30, 2), 5, Mode::Table);
    const auto expected = solve(p, whole);
    p.interpolate = true;
    const auto result = solve(p, halved);
    EXPECT_EQ(result.bits, expected.bits);
    EXPECT_NEAR(result.loss, expected.loss, 1e-12);
    EXPECT_LT(halved.evaluations * 2, whole.evaluations);
    // Down to the last bit, which has nothing below it to interpolate with.
    p.start.assign(30, kMax - 1);
    p.limits[0] = 1;
    EXPECT_EQ(solve(p, halved).bits, std::vector<int>(30, kMin));
    p.start.assign(30, kMax);
    EXPECT_EQ(solve(p, halved).bits, std::vector<int>(30, kMin));
}

TEST(Greedy, MeetsSeveralBudgets)
{
    // Even units count in one currency, odd ones in another, all in a third.
    std::mt19937 engine(7);
    const std::size_t units = 16;
    TableOracle oracle(convexTable(engine, units));
    GreedyProblem p;
    p.start.assign(units, kMax);
    p.cost = [](std::span<const int> bits) {
        Amounts amounts{};
        for (std::size_t u = 0; u < bits.size(); ++u)
            amounts[u % 2] += bits[u] * static_cast<double>(u + 1);
        for (std::size_t u = 0; u + 1 < bits.size(); u += 2)
            amounts[3] += bits[u] * bits[u + 1];
        return amounts;
    };
    const Amounts full = p.cost(p.start);
    p.limits = {full[0] * 5 / 8, full[1] * 4.5 / 8, kNoLimit, full[3] * 0.36};
    for (const Mode mode : kModes) {
        p.mode = mode;
        const auto result = solve(p, oracle);
        EXPECT_TRUE(result.met);
        for (std::size_t i = 0; i < kCurrencies; ++i)
            EXPECT_LE(result.steps.back().amounts[i], p.limits[i]) << i;
    }
    // Alone, one of them leaves the units alone that it is not about.
    p.limits = {full[0] * 5 / 8, kNoLimit, kNoLimit, kNoLimit};
    const auto result = solve(p, oracle);
    for (std::size_t u = 1; u < units; u += 2)
        EXPECT_EQ(result.bits[u], kMax);
}

TEST(Greedy, SaysWhenABudgetCannotBeMet)
{
    std::mt19937 engine(8);
    TableOracle oracle(convexTable(engine, 4));
    const auto result = solve(problem({1, 2, 3, 4}, 2, Mode::Lazy), oracle);
    EXPECT_FALSE(result.met);
    EXPECT_EQ(result.bits, std::vector<int>(4, kMin));
}

TEST(Greedy, ContinuesFromGivenBits)
{
    std::mt19937 engine(9);
    TableOracle oracle(convexTable(engine, 4));
    auto p = problem({1, 1, 1, 1}, 6, Mode::Exact);
    p.start = {3, 8, 5, 6}; // below the budget: there is only something to raise
    auto result = solve(p, oracle);
    EXPECT_EQ(result.fillFrom, 0u);
    EXPECT_EQ(std::accumulate(result.bits.begin(), result.bits.end(), 0), 24);
    for (std::size_t u = 0; u < 4; ++u)
        EXPECT_GE(result.bits[u], p.start[u]);

    p.start = {8, 8, 2, 8}; // one below minBits stays or rises
    result = solve(p, oracle);
    EXPECT_GE(result.bits[2], 2);
    EXPECT_TRUE(result.met);

    // What a search found is where it stops again.
    p.start.assign(4, kMax);
    const auto first = solve(p, oracle);
    p.start = first.bits;
    EXPECT_TRUE(solve(p, oracle).steps.empty());
}

TEST(Greedy, CancelledKeepsWhatItFound)
{
    std::mt19937 engine(10);
    const auto table = convexTable(engine, 10);
    for (const Mode mode : kModes) {
        TableOracle whole(table);
        const auto p = problem(std::vector<double>(10, 1), 4.5, mode);
        const auto complete = solve(p, whole);
        TableOracle oracle(table);
        oracle.allowed = whole.evaluations / 2;
        std::size_t seen = 0;
        const auto result = greedy(
            p, oracle, {}, [&](const GreedyResult& r, const GreedyStep&) { EXPECT_EQ(r.steps.size(), ++seen); });
        ASSERT_TRUE(result);
        EXPECT_TRUE(result->cancelled);
        EXPECT_FALSE(result->met);
        EXPECT_EQ(seen, result->steps.size());
        EXPECT_LT(seen, complete.steps.size());
        EXPECT_GT(seen, 0u);
        for (std::size_t i = 0; i < seen; ++i)
            EXPECT_EQ(result->steps[i].unit, complete.steps[i].unit);
    }
}

} // namespace
} // namespace qs::search
