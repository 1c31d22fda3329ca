#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"
#include "core/quant/estimator.h"
#include "core/quant/level_grids.h"
#include "core/quant/quantizer.h"
#include "core/quant/recipe.h"
#include "core/quant/smoothing.h"
#include "core/stats/calibration.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace qs::quant {

/// Isolated error of one site: only this site is quantized, its input is the float network's.
struct SiteError {
    /// 10 log10(sum x² / sum (x - Q(x))²), dB; activations from the histogram, weights exactly. +inf where exact.
    double sqnrDb = 0;
    double roundingShare = 0; ///< of the squared error, in [0, 1]; the rest is clipping
    double clippedShare = 0;  ///< of the values, in [0, 1]
    /// Relative squared error of the operator's output with only this site quantized, from the sample rows:
    /// sum (y - y_q)² / sum y². NaN where there are no rows (convolutions with a window, products of activations).
    double outputError = 0;
};

/// The noise of one site.
struct NoisePlan {
    std::vector<float> noise; ///< N by channel, units of X̂; empty where the site cannot have any
    std::string refusal;      ///< then: why
    double step = 0;          ///< of the quantizer, units of X̂
    double range = 0;         ///< n, steps
    double shift = 0;         ///< μ, steps
    struct Point {
        double range = 0; ///< steps
        double error = 0; ///< by the objective, relative to the signal
    };
    std::vector<Point> curve; ///< of the search, ascending; one point where the range is given
    /// Smoothing and noise together, and where they are folded; null where the noise is 0 or refused.
    std::shared_ptr<const SmoothingPlan> transform;
};

/// The numbers of one site.
struct SitePlan {
    SiteSettings settings;
    Range range;                                 ///< per tensor; for channels the hull
    UniformGrid grid;                            ///< uniform quantizers; else empty
    LevelGrid levels;                            ///< quantizers that are not uniform; else empty
    std::shared_ptr<const exec::ElementMap> map; ///< activations; null in float
    /// Weights: int8 codes in the shape of the weight; empty in float. The grid's codes are int8 too: an asymmetric
    /// one is moved by -2^(bits-1).
    Tensor codes;
    Tensor dequantized; ///< weights: what the simulation multiplies with (of Ŵ where the input is smoothed)
    std::shared_ptr<const SmoothingPlan> smoothing; ///< activations; null where there is none
    std::shared_ptr<const NoisePlan> noise;         ///< activations; null where none is asked for
    SiteError error;
    bool masked = false;        ///< stays in float because it holds -inf, which has no code (see mayHoldMasks())
    bool raisedForBias = false; ///< weights: a channel's scale is larger than its range asks for, see BiasPlan

    /// What happens to the activation before its quantizer: smoothing, noise, or both; null where nothing does.
    const std::shared_ptr<const SmoothingPlan>& transform() const
    {
        return noise && noise->transform ? noise->transform : smoothing;
    }
    bool uniform() const { return !grid.scale.empty(); }
    bool quantized() const { return uniform() || levels.index() != 0; }
};

struct GuardReport;

/// Bias of a linear layer or convolution whose input and weight are both quantized, as integer kernels add it:
/// codes = rne(bias / (scale_x · scale_w[channel])), int32. Where that would overflow, the channel's weight scale is
/// raised until it fits and its weights are quantized again.
struct BiasPlan {
    std::vector<int32_t> codes; ///< [output channels]
    std::vector<float> scale;   ///< [output channels] = scale_x · scale_w, product in float32
};

/// A recipe resolved against a calibration: all numbers. Immutable; sites that did not change are shared between
/// plans.
struct Plan {
    Recipe recipe;
    std::shared_ptr<const stats::Calibration> calibration; ///< what it was resolved against
    std::vector<std::shared_ptr<const SitePlan>> sites;    ///< by SiteId
    std::map<NodeId, std::shared_ptr<const BiasPlan>> biases;
    exec::Simulation simulation; ///< what the executor runs
    /// The float network with every smoothing and noise in it: the same function, other values.
    exec::Simulation smoothed;
    double meanWeightBits = 0;     ///< over weight elements (float counts as 32)
    double meanActivationBits = 0; ///< over activation elements of the covered sites
    std::size_t modelBytes =
        0;           ///< codes packed at their bits + scales + float rest, as a file would hold them at best
    double bops = 0; ///< bit operations of one image: sum of macs · bits_w · bits_a
    std::vector<std::string> warnings;
    std::shared_ptr<const GuardReport> guard; ///< null where the recipe has none; see guard.h

    const SitePlan& operator[](SiteId id) const { return *sites[id.index()]; }
    /// What smoothing does to the lanes of an activation (its channels; of V: head · dimensions + dimension): its
    /// own, or that of the projection that was folded into V, noise included. Null where nothing does.
    const ChannelTransform* laneTransform(SiteId id) const
    {
        return id.index() < lanes.size() ? lanes[id.index()].get() : nullptr;
    }
    /// Whether smoothing, noise aside, changes the values of a site.
    bool isSmoothed(SiteId id) const;
    /// Fills `lanes`: to be called where `sites` were put together by hand.
    void findLanes();
    std::vector<std::shared_ptr<const ChannelTransform>> lanes; ///< by SiteId, see laneTransform
};

/// SitePlan::smoothing and SitePlan::transform() of all sites, by SiteId.
std::vector<std::shared_ptr<const SmoothingPlan>> smoothingsOf(const Plan& plan);
std::vector<std::shared_ptr<const SmoothingPlan>> transformsOf(const Plan& plan);

} // namespace qs::quant
