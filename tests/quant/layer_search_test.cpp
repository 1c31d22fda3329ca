// The joint search of an operator's steps: the properties EQ-1 to EQ-6 of EasyQuant, and PTQ4ViT's.
#include "core/quant/layer_search.h"

#include "core/base/thread_pool.h"
#include "core/kernels/quantize.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/quantizer.h"
#include "core/quant/recipe_json.h"
#include "core/quant/search_grid.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>

namespace qs::quant {
namespace {

std::vector<float> gaussian(std::size_t count, unsigned seed, float sigma = 1)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal(0, sigma);
    std::vector<float> values(count);
    for (float& value : values)
        value = normal(engine);
    return values;
}

void quantizeOn(std::span<const float> values, const Range& range, int bits, std::span<float> dst)
{
    kernels::fakeQuantize(values, uniformNumbers(range.low, range.high, bits, Scheme::Symmetric), dst);
}

Range seenOf(std::span<const float> values)
{
    const auto [low, high] = std::ranges::minmax(values);
    return {low, high};
}

/// A linear layer [m, k] × [k, n] with both operands searched on a grid, per tensor.
struct Linear {
    std::size_t m = 64, k = 24, n = 16;
    int bits = 4;
    std::vector<float> bias;
    SearchGrid grid;
    std::vector<Range> rangesX, rangesW;
    SearchLayer layer;

