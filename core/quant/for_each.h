#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/ids.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace qs::quant {

/// Runs `one(id, index)` (which returns Result<void>) on all threads of the context; the error of the first in order
/// that failed, or Cancelled.
template <class One>
Result<void> forEach(const Context& context, const std::vector<SiteId>& ids, One one)
{
    std::vector<std::optional<Error>> errors(ids.size());
    const auto guarded = [&](std::size_t index, int) {
        if (context.stopRequested())
            return;
        if (Result<void> done = one(ids[index], index); !done)
            errors[index] = std::move(done.error());
    };
    if (context.pool)
        context.pool->parallelFor(ids.size(), guarded);
    else
        for (std::size_t i = 0; i < ids.size(); ++i)
            guarded(i, 0);
    if (context.stopRequested())
        return cancelled();
    for (std::optional<Error>& error : errors)
        if (error)
            return tl::unexpected<Error>(std::move(*error));
    return {};
}

} // namespace qs::quant
