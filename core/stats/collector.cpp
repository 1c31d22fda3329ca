#include "core/stats/collector.h"

#include "core/kernels/statistics.h"
#include "core/stats/masks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace qs::stats {

namespace {

std::size_t channelsOf(const graph::SiteTable& sites, const std::vector<SiteId>& observed)
{
    std::size_t channels = 0;
    for (const SiteId id : observed)
        channels += static_cast<std::size_t>(sites[id].layout.channels);
    return channels;
}

} // namespace

std::size_t laneCount(const graph::Site& site)
{
    using graph::Role;
    const auto channels = static_cast<std::size_t>(site.layout.channels);
    if (site.role == Role::ValueOperand) // [heads, tokens, dimensions]
        return site.channelAxis + 2 == site.shape.rank()
                   ? static_cast<std::size_t>(site.layout.outer * site.layout.inner)
                   : 0;
    // Inputs of linear layers: [rows, channels].
    constexpr std::array kProducts{Role::QueryOperand, Role::KeyOperand, Role::SoftmaxOutput, Role::MatMulOperand};
    const bool linear = site.coverage == graph::Coverage::MatMul && site.layout.inner == 1 &&
                        std::ranges::find(kProducts, site.role) == kProducts.end();
    return linear ? channels : 0;
}

Collector::Moments::Moments(std::size_t channels)
    : minimum(channels), maximum(channels), sum(channels), sumOfSquares(channels)
{
    clear();
}

void Collector::Moments::clear()
{
    std::ranges::fill(minimum, std::numeric_limits<float>::infinity());
    std::ranges::fill(maximum, -std::numeric_limits<float>::infinity());
    std::ranges::fill(sum, 0);
    std::ranges::fill(sumOfSquares, 0);
}

Collector::Collector(const graph::SiteTable& sites, std::vector<SiteId> observed, std::size_t batch, std::size_t runs,
                     int workers, std::size_t sampleRows, uint64_t seed)
    : m_sites(sites), m_observed(std::move(observed)), m_position(sites.size()),
      m_channels(channelsOf(sites, m_observed)), m_batch(batch), m_workers(static_cast<std::size_t>(workers)),
      m_products(sites, runs, seed), m_total(m_channels)
{
    std::size_t offset = 0;
    for (std::size_t i = 0; i < m_observed.size(); ++i) {
        const auto channels = static_cast<std::size_t>(sites[m_observed[i]].layout.channels);
        m_position[m_observed[i].index()] = i;
        m_offset.push_back(offset);
        m_samples.push_back(std::make_unique<Reservoir>(sampleRows, channels, seed, m_observed[i].index()));
        offset += channels;
        auto& slot = m_lanes.emplace_back();
        const std::size_t count = laneCount(sites[m_observed[i]]);
        if (count == 0)
            continue;
        const graph::ChannelLayout& layout = sites[m_observed[i]].layout;
        slot = std::make_unique<Lanes>();
        Lanes& lanes = *slot;
        const bool inner = sites[m_observed[i]].role == graph::Role::ValueOperand; // of one dimension a head too
        lanes.byChannel = !inner;
        lanes.groups = inner ? static_cast<std::size_t>(layout.outer) : 1;
        lanes.rows = inner ? channels : static_cast<std::size_t>(layout.outer);
        lanes.histograms = LaneHistograms(count);
        lanes.stride = std::max<std::size_t>(1, runs * lanes.rows / kLaneRows);
    }
    for (Worker& worker : m_workers)
        worker.histograms.resize(m_observed.size());
}