    Linear(std::vector<float> x, std::vector<float> w, const SearchGrid& searchGrid, Objective objective, int b = 4)
        : bits(b), grid(searchGrid)
    {
        rangesX = searchRanges(grid, seenOf(x), bits, Scheme::Symmetric);
        rangesW = searchRanges(grid, seenOf(w), bits, Scheme::Symmetric);
        layer.operands.resize(2);
        set(layer.operands[0], std::move(x), rangesX, objective);
        set(layer.operands[1], std::move(w), rangesW, objective);
        layer.order = {1, 0};
        SearchTerm term;
        term.left = 0;
        term.right = 1;
        term.m = m;
        term.k = k;
        term.n = n;
        layer.terms.push_back(term);
    }
    void set(SearchOperand& operand, std::vector<float> values, const std::vector<Range>& ranges, Objective objective)
    {
        operand.values = std::move(values);
        operand.candidates = ranges.size();
        operand.objective = objective;
        operand.quantize = [this, &operand, &ranges](std::size_t candidate, std::span<float> dst) {
            quantizeOn(operand.values, ranges[candidate], bits, dst);
        };
    }
    /// 1 - mean cosine of rows, or the squared error, of two candidates: the definition.
    double error(std::size_t x, std::size_t w, Objective objective) const
    {
        std::vector<float> xq(layer.operands[0].values.size());
        std::vector<float> wq(layer.operands[1].values.size());
        quantizeOn(layer.operands[0].values, rangesX[x], bits, xq);
        quantizeOn(layer.operands[1].values, rangesW[w], bits, wq);
        double squares = 0;
        double cosines = 0;
        for (std::size_t i = 0; i < m; ++i) {
            double yy = 0, yz = 0, zz = 0;
            for (std::size_t j = 0; j < n; ++j) {
                double y = 0, z = 0;
                for (std::size_t c = 0; c < k; ++c) {
                    y += static_cast<double>(layer.operands[0].values[i * k + c]) *
                         layer.operands[1].values[c * n + j];
                    z += static_cast<double>(xq[i * k + c]) * wq[c * n + j];
                }
                yy += y * y;
                yz += y * z;
                zz += z * z;
                squares += (z - y) * (z - y);
            }
            cosines += zz > 0 ? yz / std::sqrt(yy * zz) : 0;
        }
        return objective == Objective::Cosine ? 1 - cosines / static_cast<double>(m) : squares;
    }
    SearchResult search(int rounds, ThreadPool* pool = nullptr)
    {
        Context context;
        context.pool = pool;
        auto result = searchLayer(layer, rounds, context);
        EXPECT_TRUE(result);
        return *result;
    }
};

Linear made(Objective objective, const SearchGrid& grid = {}, float scale = 1)
{
    auto x = gaussian(64 * 24, 1, 1.5F * scale);
    x[7] *= 6;
    return {std::move(x), gaussian(24 * 16, 2, 0.3F), grid, objective};
}

TEST(SearchGrid, HasTheCandidatesOfTheSources) // EQ-5
{
    const auto base = searchFactors({});
    ASSERT_EQ(base.size(), 100U);
    EXPECT_DOUBLE_EQ(base.front(), 0.5);
    EXPECT_NEAR(base.back(), 1.193, 1e-12); // not 1.2
    const auto twin = searchFactors({.low = 0.01, .high = 1.2, .rounds = 3});
    EXPECT_DOUBLE_EQ(twin.front(), 0.01);
    EXPECT_NEAR(twin.back(), 1.1881, 1e-12);
    // ncnn: S = 1/Δ in linspace(0.8, 1, 200)[1:-1], and the first one itself.
    const auto ncnn = searchFactors({.low = 0.8, .high = 1, .count = 198, .reciprocal = true});
    ASSERT_EQ(ncnn.size(), 198U);
    EXPECT_NEAR(1 / ncnn.front(), 0.8 + 0.2 / 199, 1e-12);
    EXPECT_NEAR(1 / ncnn.back(), 1 - 0.2 / 199, 1e-12);
    for (const double factor : ncnn)
        EXPECT_GT(factor, 1); // the range only grows
    EXPECT_EQ(
        searchRanges({.low = 0.8, .high = 1, .count = 98, .reciprocal = true}, {-1, 1}, 8, Scheme::Symmetric).size(),
        1U + 98);
    // Δ0 = max / (2^(bits-1) - 0.5).
    const auto ranges = searchRanges({}, {-3, 2}, 4, Scheme::Symmetric);
    EXPECT_FLOAT_EQ(uniformGrid(ranges[0].low, ranges[0].high, 4, Scheme::Symmetric).scale[0], 3 / 7.5F);
    EXPECT_FLOAT_EQ(uniformGrid(ranges[1].low, ranges[1].high, 4, Scheme::Symmetric).scale[0], 0.5F * 3 / 7.5F);
}

TEST(SearchGrid, RefusesNonsense)
{
    EXPECT_TRUE(checkGrid({}));
    EXPECT_FALSE(checkGrid({.low = 0}));
    EXPECT_FALSE(checkGrid({.low = 2, .high = 1}));
    EXPECT_FALSE(checkGrid({.count = 0}));
    EXPECT_FALSE(checkGrid({.rounds = 11}));
    EXPECT_FALSE(checkGrid({.low = std::nan("")}));
}

TEST(SearchGrid, IsWrittenAndRead)
{
    for (const char* preset : {"easyquant", "ptq4vit"}) {
        auto recipe = presetRecipe(preset, 4, 6);
        ASSERT_TRUE(recipe);
        recipe->weight.granularity = Granularity::Part;
        recipe->activation.estimator.search.reciprocal = true;
        const auto read = recipeFromJson(recipeToJson(*recipe));
        ASSERT_TRUE(read) << read.error().text();
        EXPECT_EQ(*read, *recipe);
    }
    const auto with = [](const char* grid) {
        const std::string text = R"({"format": "quantoscope-recipe", "version": 1, "activation": {"estimator": )"
                                 R"({"kind": "search", "grid": )" +
                                 std::string(grid) + "}}}";
        return recipeFromJson(text);
    };
    const auto read = with(R"({"low": 0.8, "high": 1, "candidates": 198, "reciprocal": true})");
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(read->activation.estimator.search,
              (SearchGrid{.low = 0.8, .high = 1, .count = 198, .rounds = 1, .reciprocal = true}));
    for (const char* wrong :
         {R"({"low": 0})", R"({"candidates": 0})", R"({"rounds": 99})", R"({"steps": 3})", "[]"}) {
        const auto refused = with(wrong);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().where.find("activation.estimator.grid"), 0U) << refused.error().where;
    }
}

