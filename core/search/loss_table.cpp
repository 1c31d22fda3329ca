#include "core/search/loss_table.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace qs::search {

double shareOfLoss(int bits, int lower, int upper)
{
    const auto noise = [](int at) { return std::pow(kNextBit, -at); };
    return (noise(bits) - noise(upper)) / (noise(lower) - noise(upper));
}

LossTable::LossTable(const GreedyProblem& problem)
    : m_problem(problem), m_reference(problem.reference.empty() ? problem.start : problem.reference),
      m_entries(problem.start.size())
{
    for (std::size_t unit = 0; unit < m_entries.size(); ++unit)
        m_entries[unit][m_reference[unit]] = 0;
}

std::vector<Move> LossTable::missingFor(std::span<const Move> moves, std::span<const int> bits) const
{
    std::vector<Move> missing;
    for (const auto& [unit, after] : moves)
        for (const int wanted : {bits[unit], after}) {
            const Move measured{unit, measuredFor(unit, wanted)};
            const bool asked = !missing.empty() && missing.back() == measured;
            if (!m_entries[unit].contains(wanted) && !asked)
                missing.push_back(measured);
        }
    return missing;
}

int LossTable::measuredFor(std::size_t unit, int bits) const
{
    if (!m_problem.interpolate || bits >= m_reference[unit])
        return bits;
    int measured = m_problem.start[unit] - kFirstMeasured;
    while (measured > bits)
        measured -= 2;
    return std::clamp(measured, std::min(bits, m_problem.minBits), bits);
}

void LossTable::learn(std::span<const Move> moves, std::span<const double> changes)
{
    for (std::size_t i = 0; i < moves.size(); ++i) {
        const auto [unit, bits] = moves[i];
        auto& entries = m_entries[unit];
        entries[bits] = changes[i];
        const auto above = std::next(entries.find(bits));
        if (above == entries.end() || !m_problem.interpolate)
            continue;
        for (int between = bits + 1; between < above->first; ++between)
            entries[between] =
                above->second + shareOfLoss(between, bits, above->first) * (changes[i] - above->second);
    }
}

double LossTable::change(const Move& move, int bits) const
{
    return m_entries[move.unit].at(move.bits) - m_entries[move.unit].at(bits);
}

} // namespace qs::search
