#pragma once

#include "core/onnx/prepare/expansion.h"

#include <cstdint>
#include <string>

namespace qs::onnx {

/// A mask that keeps what lies on and below the diagonal. Errors: TooLarge (over 2^26 elements).
Result<std::string> causal(Expansion& e, int64_t rows, int64_t columns);

/// What com.microsoft's attention adds to the scores: a bias, a mask, what lies behind a token.
Result<std::string> scoreBias(Expansion& e, int mask, int bias, int64_t queries, int64_t keys);

} // namespace qs::onnx
