#pragma once

#include <Eigen/Core>

#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

namespace qs::quant {

// Dense linear algebra in double on what tensors hold, by Eigen: small systems and products that decide numbers,
// where digits count and time does not. Products of whole networks are core/kernels/gemm.h's.

/// Row-major weights [k, n] where they lie.
using WeightMatrix = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

inline WeightMatrix weightMatrix(std::span<const float> values, std::size_t rows)
{
    assert(rows > 0 && values.size() % rows == 0);
    return {values.data(), static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(values.size() / rows)};
}

inline Eigen::Map<Eigen::RowVectorXd> rowVector(std::vector<double>& values)
{
    return {values.data(), static_cast<Eigen::Index>(values.size())};
}

} // namespace qs::quant
