#include "widgets/model/quantizer_choice.h"

namespace qs::ui {

std::vector<bool> suitableQuantizers(const Document& document, const Plans& plans, SiteId site)
{
    const auto all = quant::quantizers();
    std::vector<bool> suits(all.size(), true);
    for (std::size_t q = 0; q < all.size(); ++q)
        suits[q] = all[q].suitsRole(document.sites()[site].role);
    const stats::SiteStatistics* statistics = plans.statistics(site);
    if (!statistics)
        return suits;
    // What suits looks at: the extremes.
    stats::SiteStatistics values;
    values.minimum = statistics->minimum;
    values.maximum = statistics->maximum;
    if (const auto plan = plans.sitePlan(site); plan && plan->smoothing) {
        const quant::ChannelTransform& t = plan->smoothing->transform;
        for (std::size_t c = 0; c < values.minimum.size() && c < t.scale.size(); ++c) {
            values.minimum[c] = (values.minimum[c] - t.shift[c]) / t.scale[c];
            values.maximum[c] = (values.maximum[c] - t.shift[c]) / t.scale[c];
        }
    }
    for (std::size_t q = 0; q < all.size(); ++q)
        suits[q] = suits[q] && all[q].suits(values);
    return suits;
}

} // namespace qs::ui