TEST(LayerSearch, EveryStepTakesTheBestCandidate)
{
    for (const Objective objective : {Objective::Cosine, Objective::OutputError}) {
        Linear linear = made(objective, {.low = 0.2, .high = 1.4, .count = 40});
        const auto result = linear.search(1);
        const std::size_t w = result.chosen[1][0];
        const std::size_t x = result.chosen[0][0];
        for (std::size_t c = 0; c < linear.rangesW.size(); ++c)
            EXPECT_GE(linear.error(0, c, objective), linear.error(0, w, objective) * (1 - 1e-5)) << c;
        for (std::size_t c = 0; c < linear.rangesX.size(); ++c)
            EXPECT_GE(linear.error(c, w, objective), linear.error(x, w, objective) * (1 - 1e-5)) << c;
        ASSERT_EQ(result.errors.size(), 2U);
        EXPECT_NEAR(result.errors[1], linear.error(x, w, objective), 1e-4 * result.errors[1]);
    }
}

TEST(LayerSearch, IsNeverWorseThanItsBeginning) // EQ-1, EQ-2, P4-6
{
    for (const Objective objective : {Objective::Cosine, Objective::OutputError})
        for (const SearchGrid& grid : {SearchGrid{}, SearchGrid{.low = 3, .high = 9, .count = 10}}) {
            Linear linear = made(objective, grid);
            const auto result = linear.search(4);
            double before = linear.error(0, 0, objective) * (1 + 1e-5);
            for (const double error : result.errors) {
                EXPECT_LE(error, before * (1 + 1e-6));
                before = error;
            }
        }
}

TEST(LayerSearch, ScalesWithItsInput) // EQ-3
{
    for (const Objective objective : {Objective::Cosine, Objective::OutputError}) {
        Linear one = made(objective);
        Linear scaled = made(objective, {}, 8);
        EXPECT_EQ(scaled.layer.operands[0].values[3], 8 * one.layer.operands[0].values[3]);
        const auto a = one.search(2);
        const auto b = scaled.search(2);
        EXPECT_EQ(a.chosen, b.chosen);
        for (std::size_t i = 0; i < one.layer.operands[0].quantized.size(); ++i)
            EXPECT_EQ(scaled.layer.operands[0].quantized[i], 8 * one.layer.operands[0].quantized[i]);
        if (objective == Objective::Cosine) {
            EXPECT_EQ(a.errors, b.errors);
        }
    }
}

TEST(LayerSearch, CosineDoesNotSeeGain) // EQ-4
{
    // Candidates of the weights that only change their gain: all the same to the cosine, not to the squared error.
    for (const Objective objective : {Objective::Cosine, Objective::OutputError}) {
        Linear linear = made(objective);
        SearchOperand& weight = linear.layer.operands[1];
        linear.layer.operands[0].candidates = 0;
        linear.layer.operands[0].quantized = linear.layer.operands[0].values;
        linear.layer.order = {1};
        weight.candidates = 3;
        weight.quantize = [&](std::size_t candidate, std::span<float> dst) {
            const float gain = candidate == 0 ? 0.5F : candidate == 1 ? 2.0F : 1.0F;
            for (std::size_t i = 0; i < dst.size(); ++i)
                dst[i] = gain * weight.values[i];
        };
        const auto result = linear.search(1);
        if (objective == Objective::Cosine) {
            EXPECT_NEAR(result.errors[0], 0, 1e-12);
        } else {
            EXPECT_EQ(result.chosen[1][0], 2U);
            EXPECT_EQ(result.errors[0], 0);
        }
    }
}

