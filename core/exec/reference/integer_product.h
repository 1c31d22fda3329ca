#pragma once

#include "core/base/tensor.h"
#include "core/exec/integers.h"

namespace qs::exec::reference {

/// The second opinion on products of codes: plain loops over 64-bit integers, one result at a time.
///   y = float(sum (qa - za)(qb - zb) + bias codes) * (sa sb) [+ float bias]
/// `a`, and of a MatMul `b`: values behind their quantizers, whose codes are found again (code = value / scale +
/// zero point, exact by far); of a Linear the product's weight codes are taken. `bias`: float, empty where there is
/// none. `product`: as Integers finds it. out: its type and shape.
void integerProduct(const IntegerProduct& product, const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& out);

} // namespace qs::exec::reference
