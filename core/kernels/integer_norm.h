#pragma once

#include <cstddef>

namespace qs::kernels {

/// a ≈ multiplier / 2^shift with a multiplier of 8 bits, a >= 0:
///   shift = clamp(7 - floor(log2 a), 0, 31),  multiplier = clamp(floor(a · 2^shift), 0, 255)
/// For a in [2^-24, 256) the multiplier is in [128, 255] and 0 <= a - multiplier / 2^shift < a / 128; 0 gives 0.
struct ByteMultiplier {
    int multiplier = 0;
    int shift = 0;
};
ByteMultiplier byteMultiplier(double a);

/// Layer normalization of codes in integer arithmetic, as FQ-ViT's released code has it; no epsilon.
///   k_c = rne(x_c / step_c) · rne(step_c / s),  s = min step,  C = cols
///   mean = s · Σk / C,  deviation = s / C · sqrt(C Σk² - (Σk)²)
///   a_c = s / deviation · gamma_c / outputStep,  |a_c| ≈ M / 2^N (byteMultiplier)
///   y_c = outputStep · rne((sign(a_c) M k_c + rne((beta_c - mean / deviation · gamma_c) / outputStep · 2^N)) / 2^N)
/// A row of equal values has no deviation: y_c = outputStep · rne(beta_c / outputStep).
/// x, y [rows, cols] (y may be x); steps [cols] > 0; gamma, beta [cols], each may be null (1 and 0).
/// Source: FQ-ViT (arXiv 2111.13824) and its released code.
void integerLayerNorm(std::size_t rows, std::size_t cols, const float* x, const float* gamma, const float* beta,
                      const float* steps, float outputStep, float* y);

} // namespace qs::kernels