void Collector::observe(SiteId id, std::size_t run, int workerNumber, std::span<const float> data)
{
    run += m_firstRun;
    Worker& worker = m_workers[static_cast<std::size_t>(workerNumber)];
    if (worker.seen == 0) {
        const std::lock_guard lock(m_mutex);
        if (m_free.empty()) {
            worker.moments = std::make_unique<Moments>(m_channels);
            ++m_parts;
        } else {
            worker.moments = std::move(m_free.back());
            m_free.pop_back();
            worker.moments->clear();
        }
        worker.failed = false;
    }
    ++worker.seen;

    const graph::ChannelLayout& layout = m_sites[id].layout;
    const auto channels = static_cast<std::size_t>(layout.channels);
    const std::size_t position = m_position[id.index()];
    const std::size_t offset = m_offset[position];
    const kernels::ChannelMoments moments{
        worker.moments->minimum.data() + offset, worker.moments->maximum.data() + offset,
        worker.moments->sum.data() + offset, worker.moments->sumOfSquares.data() + offset};
    if (layout.inner == 1) {
        kernels::accumulateRows(static_cast<std::size_t>(layout.outer), channels, data.data(), moments);
    } else {
        const auto inner = static_cast<std::size_t>(layout.inner);
        for (std::size_t o = 0; o < static_cast<std::size_t>(layout.outer); ++o)
            kernels::accumulatePlanes(channels, inner, data.data() + o * channels * inner, moments);
    }

    // NaN and infinity show in the sums of squares.
    const bool finite =
        std::all_of(moments.sumOfSquares, moments.sumOfSquares + channels, [](double x) { return std::isfinite(x); });
    std::optional<Unmasked> parts;
    if (!finite && mayHoldMasks(m_sites[id]))
        parts = unmasked(data, layout, moments);
    if (!finite && !parts) {
        const std::lock_guard lock(m_mutex);
        const NotFinite found{run, id};
        if (!m_notFinite || found < *m_notFinite)
            m_notFinite = found;
        worker.failed = true;
    } else {
        if (parts)
            addMasked(position, parts->masked);
        const std::span<const float> numbers = parts ? parts->numbers : data;
        if (parts)
            data = parts->filled;
        if (!numbers.empty())
            worker.histograms[position].add(numbers, *std::min_element(moments.min, moments.min + channels),
                                            *std::max_element(moments.max, moments.max + channels));
        m_samples[position]->offer(layout, data.data(), run * m_batch, m_batch);
        m_products.offer(id, run, data);
        if (m_lanes[position])
            addLanes(*m_lanes[position], run, data, worker.moments->minimum.data() + offset,
                     worker.moments->maximum.data() + offset);
    }
    if (worker.seen == m_observed.size())
        complete(run, worker);
}

void Collector::addLanes(Lanes& lanes, std::size_t run, std::span<const float> data, const float* low,
                         const float* high)
{
    const std::size_t width = lanes.histograms.lanes() / lanes.groups;
    const std::size_t seen = run * lanes.rows % lanes.stride;
    const std::size_t skip = seen == 0 ? 0 : lanes.stride - seen;
    std::vector<float> ownLow, ownHigh; // lanes that are not the channels
    if (!lanes.byChannel) {
        ownLow.resize(width);
        ownHigh.resize(width);
    }
    const std::lock_guard lock(lanes.mutex);
    for (std::size_t g = 0; g < lanes.groups; ++g) {
        const float* rows = data.data() + g * lanes.rows * width;
        if (!lanes.byChannel) {
            std::copy_n(rows, width, ownLow.begin());
            std::copy_n(rows, width, ownHigh.begin());
            for (std::size_t r = 1; r < lanes.rows; ++r)
                for (std::size_t c = 0; c < width; ++c) {
                    ownLow[c] = std::min(ownLow[c], rows[r * width + c]);
                    ownHigh[c] = std::max(ownHigh[c], rows[r * width + c]);
                }
            low = ownLow.data();
            high = ownHigh.data();
        }
        lanes.histograms.add(g * width, width, rows, lanes.rows, skip, lanes.stride, low, high);
    }
}

