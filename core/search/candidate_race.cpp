#include "core/search/candidate_race.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

namespace qs::search {

namespace {

constexpr std::size_t kFavourites = 2;
/// Sums in another order differ in their last bits; ties must not end early.
constexpr double kSlack = 1 + 1e-12;

class Race {
public:
    Race(std::size_t candidates, std::size_t runs, const Contender& contender, const Context& context)
        : m_contender(contender), m_context(context), m_order(runs), m_seen(candidates),
          m_errors(candidates, std::vector<double>(runs))
    {
        std::iota(m_order.begin(), m_order.end(), std::size_t{0});
    }

    Result<RaceResult> run(bool whole)
    {
        const std::size_t incumbent = m_seen.size() - 1;
        const std::size_t runs = m_order.size();
        std::vector<std::size_t> others(incumbent);
        std::iota(others.begin(), others.end(), std::size_t{0});
        QS_CHECK(advance(std::span(&incumbent, 1), runs));
        if (!whole) {
            std::ranges::stable_sort(m_order, std::ranges::greater(),
                                     [&](std::size_t run) { return m_errors[incumbent][run]; });
            QS_CHECK(advance(others, std::min<std::size_t>(1, runs)));
            std::ranges::stable_sort(others, {}, [&](std::size_t candidate) { return sum(candidate); });
            const std::size_t favourites = std::min(kFavourites, others.size());
            QS_CHECK(advance(std::span(others).first(favourites), runs));
            m_bound = sum(incumbent) * kSlack;
            for (std::size_t i = 0; i < favourites; ++i)
                m_bound = std::min(*m_bound, sum(others[i]) * kSlack);
        }
        QS_CHECK(advance(others, runs));
        return result();
    }

private:
    /// In the order of runs, so that the sum of all does not depend on the order in which they were seen.
    double sum(std::size_t candidate) const
    {
        return std::accumulate(m_errors[candidate].begin(), m_errors[candidate].end(), 0.0);
    }

    /// Candidates see runs up to `until`, or until they are out.
    Result<void> advance(std::span<const std::size_t> candidates, std::size_t until)
    {
        std::vector<std::optional<Error>> failures(candidates.size());
        const auto one = [&](std::size_t i, int) {
            if (m_context.stopRequested())
                return;
            if (auto done = advance(candidates[i], until); !done)
                failures[i] = std::move(done.error());
        };
        if (m_context.pool)
            m_context.pool->parallelFor(candidates.size(), one);
        else
            for (std::size_t i = 0; i < candidates.size(); ++i)
                one(i, 0);
        if (m_context.stopRequested())
            return cancelled();
        for (auto& failure : failures)
            if (failure)
                return tl::unexpected<Error>(std::move(*failure));
        return {};
    }

    Result<void> advance(std::size_t candidate, std::size_t until)
    {
        double total = sum(candidate);
        const auto isOut = [&] { return m_bound && total > *m_bound; };
        if (m_seen[candidate] >= until || isOut())
            return {};
        QS_ASSIGN(const RunError errorOf, m_contender(candidate));
        for (std::size_t& seen = m_seen[candidate]; seen < until && !isOut(); ++seen) {
            QS_ASSIGN(const double error, errorOf(m_order[seen]));
            m_errors[candidate][m_order[seen]] = error;
            total += error;
        }
        return {};
    }

    RaceResult result() const
    {
        const std::size_t incumbent = m_seen.size() - 1;
        RaceResult result;
        result.best = incumbent;
        for (std::size_t c = 0; c < m_seen.size(); ++c) {
            const double seen = sum(c);
            result.evaluations += m_seen[c];
            result.errors.push_back(std::max(seen, seen * incumbentsRatio(m_seen[c])));
        }
        for (std::size_t c = 0; c < incumbent; ++c)
            if (m_seen[c] == m_order.size() && result.errors[c] < result.errors[result.best])
                result.best = c;
        return result;
    }

    /// The incumbent's whole error over that of the first runs.
    double incumbentsRatio(std::size_t runs) const
    {
        const std::vector<double>& errors = m_errors.back();
        if (runs == m_order.size())
            return 1;
        double part = 0;
        for (std::size_t i = 0; i < runs; ++i)
            part += errors[m_order[i]];
        return part > 0 ? sum(m_seen.size() - 1) / part : 1;
    }

    const Contender& m_contender;
    const Context& m_context;
    std::vector<std::size_t> m_order;          ///< runs, as they are seen
    std::vector<std::size_t> m_seen;           ///< by candidate: how many runs
    std::vector<std::vector<double>> m_errors; ///< by candidate and run
    std::optional<double> m_bound;
};

} // namespace

Result<RaceResult> race(std::size_t candidates, std::size_t runs, const Contender& contender, bool whole,
                        const Context& context)
{
    if (candidates == 0)
        return fail(ErrorCode::InvalidArgument, "there are no candidates");
    return Race(candidates, runs, contender, context).run(whole);
}

} // namespace qs::search
