#include "widgets/model/weight_statistics.h"

#include "widgets/model/document.h"
#include "widgets/model/jobs.h"

#include <algorithm>
#include <limits>

namespace qs::ui {

WeightStatistics::WeightStatistics(const Document& document, Jobs& jobs, QObject* parent)
    : QObject(parent), m_document(document), m_job(jobs.runner(), Lane::Interactive)
{
    connect(&document, &Document::modelChanged, this, &WeightStatistics::start);
}

WeightStatistics::~WeightStatistics() = default;

std::shared_ptr<const stats::SiteStatistics> WeightStatistics::find(SiteId site) const
{
    const auto found = m_table.find(site);
    return found == m_table.end() ? nullptr : found->second;
}

stats::SiteStatistics WeightStatistics::count(const graph::ChannelLayout& layout, std::span<const float> values)
{
    stats::SiteStatistics result;
    const auto channels = static_cast<std::size_t>(layout.channels);
    const auto inner = static_cast<std::size_t>(layout.inner);
    const auto outer = static_cast<std::size_t>(layout.outer);
    result.values = values.size();
    result.minimum.assign(channels, std::numeric_limits<float>::max());
    result.maximum.assign(channels, std::numeric_limits<float>::lowest());
    result.mean.assign(channels, 0);
    result.variance.assign(channels, 0);
    result.histogram.add(values);
    const double share = 1.0 / static_cast<double>(std::max<std::size_t>(outer * inner, 1));
    const auto forEach = [&](auto&& use) {
        for (std::size_t o = 0; o < outer; ++o)
            for (std::size_t c = 0; c < channels; ++c)
                for (std::size_t i = 0; i < inner; ++i)
                    use(c, values[(o * channels + c) * inner + i]);
    };
    forEach([&](std::size_t c, float value) {
        result.minimum[c] = std::min(result.minimum[c], value);
        result.maximum[c] = std::max(result.maximum[c], value);
        result.mean[c] += value * share;
    });
    forEach([&](std::size_t c, float value) {
        result.variance[c] += (value - result.mean[c]) * (value - result.mean[c]) * share;
    });
    return result;
}

void WeightStatistics::start()
{
    m_table.clear();
    m_job.cancel();
    if (!m_document.model())
        return;
    m_job.start(
        [model = m_document.model()](const Context& context) -> Result<Table> {
            Table table;
            for (const graph::Site& site : model->sites) {
                if (context.stopRequested())
                    return cancelled();
                const Tensor& weight = model->graph.value(site.tensor).constant;
                if (site.kind != graph::SiteKind::Weight || weight.empty() || weight.dtype() != DType::Float32)
                    continue;
                auto found = count(site.layout, weight.floats());
                found.site = site.name;
                table[site.id] = std::make_shared<const stats::SiteStatistics>(std::move(found));
            }
            return table;
        },
        [this](Result<Table> result) {
            if (!result)
                return;
            m_table = std::move(*result);
            emit changed();
        });
}

} // namespace qs::ui
