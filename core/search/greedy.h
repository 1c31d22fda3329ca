#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/search/mixed_precision.h"

#include <array>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace qs::search {

// The search itself, over units that are nothing but numbers: what they stand for is known to the oracle and to the
// costs. A unit has bits; lowering it saves cost and loses performance.

/// What an allocation costs in each of the currencies that a budget may be about. Sums of integers, so that equal
/// savings are equal numbers.
constexpr std::size_t kCurrencies = 4;
using Amounts = std::array<double, kCurrencies>;
constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// Must not fall when a unit's bits rise.
using CostModel = std::function<Amounts(std::span<const int> bits)>;

/// One unit at other bits, all else as it is.
struct Move {
    std::size_t unit = 0;
    int bits = 0;
    friend bool operator==(const Move&, const Move&) = default;
};

/// Knows what is lost. Losses are finite; any zero point.
class LossOracle {
public:
    virtual ~LossOracle() = default;
    /// Makes `bits` the present allocation and returns its loss.
    virtual Result<double> moveTo(std::span<const int> bits) = 0;
    /// The same with all that is no unit as it is at the table's reference.
    virtual Result<double> moveToReference(std::span<const int> bits) { return moveTo(bits); }
    /// Loss of the present allocation after each of the moves alone. `stage` is for progress; empty: none.
    virtual Result<std::vector<double>> losses(std::span<const Move> moves, std::string_view stage) = 0;
};

struct GreedyProblem {
    std::vector<int> start; ///< by unit
    /// Table entries are of one unit at its bits, the others at these: by unit, all at least `start`; empty: `start`.
    std::vector<int> reference;
    int minBits = 3; ///< units that start below are not lowered
    int maxBits = 8; ///< units that start above are not raised
    CostModel cost;
    Amounts limits{kNoLimit, kNoLimit, kNoLimit, kNoLimit}; ///< positive
    Mode mode = Mode::Exact;
    bool interpolate = false; ///< table and lazy mode: see Options::interpolate
    bool fill = true;
};

struct GreedyStep {
    std::size_t unit = 0;
    int bitsBefore = 0;
    int bitsAfter = 0;
    double loss = 0; ///< after the step
    bool measured = false;
    double score = 0; ///< loss per cost, see greedy()
    Amounts amounts{};
    double cost = 0; ///< largest amount / limit
};

struct GreedyResult {
    std::vector<GreedyStep> steps;
    std::size_t fillFrom = 0;
    std::vector<int> bits; ///< after the last step
    double startLoss = 0;
    double startCost = 0;
    Amounts startAmounts{};
    double loss = 0; ///< after the last step: measured, or a sum of table entries in table mode
    bool met = false;
    bool cancelled = false;
};

/// Lowers units one bit at a time until no limit is exceeded, always the one with the smallest
///   score(u) = (L(u lowered) - L) / (C - C(u lowered)),  C = sum over the limits still exceeded of amount / limit,
/// then raises units as long as some fit (as long as no limit is exceeded that the unit adds to), always the one
/// with the largest (L - L(u raised)) / (C(u raised) - C), C over all limits, and none that loses by it. Ties go to
/// the earlier unit. Reports "lowering bits" as steps of those it expects.
/// Where L comes from is the mode's: Exact asks the oracle for every candidate of every step; Lazy keeps what it was
/// told and asks again for the best candidate alone until that stays the best (equal to Exact where losses add up and
/// every bit of a unit loses at least four times what the one before lost); Table asks for every unit at every bit
/// width it comes to, all others at the reference (LossOracle::moveToReference), and adds up. Interpolating, Lazy
/// starts from the table, measures units at some bits less than those asked about, takes the law's share of that, and
/// measures a unit again where, since the base it was measured against, the loss has changed by a quarter or a
/// quarter of the units has stepped. `onStep`, from the calling thread, after each step. Cancelling is no error: what
/// was found is returned. Errors: the oracle's.
Result<GreedyResult> greedy(const GreedyProblem& problem, LossOracle& oracle, const Context& context,
                            const std::function<void(const GreedyResult&, const GreedyStep&)>& onStep = {});

} // namespace qs::search