TEST(LayerSearch, KeepsWhatIsExact) // EQ-6
{
    // Values on the grids of Δ0 at 4 bits: max = 7.5 Δ0, so that ±7 and -8 are codes of it; 7.5 itself is not, hence
    // 15/2.
    auto x = gaussian(64 * 24, 3, 3);
    auto w = gaussian(24 * 16, 4, 3);
    for (auto* values : {&x, &w})
        for (float& value : *values)
            value = std::clamp(std::nearbyint(value), -7.0F, 7.0F);
    Linear linear(x, w, {}, Objective::Cosine);
    const Range exact{-7, 7};
    linear.rangesX[0] = linear.rangesW[0] = exact;
    const auto result = linear.search(3);
    EXPECT_EQ(result.errors.back(), 0);
    EXPECT_EQ(linear.layer.operands[0].quantized, x);
    EXPECT_EQ(linear.layer.operands[1].quantized, w);
}

TEST(LayerSearch, GroupsOfColumnsChooseForThemselves)
{
    for (const std::size_t groups : {2U, 16U}) {
        for (const Objective objective : {Objective::Cosine, Objective::OutputError}) {
            Linear linear = made(objective);
            SearchOperand& weight = linear.layer.operands[1];
            // The second half of the columns is 50 times smaller: one step for all cannot suit both.
            for (std::size_t i = 0; i < weight.values.size(); ++i)
                if (i % 16 >= 8)
                    weight.values[i] /= 50;
            weight.groups = groups;
            weight.columns = 16;
            linear.rangesW =
                searchRanges({.low = 0.004, .high = 1.2, .count = 300}, seenOf(weight.values), 4, Scheme::Symmetric);
            weight.candidates = linear.rangesW.size();
            const auto result = linear.search(1);
            ASSERT_EQ(result.chosen[1].size(), groups);
            std::vector<float> expected(weight.values.size());
            for (std::size_t i = 0; i < expected.size(); ++i) {
                std::vector<float> one{weight.values[i]};
                quantizeOn(one, linear.rangesW[result.chosen[1][i % 16 * groups / 16]], 4, one);
                expected[i] = one[0];
            }
            EXPECT_EQ(weight.quantized, expected);
            EXPECT_GT(linear.rangesW[result.chosen[1].front()].high,
                      10 * linear.rangesW[result.chosen[1].back()].high);
        }
    }
}

TEST(LayerSearch, ImportanceOfOutputsCounts)
{
    Linear plain = made(Objective::OutputError);
    const auto expected = plain.search(1);
    // Only the first output matters: its error, not that of all, is made small.
    Linear first = made(Objective::Hessian);
    std::vector<float> importance(first.m * first.n, 0);
    for (std::size_t i = 0; i < first.m; ++i)
        importance[i * first.n] = 2;
    first.layer.terms[0].importance = importance;
    const auto found = first.search(1);
    EXPECT_LT(found.errors.back(), expected.errors.back() / 4);
    // Sheet P4-5: equal weights, of whatever size, choose as the plain error does.
    for (const float h : {1.0F, 0.25F, 4096.0F}) {
        Linear equal = made(Objective::Hessian);
        std::ranges::fill(importance, h);
        equal.layer.terms[0].importance = importance;
        EXPECT_EQ(equal.search(1).chosen, expected.chosen);
    }
    // Only the objective that asks for them is weighed.
    Linear other = made(Objective::OutputError);
    std::ranges::fill(importance, 0.0F);
    other.layer.terms[0].importance = importance;
    EXPECT_EQ(other.search(1).errors, expected.errors);
}

TEST(LayerSearch, DoesNotDependOnThreadsAndStops)
{
    Linear alone = made(Objective::Cosine);
    const auto expected = alone.search(3);
    for (const int threads : {2, 5}) {
        ThreadPool pool(threads);
        Linear linear = made(Objective::Cosine);
        const auto result = linear.search(3, &pool);
        EXPECT_EQ(result.chosen, expected.chosen);
        EXPECT_EQ(result.errors, expected.errors);
    }
    std::stop_source source;
    source.request_stop();
    Context context;
    context.stop = source.get_token();
    Linear linear = made(Objective::Cosine);
    const auto stopped = searchLayer(linear.layer, 1, context);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
}

} // namespace
} // namespace qs::quant
