#pragma once

#include "core/quant/recipe.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace qs::quant {

// The words of recipe files. Shared by what writes and what reads them.

inline constexpr std::string_view kFormat = "quantoscope-recipe";

template <class T>
using Names = std::initializer_list<std::pair<T, std::string_view>>;

inline const Names<Scheme> kSchemes{{Scheme::Symmetric, "symmetric"}, {Scheme::Asymmetric, "asymmetric"}};
inline const Names<Granularity> kGranularities{
    {Granularity::Tensor, "tensor"}, {Granularity::Channel, "channel"}, {Granularity::Part, "part"}};
inline const Names<graph::Coverage> kCoverages{{graph::Coverage::MatMul, "matmul"}, {graph::Coverage::Full, "full"}};
inline const Names<graph::SiteKind> kKinds{{graph::SiteKind::Weight, "weight"},
                                           {graph::SiteKind::Activation, "activation"}};
inline const Names<EstimatorKind> kEstimators{{EstimatorKind::MinMax, "minmax"},
                                              {EstimatorKind::Percentile, "percentile"},
                                              {EstimatorKind::Mse, "mse"},
                                              {EstimatorKind::Entropy, "entropy"},
                                              {EstimatorKind::Manual, "manual"},
                                              {EstimatorKind::Search, "search"},
                                              {EstimatorKind::MinMaxHalf, "minmax-half"},
                                              {EstimatorKind::Scaled, "scaled"}};
inline const Names<Objective> kObjectives{{Objective::InputError, "input-error"},
                                          {Objective::OutputError, "output-error"},
                                          {Objective::Cosine, "cosine"},
                                          {Objective::Hessian, "hessian"}};
inline const Names<SmoothingKind> kSmoothings{{SmoothingKind::None, "none"},
                                              {SmoothingKind::Scale, "smoothquant"},
                                              {SmoothingKind::ShiftScale, "sq-b"},
                                              {SmoothingKind::Shift, "shift"},
                                              {SmoothingKind::Reparameterize, "reparameterize"}};

inline const Names<ZeroPoint> kZeroPoints{
    {ZeroPoint::ZeroInRange, "zero-in-range"}, {ZeroPoint::Clamped, "clamped"}, {ZeroPoint::Wide, "wide"}};
inline const Names<NoiseLaw> kNoiseLaws{{NoiseLaw::Uniform, "uniform"}, {NoiseLaw::Released, "released"}};

template <class T>
std::string nameOf(const Names<T>& names, T value)
{
    for (const auto& [candidate, name] : names)
        if (candidate == value)
            return std::string(name);
    return {};
}

} // namespace qs::quant