void Collector::addMasked(std::size_t position, std::span<const uint64_t> counts)
{
    const std::lock_guard lock(m_mutex);
    std::vector<uint64_t>& total = m_masked[position];
    total.resize(counts.size());
    for (std::size_t c = 0; c < counts.size(); ++c)
        total[c] += counts[c];
}

void Collector::complete(std::size_t run, Worker& worker)
{
    const std::lock_guard lock(m_mutex);
    worker.seen = 0;
    m_pending[run] = std::move(worker.moments);
    for (auto next = m_pending.find(m_nextRun); next != m_pending.end(); next = m_pending.find(m_nextRun)) {
        add(*next->second);
        m_free.push_back(std::move(next->second));
        m_pending.erase(next);
        ++m_nextRun;
    }
}

void Collector::add(const Moments& part)
{
    for (std::size_t c = 0; c < m_channels; ++c) {
        m_total.minimum[c] = std::min(m_total.minimum[c], part.minimum[c]);
        m_total.maximum[c] = std::max(m_total.maximum[c], part.maximum[c]);
        m_total.sum[c] += part.sum[c];
        m_total.sumOfSquares[c] += part.sumOfSquares[c];
    }
}

std::optional<Collector::NotFinite> Collector::notFinite() const
{
    const std::lock_guard lock(m_mutex);
    return m_notFinite;
}

std::size_t Collector::bytes() const
{
    const std::size_t moments = m_channels * 2 * (sizeof(float) + sizeof(double));
    std::size_t bytes = (m_parts + 1) * moments;
    for (const Worker& worker : m_workers)
        bytes += worker.histograms.size() * (sizeof(Histogram) + Histogram::kBins * sizeof(uint64_t));
    for (const auto& sample : m_samples)
        bytes += sample->bytes();
    bytes += m_products.bytes();
    for (const auto& lanes : m_lanes)
        bytes += lanes ? lanes->histograms.bytes() : 0;
    return bytes;
}

std::vector<SiteStatistics> Collector::finish()
{
    std::vector<SiteStatistics> result(m_sites.size());
    for (const graph::Site& site : m_sites)
        result[site.id.index()].site = site.name;
    for (std::size_t i = 0; i < m_observed.size(); ++i) {
        const graph::Site& site = m_sites[m_observed[i]];
        SiteStatistics& statistics = result[site.id.index()];
        const auto channels = static_cast<std::size_t>(site.layout.channels);
        const std::size_t begin = m_offset[i];
        const uint64_t count = m_nextRun * static_cast<uint64_t>(site.layout.outer * site.layout.inner);
        const auto masked = m_masked.find(i);
        statistics.values = m_nextRun * static_cast<uint64_t>(site.elements());
        statistics.minimum.assign(m_total.minimum.begin() + begin, m_total.minimum.begin() + begin + channels);
        statistics.maximum.assign(m_total.maximum.begin() + begin, m_total.maximum.begin() + begin + channels);
        for (std::size_t c = 0; c < channels; ++c) {
            const uint64_t out = masked == m_masked.end() ? 0 : masked->second[c];
            statistics.masked += out;
            const auto seen = static_cast<double>(count - out);
            const double mean = seen > 0 ? m_total.sum[begin + c] / seen : 0;
            statistics.mean.push_back(mean);
            statistics.variance.push_back(
                seen > 0 ? std::max(0.0, m_total.sumOfSquares[begin + c] / seen - mean * mean) : 0);
            if (seen == 0)
                statistics.minimum[c] = statistics.maximum[c] = 0;
        }
        statistics.values -= statistics.masked;
        for (Worker& worker : m_workers) {
            statistics.histogram.merge(worker.histograms[i]);
            worker.histograms[i] = {};
        }
        statistics.sample = m_samples[i]->rows();
        statistics.sampleImage = m_samples[i]->images();
        m_samples[i].reset();
        if (m_lanes[i])
            statistics.lanes = std::move(m_lanes[i]->histograms);
    }
    return result;
}

} // namespace qs::stats
