#pragma once

#include "core/graph/network.h"
#include "core/quant/plan.h"
#include "core/search/greedy.h"
#include "core/search/mixed_precision.h"

#include <cstddef>
#include <span>
#include <vector>

namespace qs::search {

/// Currencies of a network's allocation, in `Amounts`.
enum Currency : std::size_t { WeightBits, ActivationBits, ModelBytes, Bops };

/// What allocations of bits to the units cost, without resolving them: WeightBits and ActivationBits are sums of
/// elements · bits over the units of that kind, ModelBytes and Bops those of the Plan.
class NetworkCost {
public:
    /// `plan`: any plan of the recipe that is searched; what the units do not change is taken from it.
    NetworkCost(const graph::Network& network, const quant::Plan& plan, std::span<const SiteId> units);

    Amounts amounts(std::span<const int> bits) const;
    Amounts limits(const Budget& budget) const;
    double meanWeightBits(const Amounts& amounts) const;     ///< 0 where no unit is a weight
    double meanActivationBits(const Amounts& amounts) const; ///< 0 where no unit is an activation

private:
    struct Unit {
        double elements = 0;
        bool weight = false;
        bool counted = false; ///< in the bytes: the first site of a tensor
    };
    /// macs · bits · bits; a side that is no unit has fixed bits.
    struct Product {
        double macs = 0;
        int units[2] = {-1, -1};
        double fixed[2] = {0, 0};
    };
    std::size_t unitBytes(std::size_t unit, int bits) const;

    std::vector<Unit> m_units;
    std::vector<Product> m_products;
    double m_fixedBytes = 0;
    double m_weightElements = 0;
    double m_activationElements = 0;
};

} // namespace qs::search
