#include "core/search/mixed_precision.h"
#include "core/search/network_oracle.h"

#include <algorithm>
#include <locale>
#include <sstream>

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
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out.precision(9);
    out << "step,site,from,to,loss,measured,score,cost,mean_weight_bits,mean_activation_bits,model_bytes,bops\n";
    const auto figures = [&out](const Step& step) {
        out << step.loss << ',' << (step.measured ? 1 : 0) << ',' << step.score << ',' << step.cost << ','
            << step.meanWeightBits << ',' << step.meanActivationBits << ',' << step.modelBytes << ',' << step.bops
            << '\n';
    };
    out << "0,,,,";
    figures(trace.start);
    for (std::size_t i = 0; i < trace.steps.size(); ++i) {
        const Step& step = trace.steps[i];
        out << i + 1 << ',' << sites[step.site].name << ',' << step.bitsBefore << ',' << step.bitsAfter << ',';
        figures(step);
    }
    return out.str();
}

} // namespace qs::search
