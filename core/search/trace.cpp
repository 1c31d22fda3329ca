#include "core/search/trace.h"

#include "core/base/csv.h"
#include "core/search/network_oracle.h"

#include <algorithm>

namespace qs::search {

std::string_view modeName(Mode mode)
{
    switch (mode) {
    case Mode::Exact:
        return "exact";
    case Mode::Lazy:
        return "lazy";
    case Mode::Table:
        break;
    }
    return "table";
}

std::vector<int> Trace::bitsAfter(std::size_t count) const
{
    std::vector<int> bits = startBits;
    for (std::size_t i = 0; i < std::min(count, steps.size()); ++i)
        bits[static_cast<std::size_t>(std::ranges::find(units, steps[i].site) - units.begin())] = steps[i].bitsAfter;
    return bits;
}

quant::Recipe recipeAt(const quant::Recipe& start, const graph::SiteTable& sites, const Trace& trace,
                       std::size_t steps)
{
    return withBits(start, sites, trace.units, trace.bitsAfter(steps));
}

std::string traceToCsv(const graph::SiteTable& sites, const Trace& trace)
{
    std::string csv =
        "step,site,from,to,loss,measured,score,cost,mean_weight_bits,mean_activation_bits,model_bytes,bops\n";
    for (std::size_t i = 0; i <= trace.steps.size(); ++i) {
        const Step& step = i == 0 ? trace.start : trace.steps[i - 1];
        const auto ofStep = [i](const auto& text) { return i == 0 ? std::string() : std::string(text()); };
        csv += csvLine({std::to_string(i), ofStep([&] { return sites[step.site].name; }),
                        ofStep([&] { return std::to_string(step.bitsBefore); }),
                        ofStep([&] { return std::to_string(step.bitsAfter); }), csvNumber(step.loss),
                        step.measured ? "1" : "0", csvNumber(step.score), csvNumber(step.cost),
                        csvNumber(step.meanWeightBits), csvNumber(step.meanActivationBits),
                        std::to_string(step.modelBytes), csvNumber(step.bops)});
    }
    return csv;
}

} // namespace qs::search
