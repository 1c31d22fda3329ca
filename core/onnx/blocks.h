#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace qs::onnx {

/// How scales are laid over a tensor: element i belongs to scale index(i). ONNX QuantizeLinear, opset 21: one scale;
/// one for each position of an axis; or one for each `block` positions of an axis and all positions of the others.
struct Blocks {
    std::size_t inner = 1; ///< elements from one position of the axis to the next
    std::size_t axis = 1;  ///< size of the axis
    std::size_t block = 1; ///< positions of the axis that share a scale
    std::size_t count = 1; ///< scales along the axis
    bool perTensor = true;
    bool blocked = false;

    /// `blockSize` 0: not blocked. The axis may be negative. Errors: Malformed (axis, block size), ShapeMismatch.
    static Result<Blocks> of(const Shape& x, const Shape& scale, int64_t axis, int64_t blockSize);

    std::size_t index(std::size_t i) const
    {
        if (perTensor)
            return 0;
        const std::size_t along = i / inner % axis / block;
        return blocked ? (i / (inner * axis) * count + along) * inner + i % inner : along;
    }
};

/// Integer element i, whatever the type; 0 for floats.
int64_t integerAt(const Tensor& tensor, std::size_t i);

/// Smallest and largest code of a file's type; nothing for types that are not codes.
std::optional<std::pair<int64_t, int64_t>> codeRange(int32_t fileType);

/// (code - zero point) · scale. zeroPoint: as many as scales, any integer type; null: 0. Errors: Unsupported (codes
/// that are no integers).
Result<Tensor> dequantized(const Tensor& codes, const Tensor& scale, const Tensor* zeroPoint, const Blocks& blocks);

} // namespace qs::onnx
