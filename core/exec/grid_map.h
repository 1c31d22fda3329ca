#pragma once

#include "core/exec/simulation.h"
#include "core/kernels/quantize.h"

#include <optional>

namespace qs::exec {

/// A map that is a uniform quantizer, and says which: what reads its values may take the codes instead.
class GridMap : public ElementMap {
public:
    /// The grid, where it is one for all channels, its codes fit into 8 bits and the zero point is one of them:
    ///   dst = (q - zeroPoint) * scale,  q = clamp(rne(src / scale) + zeroPoint, qmin, qmax)
    virtual std::optional<kernels::QuantGrid> codes() const = 0;
};

} // namespace qs::exec
