#include "core/search/greedy.h"

#include "core/search/loss_table.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

namespace qs::search {

namespace {

constexpr std::string_view kUnits = "measuring units";
constexpr std::string_view kLowering = "lowering bits";
constexpr std::size_t kNever = SIZE_MAX;
/// Lazy mode, interpolating, takes losses against one allocation until the loss of all has changed by this share of
/// its own, or this share of the units in steps has been taken.
constexpr double kDrift = 0.25;
/// What a move would do, as far as it is known.
struct Candidate {
    Move move;
    double cost = 0;  ///< saved (going down) or used (going up)
    double score = 0; ///< loss per cost
};

/// How much a unit's next step is taken to change the loss, and from what.
struct Known {
    std::optional<double> change;
    std::size_t when = kNever; ///< steps that the allocation is off the start which it was measured against
    int reach = 0;             ///< bits that the unit was measured at; what it loses at fewer is not known
};

class Greedy {
public:
    Greedy(const GreedyProblem& problem, LossOracle& oracle, const Context& context,
           const std::function<void(const GreedyResult&, const GreedyStep&)>& onStep)
        : m_problem(problem), m_oracle(oracle), m_context(context), m_onStep(onStep), m_down(problem.start.size()),
          m_up(problem.start.size()), m_table(problem)
    {
        m_result.bits = problem.start;
        m_amounts = problem.cost(m_result.bits);
        m_result.startAmounts = m_amounts;
        m_result.startCost = fraction(m_amounts);
    }

    Result<GreedyResult> run()
    {
        if (auto done = search(); !done) {
            if (done.error().code != ErrorCode::Cancelled)
                return tl::unexpected<Error>(std::move(done.error()));
            m_result.cancelled = true;
        }
        if (!m_filling)
            m_result.fillFrom = m_result.steps.size();
        m_result.met = !exceeded();
        return std::move(m_result);
    }

private:
    Result<void> search()
    {
        QS_ASSIGN(m_result.startLoss, m_oracle.moveTo(m_result.bits));
        m_result.loss = m_result.startLoss;
        m_referenceLoss = m_result.startLoss;
        if (m_problem.mode == Mode::Table && m_table.reference() != m_result.bits) {
            QS_ASSIGN(m_referenceLoss, m_oracle.moveToReference(m_table.reference()));
        }
        if (m_problem.mode == Mode::Lazy && m_problem.interpolate)
            QS_CHECK(startFromTable());
        while (exceeded()) {
            const auto candidates = lowerable();
            if (candidates.empty())
                break;
            QS_ASSIGN(const Candidate best, pick(candidates));
            QS_CHECK(take(best));
            report();
        }
        if (steady() && !m_result.steps.empty())
            QS_CHECK(moveBase());
        m_filling = true;
        m_result.fillFrom = m_result.steps.size();
        while (m_problem.fill) {
            const auto candidates = raisable();
            if (candidates.empty())
                break;
            QS_ASSIGN(const Candidate best, pick(candidates));
            if (best.score < 0)
                break;
            QS_CHECK(take(best));
        }
        if (m_problem.mode == Mode::Table && !m_result.steps.empty()) {
            QS_ASSIGN(m_result.loss, m_oracle.moveTo(m_result.bits));
        }
        return {};
    }

    bool exceeds(const Amounts& amounts, std::size_t i) const { return amounts[i] > m_problem.limits[i]; }
    bool exceeded() const
    {
        for (std::size_t i = 0; i < kCurrencies; ++i)
            if (exceeds(m_amounts, i))
                return true;
        return false;
    }
    double fraction(const Amounts& amounts) const
    {
        double largest = 0;
        for (std::size_t i = 0; i < kCurrencies; ++i)
            largest = std::max(largest, amounts[i] / m_problem.limits[i]);
        return largest;
    }

    Amounts amountsAfter(const Move& move)
    {
        const int before = std::exchange(m_result.bits[move.unit], move.bits);
        const Amounts amounts = m_problem.cost(m_result.bits);
        m_result.bits[move.unit] = before;
        return amounts;
    }

    std::vector<Candidate> lowerable()
    {
        std::vector<Candidate> result;
        for (std::size_t unit = 0; unit < m_result.bits.size(); ++unit) {
            const Move move{unit, m_result.bits[unit] - 1};
            if (move.bits < m_problem.minBits)
                continue;
            const Amounts after = amountsAfter(move);
            double saved = 0;
            for (std::size_t i = 0; i < kCurrencies; ++i)
                if (exceeds(m_amounts, i))
                    saved += (m_amounts[i] - after[i]) / m_problem.limits[i];
            if (saved > 0)
                result.push_back({move, saved, 0});
        }
        return result;
    }

