#pragma once

#include <cstddef>

namespace qs::kernels {

/// Layer normalization of each row:  y = (x - mean) / sqrt(var + epsilon) * gamma + beta,  var = mean((x - mean)^2).
/// x, y [rows, cols] contiguous (y may be x); gamma, beta [cols], each may be null (1 and 0).
/// Two passes over the row, sums in 16 fixed lanes: bit-equal to the reference where FMA exists (see targetHasFma()).
/// Source: ONNX LayerNormalization, opset 17, axis = last.
void layerNorm(std::size_t rows, std::size_t cols, const float* x, const float* gamma, const float* beta,
               float epsilon, float* y);

/// y = (x - mean) / sqrt(var + epsilon) * scale + shift with one scale and shift for a whole row: the rows of an
/// instance or group normalization. y may be x.
void normalizeRow(std::size_t cols, const float* x, float scale, float shift, float epsilon, float* y);

/// Softmax of each row of [rows, cols]:  y = exp(scale x - m) / sum exp(scale x - m),  m = max(scale x).  y may be x.
/// scale > 0 folds the 1/sqrt(d) of attention; 1 for ONNX Softmax on the last axis. A row that is all -inf gives NaN
/// (as ONNX Runtime does), as does a row that holds NaN or +inf. Bit-equal to the reference where FMA exists.
void softmax(std::size_t rows, std::size_t cols, const float* x, float scale, float* y);

/// The logarithm of softmax of each row:  y = (x - m) - log(sum exp(x - m)).  y may be x. As softmax otherwise.
void logSoftmax(std::size_t rows, std::size_t cols, const float* x, float* y);

/// Softmax, or its logarithm, of each column of x [size, cols], rows adjacent: an axis that is not the last. Sums run
/// down the column in order. y may be x. Bit-equal to the reference where FMA exists.
void softmaxColumns(std::size_t size, std::size_t cols, const float* x, bool logarithm, float* y);

namespace reference {
void layerNorm(std::size_t rows, std::size_t cols, const float* x, const float* gamma, const float* beta,
               float epsilon, float* y);
void normalizeRow(std::size_t cols, const float* x, float scale, float shift, float epsilon, float* y);
void softmax(std::size_t rows, std::size_t cols, const float* x, float scale, float* y);
void logSoftmax(std::size_t rows, std::size_t cols, const float* x, float* y);
void softmaxColumns(std::size_t size, std::size_t cols, const float* x, bool logarithm, float* y);
} // namespace reference

} // namespace qs::kernels
