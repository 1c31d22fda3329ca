#include "core/exec/weight_codes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace qs::exec {

namespace {

constexpr int kLargest = 128;

/// Whether every value is a code times the scale; the codes.
bool divides(std::span<const float> column, float scale, std::vector<int8_t>& codes)
{
    codes.resize(column.size());
    for (std::size_t i = 0; i < column.size(); ++i) {
        const float code = std::nearbyint(column[i] / scale);
        if (!(code >= -kLargest && code < kLargest) || code * scale != column[i])
            return false;
        codes[i] = static_cast<int8_t>(code);
    }
    return true;
}

/// The scale of a column: its largest magnitude over a code, or a neighbour of that, since their product is rounded.
float scaleOf(std::span<const float> column, std::vector<int8_t>& codes)
{
    float largest = 0;
    for (const float v : column)
        largest = std::max(largest, std::fabs(v));
    if (largest == 0) {
        codes.assign(column.size(), 0);
        return 1;
    }
    for (int code = 1; code <= kLargest; ++code) {
        const float scale = largest / static_cast<float>(code);
        if (!(scale >= std::numeric_limits<float>::min()) || !std::isfinite(scale))
            continue;
        for (const int ulps : {0, -1, 1}) {
            const auto near = std::bit_cast<float>(std::bit_cast<int32_t>(scale) + ulps);
            if (static_cast<float>(code) * near == largest && divides(column, near, codes))
                return near;
        }
    }
    return 0;
}

} // namespace

std::optional<WeightCodes> codesOf(const Tensor& values)
{
    if (values.dtype() != DType::Float32 || values.shape().rank() != 2)
        return std::nullopt;
    const auto k = static_cast<std::size_t>(values.shape()[0]);
    const auto n = static_cast<std::size_t>(values.shape()[1]);
    WeightCodes found{Tensor(DType::Int8, values.shape()), std::vector<float>(n)};
    const std::span<const float> all = values.floats();
    const auto to = found.codes.mutableData<int8_t>();
    std::vector<float> column(k);
    std::vector<int8_t> codes;
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = 0; i < k; ++i)
            column[i] = all[i * n + j];
        found.scale[j] = scaleOf(column, codes);
        if (found.scale[j] == 0)
            return std::nullopt;
        for (std::size_t i = 0; i < k; ++i)
            to[i * n + j] = codes[i];
    }
    return found;
}

std::optional<std::vector<int32_t>> biasCodes(const Tensor& values, const std::vector<float>& scale)
{
    const std::span<const float> all = values.floats();
    if (all.size() != scale.size())
        return std::nullopt;
    std::vector<int32_t> codes(all.size());
    for (std::size_t j = 0; j < all.size(); ++j) {
        const double code = std::nearbyint(static_cast<double>(all[j]) / static_cast<double>(scale[j]));
        if (!(std::fabs(code) < 2147483648.0) || static_cast<float>(static_cast<int32_t>(code)) * scale[j] != all[j])
            return std::nullopt;
        codes[j] = static_cast<int32_t>(code);
    }
    return codes;
}

} // namespace qs::exec
