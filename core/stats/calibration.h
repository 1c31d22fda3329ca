#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/graph/network.h"
#include "core/stats/histogram.h"
#include "core/stats/lane_histograms.h"
#include "core/stats/product_samples.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace qs::stats {

/// What is kept of the values that flow into one activation site, whatever the number of images.
struct SiteStatistics {
    std::string site;             ///< Site::name
    uint64_t values = 0;          ///< how many were seen, masked ones aside
    uint64_t masked = 0;          ///< -inf on the way into a softmax: counted here, in nothing else. See below
    std::vector<float> minimum;   ///< by channel
    std::vector<float> maximum;   ///< by channel
    std::vector<double> mean;     ///< by channel
    std::vector<double> variance; ///< by channel, population
    Histogram histogram;          ///< of all channels together
    /// A histogram a lane, where a change of scale and offset by lane makes sense: inputs of linear layers (lane =
    /// channel) and right operands of A·V (lane = head · dimensions + dimension). Empty elsewhere. Of at most
    /// kLaneRows rows, spread evenly over the images.
    LaneHistograms lanes;
    /// Rows picked evenly from all images (row = all channels at one place), [rows, channels]: for output-error
    /// searches. The choice depends on the seed only, never on threads.
    Tensor sample;
    std::vector<uint32_t> sampleImage; ///< the image each row is from

    float low() const;  ///< smallest value
    float high() const; ///< largest value
    double meanAll() const;
    double stddevAll() const;
    /// Excess kurtosis (0 for a Gaussian), from the histogram.
    double kurtosis() const;
    /// max|x| / stddev.
    double tailWeight() const;
};

/// Rows that lane histograms count at most, about.
constexpr std::size_t kLaneRows = 2048;

struct CalibrationOptions {
    std::size_t sampleRows = 256; ///< rows kept a site
    std::size_t firstImage = 0;
    std::size_t images = SIZE_MAX; ///< at most so many
    std::string modelHash;         ///< copied into the Calibration
    std::string preprocess;        ///< JSON of images::Preprocess, copied into the Calibration
};

/// How much errors of an operator's outputs matter; see importance.h.
struct Importance {
    NodeId node;
    std::vector<float> values; ///< linear layer: [outputs]; product: [slices of its sample]
    friend bool operator==(const Importance&, const Importance&) = default;
};

/// The float network seen on calibration images: what every range estimator and search works from.
struct Calibration {
    std::string modelHash;  ///< onnx::ModelInfo::hash
    std::string preprocess; ///< JSON of images::Preprocess, "" where unknown
    std::string imagesHash; ///< of the image names, in order
    std::size_t images = 0;
    uint64_t seed = 0;
    std::vector<SiteStatistics> sites;   ///< by SiteId; empty statistics for weights
    std::vector<ProductSample> products; ///< operands of Q·Kᵀ and A·V, in the order of the left sites
    std::vector<Importance> importances; ///< empty but after withImportances()
    Tensor logits;                       ///< float network, [images, classes]
    std::size_t peakBytes = 0;           ///< working memory of the statistics, all threads
};

/// Masks: -inf before a softmax (an attention mask that is added, or chosen by Where) says that a place does not
/// count. Sites of the roles SoftmaxInput and ResidualSum (masks added to masks) may hold it; it is left out of
/// extremes, moments and histograms, and in sample rows the smallest number of the run stands for it. A channel that
/// holds nothing else has the extremes and mean 0.
bool mayHoldMasks(const graph::Site& site);

/// One streaming pass of the float network over the images. Memory: sites × (bins + channels + sample), times threads
/// for the parts that are merged; it does not grow with the number of images. The result does not depend on threads.
/// A cancelled pass returns Cancelled; nothing is kept.
/// Errors: the image's; NotFinite naming the site, the node that reads it and the image where a value is NaN or
/// infinite, but for masks.
Result<std::shared_ptr<const Calibration>> calibrate(const graph::Network& network, const exec::ImageSource& images,
                                                     const CalibrationOptions& options, const Context& context);

/// File form (.qcal): CBOR, versioned, written atomically. Errors of load: NotFound, Io, Malformed, Unsupported (of
/// another version: older ones lack what newer searches need, so calibrate again).
Result<void> saveCalibration(const Calibration& calibration, const std::filesystem::path& path);
Result<std::shared_ptr<const Calibration>> loadCalibration(const std::filesystem::path& path);
/// Whether a calibration belongs to a model: InvalidArgument with the reason if not.
Result<void> checkCalibration(const Calibration& calibration, const std::string& modelHash,
                              const graph::SiteTable& sites);

} // namespace qs::stats
