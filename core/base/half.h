#pragma once

#include <cstdint>

namespace qs {

/// The value of 16 bits: IEEE 754 binary16, exactly a float. NaN stays NaN.
float fromFloat16(uint16_t bits);
/// The upper half of a float.
float fromBFloat16(uint16_t bits);

/// The nearest value of 16 bits, ties to the even one, as a float: what ONNX Cast (opset 13) to that type and back
/// does. float16 keeps 11 significant bits from 2^-14 on and multiples of 2^-24 below; from 65520 on it is infinite.
/// bfloat16 keeps 8, and float's range. ±0, ±infinity and NaN stay what they are.
float roundToFloat16(float value);
float roundToBFloat16(float value);

} // namespace qs
