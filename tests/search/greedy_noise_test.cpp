// What a network does to the search: the noises of its quantizers add up as vectors, and the loss is the power of the
// sum. Products of two noises then stand beside what a single unit adds, and drown it where the unit is a small one.
#include "core/search/greedy.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace qs::search {
namespace {

constexpr std::size_t kUnits = 60;
constexpr std::size_t kDimensions = 100;
constexpr int kFloat = 32;

class NoiseOracle : public LossOracle {
public:
    explicit NoiseOracle(unsigned seed) : m_seed(seed)
    {
        std::mt19937 engine(seed);
        std::lognormal_distribution<double> size(0, 1);
        for (double& scale : m_scales)
            scale = size(engine);
    }

    /// What the loss is on average over directions: the powers alone.
    double expected(std::span<const int> bits) const
    {
        double sum = 0;
        for (std::size_t u = 0; u < kUnits; ++u)
            sum += std::pow(m_scales[u], 2) * std::pow(4.0, -bits[u]);
        return sum;
    }
    Result<double> moveTo(std::span<const int> bits) override
    {
        m_bits.assign(bits.begin(), bits.end());
        ++evaluations;
        return lossOf(m_bits);
    }
    Result<std::vector<double>> losses(std::span<const Move> moves, std::string_view) override
    {
        std::vector<double> result;
        for (const Move& move : moves) {
            auto bits = m_bits;
            bits[move.unit] = move.bits;
            result.push_back(lossOf(bits));
        }
        evaluations += moves.size();
        return result;
    }

    std::size_t evaluations = 0;

private:
    double lossOf(const std::vector<int>& bits) const
    {
        std::array<double, kDimensions> sum{};
        for (std::size_t u = 0; u < kUnits; ++u) {
            if (bits[u] == kFloat)
                continue;
            std::minstd_rand engine(static_cast<unsigned>(m_seed + 1000 * u + static_cast<unsigned>(bits[u])));
            std::normal_distribution<double> direction(0, m_scales[u] * std::pow(2.0, -bits[u]) /
                                                              std::sqrt(static_cast<double>(kDimensions)));
            for (double& value : sum)
                value += direction(engine);
        }
        return std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0);
    }

    unsigned m_seed;
    std::array<double, kUnits> m_scales{};
    std::vector<int> m_bits;
};

GreedyProblem problem(Mode mode)
{
    GreedyProblem p;
    p.start.assign(kUnits, 8);
    p.mode = mode;
    p.cost = [](std::span<const int> bits) {
        return Amounts{static_cast<double>(std::reduce(bits.begin(), bits.end()))};
    };
    p.limits[0] = 5.0 * kUnits;
    return p;
}

/// Expected loss of what the search finds over that of the best allocation (greedy without noise), on average.
double excess(const GreedyProblem& p, std::size_t* evaluations = nullptr)
{
    double sum = 0;
    constexpr unsigned kRounds = 4;
    for (unsigned seed = 1; seed <= kRounds; ++seed) {
        NoiseOracle oracle(seed);
        const auto result = greedy(p, oracle, {});
        EXPECT_TRUE(result) << result.error().text();
        std::vector<int> best = p.start;
        for (double left = std::reduce(best.begin(), best.end()) - p.limits[0]; left > 0; --left) {
            std::size_t unit = kUnits;
            double least = kNoLimit;
            for (std::size_t u = 0; u < kUnits; ++u) {
                if (best[u] == p.minBits)
                    continue;
                auto lower = best;
                --lower[u];
                if (const double loss = oracle.expected(lower); loss < least) {
                    least = loss;
                    unit = u;
                }
            }
            --best[unit];
        }
        sum += oracle.expected(result->bits) / oracle.expected(best) / kRounds;
        if (evaluations)
            *evaluations += oracle.evaluations;
    }
    return sum;
}

TEST(GreedyNoise, TableAgainstFloatFindsTheBestAllocation)
{
    auto p = problem(Mode::Table);
    const double againstStart = excess(p);
    p.reference.assign(kUnits, kFloat);
    const double againstFloat = excess(p);
    p.interpolate = true;
    EXPECT_LT(againstFloat, 1.02);
    EXPECT_LT(excess(p), 1.1);
    EXPECT_GT(againstStart, 1.05);
}

TEST(GreedyNoise, LazyIsSteadyWhereItMeasuresFurtherDown)
{
    auto p = problem(Mode::Lazy);
    std::size_t many = 0;
    const double plain = excess(p, &many);
    p.reference.assign(kUnits, kFloat);
    p.interpolate = true;
    std::size_t few = 0;
    const double steady = excess(p, &few);
    EXPECT_LT(steady, 1.25);
    EXPECT_LT(steady, plain);
    EXPECT_LT(few, many);
}

} // namespace
} // namespace qs::search
