#pragma once

#include "core/base/context.h"
#include "core/base/error.h"

#include <cstddef>
#include <functional>
#include <vector>

namespace qs::search {

// The candidate with the smallest error, where an error is a sum of what is not negative over runs (images):
//   E_c = sum over r of e_c(r)
// The incumbent sees all runs first; then all candidates see the run with the incumbent's largest error, and the best
// of these see all. The smallest sum so far is the bound: the other candidates see run after run, the incumbent's
// largest errors first, and end where their sum exceeds the bound, which they cannot come back from. So the result is
// that of all sums, at a fraction of their cost.

struct RaceResult {
    std::size_t best = 0;
    /// By candidate: E_c, sums in the order of runs. Of one that ended early: an estimate, never below what it has
    /// seen, by the incumbent's share in the runs that were seen.
    std::vector<double> errors;
    std::size_t evaluations = 0; ///< of e
};

/// e of one candidate, by run.
using RunError = std::function<Result<double>(std::size_t run)>;
/// Makes a candidate ready; called from several threads, and more than once.
using Contender = std::function<Result<RunError>(std::size_t candidate)>;

/// The last of the `candidates` is the incumbent: it wins ties, then the first does. `whole`: every candidate sees
/// all runs. Does not depend on threads. Errors: those of a candidate; Cancelled.
Result<RaceResult> race(std::size_t candidates, std::size_t runs, const Contender& contender, bool whole,
                        const Context& context);

} // namespace qs::search
