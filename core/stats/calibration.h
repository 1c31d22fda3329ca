#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/graph/network.h"
#include "core/stats/histogram.h"
#include "core/stats/lane_histograms.h"
#include "core/stats/product_samples.h"
#include "core/stats/site_statistics.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace qs::stats {

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

} // namespace qs::stats
