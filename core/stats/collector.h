#pragma once

#include "core/exec/program.h"
#include "core/graph/sites.h"
#include "core/stats/calibration.h"
#include "core/stats/product_samples.h"
#include "core/stats/reservoir.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qs::stats {

/// Lanes of the histograms that are kept of a site (SiteStatistics::lanes); 0 where none are.
std::size_t laneCount(const graph::Site& site);

/// Turns what flows through the sites into their statistics. Counts, extremes and samples do not depend on the order
/// of the runs; sums are kept by run and added in the order of the runs, so nothing depends on threads.
class Collector final : public exec::Observer {
public:
    /// `batch`: images a run; `runs`: how many there will be.
    Collector(const graph::SiteTable& sites, std::vector<SiteId> observed, std::size_t batch, std::size_t runs,
              int workers, std::size_t sampleRows, uint64_t seed);

    /// Runs are numbered from `first` on until the next call: run r of the program is run first + r here.
    void startAt(std::size_t first) { m_firstRun = first; }
    void observe(SiteId site, std::size_t run, int worker, std::span<const float> data) override;

    /// A value that is NaN or infinite, masks aside: the first run and, in it, the first site.
    struct NotFinite {
        std::size_t run;
        SiteId site;
        auto operator<=>(const NotFinite&) const = default;
    };
    std::optional<NotFinite> notFinite() const;
    /// Runs that are complete.
    std::size_t runs() const { return m_nextRun; }
    std::size_t bytes() const;
    /// Statistics by SiteId; the collector is spent.
    std::vector<SiteStatistics> finish();
    /// Samples of the products; once.
    std::vector<ProductSample> finishProducts() { return m_products.finish(); }

private:
    /// Sums and extremes of all channels of all sites, one after the other.
    struct Moments {
        explicit Moments(std::size_t channels);
        void clear();
        std::vector<float> minimum, maximum;
        std::vector<double> sum, sumOfSquares;
    };
    struct Worker {
        std::unique_ptr<Moments> moments; ///< of the run it is on
        std::size_t seen = 0;             ///< sites of that run
        bool failed = false;
        std::vector<Histogram> histograms; ///< by position in m_observed
    };
    /// Lane histograms of one site; counts do not depend on the order of the runs, so one a site is enough.
    struct Lanes {
        std::mutex mutex;
        LaneHistograms histograms;
        bool byChannel = true;  ///< a lane is a channel
        std::size_t groups = 1; ///< blocks of rows in a run, each with lanes of its own
        std::size_t rows = 0;   ///< of a group in a run
        std::size_t stride = 1; ///< every so many rows are counted
    };
    /// `low`, `high`: extremes of the run by channel.
    void addLanes(Lanes& lanes, std::size_t run, std::span<const float> data, const float* low, const float* high);
    void addMasked(std::size_t position, std::span<const uint64_t> counts);
    void complete(std::size_t run, Worker& worker);
    void add(const Moments& part);

    const graph::SiteTable& m_sites;
    std::vector<SiteId> m_observed;
    std::vector<std::size_t> m_position; ///< by SiteId, in m_observed
    std::vector<std::size_t> m_offset;   ///< by position: first channel in Moments
    std::size_t m_channels = 0;
    std::size_t m_batch;
    std::size_t m_firstRun = 0;
    std::vector<Worker> m_workers;
    std::vector<std::unique_ptr<Reservoir>> m_samples; ///< by position
    std::vector<std::unique_ptr<Lanes>> m_lanes;       ///< by position; null where there are none
    ProductSampler m_products;

    mutable std::mutex m_mutex; ///< all below
    std::map<std::size_t, std::unique_ptr<Moments>> m_pending;
    std::vector<std::unique_ptr<Moments>> m_free;
    std::size_t m_parts = 0; ///< Moments that were made
    std::size_t m_nextRun = 0;
    Moments m_total;
    std::optional<NotFinite> m_notFinite;
    std::map<std::size_t, std::vector<uint64_t>> m_masked; ///< by position: -inf by channel, where there is any
};

} // namespace qs::stats
