#pragma once

#include "core/exec/simulation.h"
#include "core/exec/weight_codes.h"
#include "core/graph/network.h"
#include "core/kernels/quantize.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace qs::exec {

/// A product that runs on codes, and what they mean.
struct IntegerProduct {
    kernels::QuantGrid a;                      ///< of the left operand, codes in 0..255
    kernels::QuantGrid b;                      ///< of the right one, where it is an activation too
    std::shared_ptr<const WeightCodes> weight; ///< else
    /// Codes of the bias; null: there is none, or it is not on the scales of this product.
    std::shared_ptr<const std::vector<int32_t>> bias;
};

/// Which products of a graph have codes on both sides: Linear with an input (GridMap) and a symmetric weight of at
/// most 8 bits, MatMul of two activations. The others, and everything without integers, see the floats of the
/// simulation.
class Integers {
public:
    /// Codes of a weight's values; null where they have none. For caches.
    using FindCodes = std::function<std::shared_ptr<const WeightCodes>(const Tensor&)>;
    /// `on` false: none.
    Integers(const graph::Network& network, const Simulation& simulation, bool on,
             const FindCodes& findCodes = findCodesPlainly);
    static std::shared_ptr<const WeightCodes> findCodesPlainly(const Tensor& values);

    /// Null: computes in float.
    const IntegerProduct* find(NodeId root) const;
    /// Whether a reader takes the codes of its site instead of the floats.
    bool readsCodes(graph::Use use) const;
    /// Codes of an activation site as unsigned bytes.
    std::optional<kernels::QuantGrid> gridOf(SiteId site) const;

private:
    std::optional<kernels::QuantGrid> gridAt(graph::Use use) const;
    std::optional<IntegerProduct> linear(NodeId id, const FindCodes& findCodes) const;
    std::optional<IntegerProduct> matMul(NodeId id) const;

    graph::Network m_network;
    const Simulation& m_simulation;
    std::map<NodeId, IntegerProduct> m_products;
};

} // namespace qs::exec
