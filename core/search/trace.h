#pragma once

#include "core/base/ids.h"
#include "core/graph/sites.h"
#include "core/quant/recipe.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qs::search {

/// How the performance lost by a step is known.
enum class Mode {
    Exact, ///< every candidate of every step is evaluated: units × steps evaluations
    Lazy,  ///< losses are kept from when they were last measured, and only the best candidate is measured again until
           ///< it stays the best
    Table, ///< a table of every unit at every bit width it comes to, all others in float (for Top1: at the start);
           ///< losses are added up. What a unit adds to others that are quantized drowns in products of the noises.
};
std::string_view modeName(Mode mode); ///< "exact", "lazy", "table"

/// One unit lowered (or raised, in the fill pass) by one bit.
struct Step {
    SiteId site;
    int bitsBefore = 0;
    int bitsAfter = 0;
    double loss = 0;       ///< performance after the step (KL in nats, or share of wrong top-1)
    bool measured = false; ///< else a sum of table entries
    double cost = 0;       ///< the fraction of the budget used, 1: exactly met; the largest where there are several
    double meanWeightBits = 0, meanActivationBits = 0; ///< of the searched units
    std::size_t modelBytes = 0;
    double bops = 0;
    double score = 0; ///< loss added per cost saved, what the step was chosen by
};

struct Trace {
    Mode mode = Mode::Lazy;
    std::vector<SiteId> units;  ///< what was searched: quantized sites that are neither locked nor uncovered
    std::vector<int> startBits; ///< by unit
    Step start;                 ///< figures before the first step; no site
    std::vector<Step> steps;
    std::size_t fillFrom = 0;    ///< number of the first step of the fill pass; steps.size() without one
    std::size_t evaluations = 0; ///< of the network on all images
    double seconds = 0;
    /// Bits of every unit after so many steps.
    std::vector<int> bitsAfter(std::size_t steps) const;
};

/// The recipe after the first `steps` steps of a trace.
quant::Recipe recipeAt(const quant::Recipe& start, const graph::SiteTable& sites, const Trace& trace,
                       std::size_t steps);

/// One line a step after the head: step,site,from,to,loss,measured,score,cost,mean_weight_bits,mean_activation_bits,
/// model_bytes,bops. Line 0 is the start.
std::string traceToCsv(const graph::SiteTable& sites, const Trace& trace);

} // namespace qs::search
