#pragma once

#include "core/search/greedy.h"

#include <map>
#include <span>
#include <vector>

namespace qs::search {

/// A bit less makes the step twice as large and the power of its noise, which KL is proportional to, four times: what
/// the next bit is taken to lose, in multiples of the last, until it is measured.
constexpr double kNextBit = 4;
/// Interpolated losses are measured so many bits below first (tables: then every second bit).
constexpr int kFirstMeasured = 3;

/// What `bits` lose of what `lower` < bits lose, both against `upper` > bits, by this law.
double shareOfLoss(int bits, int lower, int upper);

/// What units lose alone: the change of the loss at some bits of a unit against the reference, all others at theirs.
/// Holds what it was told, and what lies between that by the law where the problem wants it interpolated.
class LossTable {
public:
    explicit LossTable(const GreedyProblem& problem);

    const std::vector<int>& reference() const { return m_reference; }
    /// What must be measured so that change() knows the moves from `bits`.
    std::vector<Move> missingFor(std::span<const Move> moves, std::span<const int> bits) const;
    /// The width that is measured to know what `bits` lose: themselves, or fewer where they are interpolated.
    int measuredFor(std::size_t unit, int bits) const;
    /// `changes` of the loss after each of the moves alone, against the reference.
    void learn(std::span<const Move> moves, std::span<const double> changes);
    /// What the move changes for a unit at `bits`. Both must be known.
    double change(const Move& move, int bits) const;

private:
    const GreedyProblem& m_problem;
    std::vector<int> m_reference;
    std::vector<std::map<int, double>> m_entries; ///< by unit
};

} // namespace qs::search
