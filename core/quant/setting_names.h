#pragma once

#include "core/graph/sites.h"
#include "core/quant/settings.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace qs::quant {

/// A value of an enumeration, its word in recipe files, and what people are told.
template <class T>
struct Named {
    T value;
    std::string_view name;
    std::string_view title; ///< UTF-8
};

inline constexpr std::array kSchemes{Named{Scheme::Symmetric, "symmetric", "symmetric"},
                                     Named{Scheme::Asymmetric, "asymmetric", "asymmetric"}};
inline constexpr std::array kGranularities{Named{Granularity::Tensor, "tensor", "per tensor"},
                                           Named{Granularity::Channel, "channel", "per channel"},
                                           Named{Granularity::Part, "part", "per part"}};
inline constexpr std::array kCoverages{Named{graph::Coverage::MatMul, "matmul", "matrix products"},
                                       Named{graph::Coverage::Full, "full", "full"}};
inline constexpr std::array kKinds{Named{graph::SiteKind::Weight, "weight", "weight"},
                                   Named{graph::SiteKind::Activation, "activation", "activation"}};
inline constexpr std::array kEstimators{
    Named{EstimatorKind::MinMax, "minmax", "min–max"},
    Named{EstimatorKind::Percentile, "percentile", "percentile"},
    Named{EstimatorKind::Mse, "mse", "MSE"},
    Named{EstimatorKind::Entropy, "entropy", "entropy"},
    Named{EstimatorKind::Manual, "manual", "manual"},
    Named{EstimatorKind::Search, "search", "layer search"},
    Named{EstimatorKind::MinMaxHalf, "minmax-half", "min–max and half a code"},
    Named{EstimatorKind::Scaled, "scaled", "scaled min–max"},
};
inline constexpr std::array kObjectives{Named{Objective::InputError, "input-error", "input error"},
                                        Named{Objective::OutputError, "output-error", "output error"},
                                        Named{Objective::Cosine, "cosine", "cosine"},
                                        Named{Objective::Hessian, "hessian", "Hessian"}};
inline constexpr std::array kSmoothings{
    Named{SmoothingKind::None, "none", "none"}, Named{SmoothingKind::Scale, "smoothquant", "SmoothQuant"},
    Named{SmoothingKind::ShiftScale, "sq-b", "SQ-b"}, Named{SmoothingKind::Shift, "shift", "shift"},
    Named{SmoothingKind::Reparameterize, "reparameterize", "RepQ-ViT"}};
inline constexpr std::array kZeroPoints{Named{ZeroPoint::ZeroInRange, "zero-in-range", "zero in range"},
                                        Named{ZeroPoint::Clamped, "clamped", "clamped"},
                                        Named{ZeroPoint::Wide, "wide", "wide"}};
inline constexpr std::array kNoiseLaws{Named{NoiseLaw::Uniform, "uniform", "uniform"},
                                       Named{NoiseLaw::Released, "released", "as released"}};

/// The row of a value; every value has one.
template <class Names, class T>
constexpr const Named<T>& namedOf(const Names& names, T value)
{
    return *std::ranges::find(names, value, &Named<T>::value);
}

} // namespace qs::quant
