// Based on: the resampling described in Pillow's documentation ("Concepts: filters") and the change log of 2.7 to 4.0
// (support scaled by the reduction, fixed point, 8-bit intermediate). Compared bit for bit with Pillow in
// tests/images/resample_test.cpp.
// Deviations: none known in the result; here only a region of the result may be computed.

#include "core/images/resample.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace qs::images {

namespace {

/// 8 bits of pixel, 1 sign and 1 of headroom for the overshoot of the bicubic filter leave 22 of an int32.
constexpr int kWeightBits = 22;
constexpr int kChannels = 3;

double triangle(double x)
{
    return std::max(0.0, 1.0 - std::abs(x));
}

/// Keys' cubic convolution kernel with a = -1/2.
double cubic(double x)
{
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0)
        return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

/// The source samples of one output sample: taps [first, first + count), weights from `weights` on.
struct Taps {
    int first = 0;
    int count = 0;
    std::size_t weights = 0;
};

/// One axis of the filter: for every wanted output position its taps; weights sum to about 2^22.
struct Axis {
    std::vector<Taps> taps;
    std::vector<int32_t> weights;

    int firstSource() const { return taps.front().first; }
    int endSource() const
    {
        int end = 0;
        for (const Taps& t : taps)
            end = std::max(end, t.first + t.count);
        return end;
    }
};

int32_t toFixed(double weight)
{
    // Half away from zero: truncation after moving by a half.
    return static_cast<int32_t>(weight * (1 << kWeightBits) + (weight < 0.0 ? -0.5 : 0.5));
}

Axis makeAxis(int srcSize, int dstSize, int begin, int count, Interpolation interpolation)
{
    const bool isCubic = interpolation == Interpolation::Bicubic;
    const double scale = static_cast<double>(srcSize) / dstSize;
    const double widening = std::max(scale, 1.0); // antialiasing: a reduction widens the kernel
    const double support = (isCubic ? 2.0 : 1.0) * widening;
    const double step = 1.0 / widening;

    Axis axis;
    axis.taps.reserve(static_cast<std::size_t>(count));
    std::vector<double> exact;
    for (int i = begin; i < begin + count; ++i) {
        const double center = (i + 0.5) * scale;
        const int first = std::max(0, static_cast<int>(center - support + 0.5));
        const int end = std::min(srcSize, static_cast<int>(center + support + 0.5));
        exact.clear();
        double sum = 0.0;
        for (int s = first; s < end; ++s) {
            const double x = (s - center + 0.5) * step;
            exact.push_back(isCubic ? cubic(x) : triangle(x));
            sum += exact.back();
        }
        axis.taps.push_back({first, end - first, axis.weights.size()});
        for (const double w : exact)
            axis.weights.push_back(toFixed(sum != 0.0 ? w / sum : w));
    }
    return axis;
}

uint8_t toByte(int32_t sum)
{
    return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

/// Rows [firstRow, endRow) of src, filtered along x.
Pixels filterRows(const Pixels& src, const Axis& axis, int firstRow, int endRow)
{
    const std::size_t width = axis.taps.size();
    Pixels dst{static_cast<int>(width), endRow - firstRow, {}};
    dst.rgb.resize(width * static_cast<std::size_t>(dst.height) * kChannels);
    uint8_t* out = dst.rgb.data();
    for (int y = firstRow; y < endRow; ++y) {
        const uint8_t* row = src.rgb.data() + static_cast<std::size_t>(y) * src.width * kChannels;
        for (const Taps& t : axis.taps) {
            const uint8_t* in = row + static_cast<std::size_t>(t.first) * kChannels;
            const int32_t* w = axis.weights.data() + t.weights;
            int32_t r = 1 << (kWeightBits - 1);
            int32_t g = r;
            int32_t b = r;
            for (int k = 0; k < t.count; ++k, in += kChannels) {
                r += in[0] * w[k];
                g += in[1] * w[k];
                b += in[2] * w[k];
            }
            *out++ = toByte(r);
            *out++ = toByte(g);
            *out++ = toByte(b);
        }
    }
    return dst;
}

/// src filtered along y; row 0 of src is row `firstRow` of the axis.
Pixels filterColumns(const Pixels& src, const Axis& axis, int firstRow)
{
    const std::size_t rowBytes = static_cast<std::size_t>(src.width) * kChannels;
    Pixels dst{src.width, static_cast<int>(axis.taps.size()), {}};
    dst.rgb.resize(rowBytes * axis.taps.size());
    std::vector<int32_t> sums(rowBytes);
    uint8_t* out = dst.rgb.data();
    for (const Taps& t : axis.taps) {
        std::fill(sums.begin(), sums.end(), 1 << (kWeightBits - 1));
        for (int k = 0; k < t.count; ++k) {
            const uint8_t* in = src.rgb.data() + static_cast<std::size_t>(t.first - firstRow + k) * rowBytes;
            const int32_t w = axis.weights[t.weights + static_cast<std::size_t>(k)];
            for (std::size_t i = 0; i < rowBytes; ++i)
                sums[i] += in[i] * w;
        }
        for (std::size_t i = 0; i < rowBytes; ++i)
            *out++ = toByte(sums[i]);
    }
    return dst;
}

Pixels cut(const Pixels& src, const Region& region)
{
    Pixels dst{region.width, region.height, {}};
    const std::size_t rowBytes = static_cast<std::size_t>(region.width) * kChannels;
    dst.rgb.resize(rowBytes * static_cast<std::size_t>(region.height));
    for (int y = 0; y < region.height; ++y) {
        const std::size_t from = (static_cast<std::size_t>(region.y + y) * src.width + region.x) * kChannels;
        std::copy_n(src.rgb.data() + from, rowBytes, dst.rgb.data() + static_cast<std::size_t>(y) * rowBytes);
    }
    return dst;
}

} // namespace

Pixels resizeRegion(const Pixels& src, int width, int height, Interpolation interpolation, const Region& region)
{
    assert(src.width > 0 && src.height > 0 && width > 0 && height > 0);
    assert(region.x >= 0 && region.y >= 0 && region.width > 0 && region.height > 0);
    assert(region.x + region.width <= width && region.y + region.height <= height);
    assert(src.rgb.size() == static_cast<std::size_t>(src.width) * src.height * kChannels);

    // A pass that keeps the size is skipped: the rows or columns are only cut out.
    const bool alongX = src.width != width;
    const bool alongY = src.height != height;
    if (!alongY) {
        if (!alongX)
            return cut(src, region);
        const Axis x = makeAxis(src.width, width, region.x, region.width, interpolation);
        return filterRows(src, x, region.y, region.y + region.height);
    }
    const Axis y = makeAxis(src.height, height, region.y, region.height, interpolation);
    const int firstRow = y.firstSource();
    const int endRow = y.endSource();
    if (!alongX)
        return filterColumns(cut(src, {region.x, firstRow, region.width, endRow - firstRow}), y, firstRow);
    const Axis x = makeAxis(src.width, width, region.x, region.width, interpolation);
    return filterColumns(filterRows(src, x, firstRow, endRow), y, firstRow);
}

Pixels resize(const Pixels& src, int width, int height, Interpolation interpolation)
{
    return resizeRegion(src, width, height, interpolation, {0, 0, width, height});
}

} // namespace qs::images
