#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qs::quant {

/// Largest sum of same-sign parts of two neighbouring codes, by output channel:
///   max over j of max(q⁺[2j] + q⁺[2j+1], q⁻[2j] + q⁻[2j+1]),   q⁺ = max(q, 0), q⁻ = max(-q, 0).
/// codes: [inputs, outputs] row-major, the weight of a linear layer.
/// A product u8 × s8 that adds two neighbours in 16 bits (VPMADDUBSW: x86 without VNNI) saturates only where
/// 255 · sum > 32767, that is where the sum is over kPairLimit.
std::vector<int> largestPairs(std::span<const int8_t> codes, std::size_t inputs, std::size_t outputs);

constexpr int kPairLimit = 128;

} // namespace qs::quant