    std::vector<Candidate> raisable()
    {
        std::vector<Candidate> result;
        for (std::size_t unit = 0; unit < m_result.bits.size(); ++unit) {
            const Move move{unit, m_result.bits[unit] + 1};
            if (move.bits > m_problem.maxBits)
                continue;
            const Amounts after = amountsAfter(move);
            double used = 0;
            bool fits = true;
            for (std::size_t i = 0; i < kCurrencies; ++i) {
                const double more = after[i] - m_amounts[i];
                fits = fits && (more == 0 || !exceeds(after, i));
                used += more / m_problem.limits[i];
            }
            if (fits && used > 0)
                result.push_back({move, used, 0});
        }
        return result;
    }

    Result<Candidate> pick(std::vector<Candidate> candidates)
    {
        switch (m_problem.mode) {
        case Mode::Exact: {
            QS_ASSIGN(const auto changes, measure(movesOf(candidates), m_result.loss));
            score(candidates, [&](std::size_t i) { return changes[i]; });
            return best(candidates);
        }
        case Mode::Lazy:
            return pickLazily(candidates);
        case Mode::Table:
            break;
        }
        QS_CHECK(fillTable(candidates));
        score(candidates, [&](std::size_t i) {
            const Move& move = candidates[i].move;
            return m_table.change(move, m_result.bits[move.unit]);
        });
        return best(candidates);
    }

    /// Lazy mode on the way down, interpolating: measured against an allocation some steps back, the base.
    bool steady() const { return m_problem.mode == Mode::Lazy && m_problem.interpolate && !m_filling; }

    /// What is known before the first step: the table's first entries.
    Result<void> startFromTable()
    {
        const auto candidates = lowerable();
        QS_ASSIGN(m_referenceLoss, m_oracle.moveToReference(m_table.reference()));
        QS_CHECK(fillTable(candidates));
        QS_CHECK(moveBase());
        for (const Candidate& candidate : candidates) {
            const auto [unit, bits] = candidate.move;
            const double change = m_table.change(candidate.move, m_result.bits[unit]);
            m_down[unit] = {std::max(0.0, change), m_baseSteps, m_table.measuredFor(unit, bits)};
        }
        return {};
    }

    Result<void> moveBase()
    {
        QS_ASSIGN(m_result.loss, m_oracle.moveTo(m_result.bits));
        m_base = m_result.bits;
        m_baseLoss = m_result.loss;
        m_baseSteps = m_result.steps.size();
        return {};
    }

    bool baseIsFar() const
    {
        const auto steps = static_cast<double>(m_result.steps.size() - m_baseSteps);
        return std::abs(m_result.loss - m_baseLoss) > kDrift * m_baseLoss ||
               steps > kDrift * static_cast<double>(m_base.size());
    }

    /// A unit is measured some bits further down, where what it loses stands out from what the other units' noise
    /// happens to add, and its next step is taken to lose its share of that.
    Result<Known> measureSteadily(const Move& move)
    {
        const Move asked{move.unit, std::max(m_problem.minBits, m_result.bits[move.unit] - kFirstMeasured)};
        QS_ASSIGN(const auto changes, measure({&asked, 1}, m_baseLoss));
        const auto share = [&](int bits) { return shareOfLoss(bits, asked.bits, m_base[move.unit]); };
        const double change = std::max(0.0, changes[0]) * (share(move.bits) - share(m_result.bits[move.unit]));
        return Known{change, m_baseSteps, asked.bits};
    }

    bool holds(const Known& known, const Move& move) const
    {
        return steady() ? known.when == m_baseSteps && move.bits >= known.reach : known.when == m_result.steps.size();
    }

    Result<Candidate> pickLazily(std::vector<Candidate>& candidates)
    {
        std::vector<Known>& known = m_filling ? m_up : m_down;
        const auto learn = [&](std::span<const Candidate> which) -> Result<void> {
            QS_ASSIGN(const auto changes, measure(movesOf(which), m_result.loss));
            for (std::size_t i = 0; i < which.size(); ++i)
                known[which[i].move.unit] = {changes[i], m_result.steps.size()};
            return {};
        };
        std::vector<Candidate> unknown;
        std::ranges::copy_if(candidates, std::back_inserter(unknown),
                             [&](const Candidate& candidate) { return !known[candidate.move.unit].change; });
        QS_CHECK(learn(unknown));
        for (;;) {
            score(candidates, [&](std::size_t i) { return *known[candidates[i].move.unit].change; });
            const Candidate first = best(candidates);
            if (holds(known[first.move.unit], first.move))
                return first;
            if (steady()) {
                QS_ASSIGN(known[first.move.unit], measureSteadily(first.move));
            } else {
                QS_CHECK(learn({&first, 1}));
            }
        }
    }

