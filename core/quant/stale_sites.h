#pragma once

#include "core/graph/network.h"
#include "core/quant/plan.h"
#include "core/quant/recipe.h"

#include <functional>
#include <set>
#include <span>
#include <vector>

namespace qs::quant {

// What of a plan holds no longer where settings change. One answer for resolve(), which takes the rest over from the
// plan before, and for the window, which shows the numbers of these sites as old. It goes by what a site's numbers
// are computed from:
//   its own settings;
//   a smoothing: the weights of all that reads the smoothed value and of what it is folded into, every value that
//     these read, and V's lanes where it goes through V;
//   where alpha is searched, the settings of the readers' weights too;
//   noise, on a quantizer that changed: V's lanes likewise;
//   a search of a layer: every range belongs to those of its partners;
//   a scale that was raised for a bias: the scale of the input.

/// By SiteId.
struct StaleSites {
    std::vector<bool> numbers;  ///< has to be resolved again by itself
    std::vector<bool> partners; ///< gets another range where its layer is searched again
    std::vector<bool> byBias;   ///< a weight that may be raised, or not, for a bias that changes

    bool operator[](SiteId id) const
    {
        const std::size_t i = id.index();
        return numbers[i] || partners[i] || byBias[i];
    }
};

/// Activations whose smoothing has to be planned again, by SiteId; `after` too.
std::vector<bool> staleSmoothings(const graph::SiteTable& sites, const Plan& plan,
                                  std::span<const SiteSettings> after);

/// `plan`: of these sites, against a calibration or none. `after`: by SiteId. `smoothed`: whether a smoothing, noise
/// aside, changes the values of a site under `after`.
StaleSites findStale(const graph::Network& network, const Plan& plan, std::span<const SiteSettings> after,
                     const std::function<bool(SiteId)>& smoothed);

/// The sites whose numbers in `plan` may not be those of `recipe`. Never too few: tests/quant/stale_sites_test.cpp
/// compares with whole plans. A guard's decision holds until what it
/// compares, or a site of its group, is stale.
std::set<SiteId> staleSites(const graph::Network& network, const Plan& plan, const Recipe& recipe);

} // namespace qs::quant