    /// Asks the oracle, which is at the reference, for what is missing.
    Result<void> fillTable(std::span<const Candidate> candidates)
    {
        const auto missing = m_table.missingFor(movesOf(candidates), m_result.bits);
        QS_ASSIGN(const auto changes, measure(missing, m_referenceLoss));
        m_table.learn(missing, changes);
        return {};
    }

    static std::vector<Move> movesOf(std::span<const Candidate> candidates)
    {
        std::vector<Move> moves;
        for (const Candidate& candidate : candidates)
            moves.push_back(candidate.move);
        return moves;
    }

    /// Changes of the loss against that of the allocation that the oracle is at, `base`.
    Result<std::vector<double>> measure(std::span<const Move> moves, double base)
    {
        if (moves.empty())
            return std::vector<double>();
        const bool many = m_problem.mode == Mode::Exact || m_result.steps.empty();
        QS_ASSIGN(auto losses, m_oracle.losses(moves, many ? kUnits : std::string_view()));
        for (double& loss : losses)
            loss -= base;
        return losses;
    }

    template <class ChangeOf>
    void score(std::vector<Candidate>& candidates, const ChangeOf& changeOf) const
    {
        for (std::size_t i = 0; i < candidates.size(); ++i)
            candidates[i].score = (m_filling ? -changeOf(i) : changeOf(i)) / candidates[i].cost;
    }

    /// Going down the smallest score, going up the largest; the earlier of equal ones.
    Candidate best(std::span<const Candidate> candidates) const
    {
        const auto worse = [](const Candidate& a, const Candidate& b) { return a.score < b.score; };
        return m_filling ? *std::ranges::max_element(candidates, worse)
                         : *std::ranges::min_element(candidates, worse);
    }

    Result<void> take(const Candidate& candidate)
    {
        const std::size_t unit = candidate.move.unit;
        GreedyStep step{unit, m_result.bits[unit], candidate.move.bits, 0, false, candidate.score, {}, 0};
        auto bits = m_result.bits;
        bits[unit] = step.bitsAfter;
        if (m_problem.mode == Mode::Table) {
            step.loss = m_result.loss + m_table.change(candidate.move, step.bitsBefore);
        } else if (steady()) {
            step.loss = m_result.loss + *m_down[unit].change;
        } else {
            QS_ASSIGN(step.loss, m_oracle.moveTo(bits));
            step.measured = true;
        }
        // What a unit lost on its way down is the guess of what it gains on its way up.
        const double lost = step.loss - m_result.loss;
        m_up[unit] = m_filling ? Known() : Known{-lost};
        const Known now = steady() ? m_down[unit] : Known();
        m_down[unit] = {kNextBit * std::max(0.0, lost), now.when, now.reach};
        m_result.bits = std::move(bits);
        m_result.loss = step.loss;
        m_amounts = m_problem.cost(m_result.bits);
        step.amounts = m_amounts;
        step.cost = fraction(m_amounts);
        m_result.steps.push_back(step);
        if (steady() && baseIsFar()) {
            QS_CHECK(moveBase());
            m_result.steps.back().loss = m_result.loss;
            m_result.steps.back().measured = true;
        }
        if (m_onStep)
            m_onStep(m_result, m_result.steps.back());
        return {};
    }

    void report() const
    {
        const double whole = m_result.startCost - 1;
        const double left = std::max(0.0, fraction(m_amounts) - 1);
        const std::size_t done = m_result.steps.size();
        const double perStep = (whole - left) / static_cast<double>(done);
        const double more = perStep > 0 ? left / perStep : static_cast<double>(m_result.bits.size());
        m_context.progress(kLowering, done, done + static_cast<std::size_t>(std::ceil(more)));
    }

    const GreedyProblem& m_problem;
    LossOracle& m_oracle;
    const Context& m_context;
    const std::function<void(const GreedyResult&, const GreedyStep&)>& m_onStep;
    GreedyResult m_result;
    double m_referenceLoss = 0;
    std::vector<int> m_base; ///< steady(): what the oracle is at
    double m_baseLoss = 0;
    std::size_t m_baseSteps = 0;
    Amounts m_amounts{};
    bool m_filling = false;
    std::vector<Known> m_down, m_up; ///< lazy mode, by unit
    LossTable m_table;
};

} // namespace

Result<GreedyResult> greedy(const GreedyProblem& problem, LossOracle& oracle, const Context& context,
                            const std::function<void(const GreedyResult&, const GreedyStep&)>& onStep)
{
    return Greedy(problem, oracle, context, onStep).run();
}

} // namespace qs::search
