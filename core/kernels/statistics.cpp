// Streaming statistics. Sums are kept in double, where the square of a float is exact: a target that fuses the
// product and the sum rounds like one that does not.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/statistics.cpp"

#include "core/kernels/statistics.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

// One lane: the reference is the kernel.
void rowMoments(std::size_t rows, std::size_t channels, const float* x, const ChannelMoments& moments)
{
    reference::accumulateRows(rows, channels, x, moments);
}
void planeMoments(std::size_t channels, std::size_t inner, const float* x, const ChannelMoments& moments)
{
    reference::accumulatePlanes(channels, inner, x, moments);
}
MinMax range(std::span<const float> x)
{
    return reference::minMax(x);
}
float largest(std::span<const float> x)
{
    return reference::absMax(x);
}
void addToBins(std::span<const float> x, const BinsView& bins)
{
    reference::countBins(x, bins);
}
int64_t notFinite(std::span<const float> x)
{
    return reference::firstNotFinite(x);
}

#else

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr std::size_t kLanes = 16;
constexpr std::size_t kVector = hn::MaxLanes(D());
constexpr std::size_t kVectors = kLanes / kVector;
using Wide = hn::CappedTag<double, kVector / 2>;
using W = hn::Vec<Wide>;
constexpr std::size_t kWide = kVector / 2;
constexpr std::size_t kWideVectors = kLanes / kWide;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// By comparison: Min and Max treat NaN differently from one instruction set to the next.
HWY_INLINE V least(V value, V so)
{
    return hn::IfThenElse(hn::Lt(value, so), value, so);
}
HWY_INLINE V most(V value, V so)
{
    return hn::IfThenElse(hn::Gt(value, so), value, so);
}

/// Statistics of 16 channels, or of 16 lanes of one channel, held in registers.
struct Block {
    V min[kVectors];
    V max[kVectors];
    W sum[kWideVectors];
    W squares[kWideVectors];

    HWY_INLINE void load(const float* minFrom, const float* maxFrom, const double* sumFrom, const double* squaresFrom)
    {
        const D d;
        const Wide dd;
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kVectors; ++i) {
            min[i] = hn::LoadU(d, minFrom + i * kVector);
            max[i] = hn::LoadU(d, maxFrom + i * kVector);
        }
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kWideVectors; ++i) {
            sum[i] = hn::LoadU(dd, sumFrom + i * kWide);
            squares[i] = hn::LoadU(dd, squaresFrom + i * kWide);
        }
    }

    HWY_INLINE void store(float* minTo, float* maxTo, double* sumTo, double* squaresTo) const
    {
        const D d;
        const Wide dd;
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kVectors; ++i) {
            hn::StoreU(min[i], d, minTo + i * kVector);
            hn::StoreU(max[i], d, maxTo + i * kVector);
        }
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kWideVectors; ++i) {
            hn::StoreU(sum[i], dd, sumTo + i * kWide);
            hn::StoreU(squares[i], dd, squaresTo + i * kWide);
        }
    }

    HWY_INLINE void add(const float* x)
    {
        const D d;
        const Wide dd;
        const hn::Rebind<float, Wide> df;
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kVectors; ++i) {
            const V v = hn::LoadU(d, x + i * kVector);
            min[i] = least(v, min[i]);
            max[i] = most(v, max[i]);
        }
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kWideVectors; ++i) {
            const W v = hn::PromoteTo(dd, hn::LoadU(df, x + i * kWide));
            sum[i] = hn::Add(sum[i], v);
            squares[i] = hn::MulAdd(v, v, squares[i]);
        }
    }
};

void rowMoments(std::size_t rows, std::size_t channels, const float* x, const ChannelMoments& m)
{
    std::size_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) {
        Block block;
        block.load(m.min + c, m.max + c, m.sum + c, m.sumOfSquares + c);
        for (std::size_t r = 0; r < rows; ++r)
            block.add(x + r * channels + c);
        block.store(m.min + c, m.max + c, m.sum + c, m.sumOfSquares + c);
    }
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t i = c; i < channels; ++i) {
            const float v = x[r * channels + i];
            m.min[i] = v < m.min[i] ? v : m.min[i];
            m.max[i] = v > m.max[i] ? v : m.max[i];
            m.sum[i] += v;
            m.sumOfSquares[i] += static_cast<double>(v) * v;
        }
}

double addLanes(double* lanes)
{
    for (std::size_t half = kLanes / 2; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

void planeMoments(std::size_t channels, std::size_t inner, const float* x, const ChannelMoments& m)
{
    for (std::size_t c = 0; c < channels; ++c, x += inner) {
        alignas(64) float min[kLanes];
        alignas(64) float max[kLanes];
        alignas(64) double sum[kLanes] = {};
        alignas(64) double squares[kLanes] = {};
        std::fill_n(min, kLanes, m.min[c]);
        std::fill_n(max, kLanes, m.max[c]);
        Block block;
        block.load(min, max, sum, squares);
        std::size_t i = 0;
        for (; i + kLanes <= inner; i += kLanes)
            block.add(x + i);
        block.store(min, max, sum, squares);
        for (std::size_t lane = 0; i < inner; ++i, ++lane) {
            min[0] = x[i] < min[0] ? x[i] : min[0];
            max[0] = x[i] > max[0] ? x[i] : max[0];
            sum[lane] += x[i];
            squares[lane] += static_cast<double>(x[i]) * x[i];
        }
        m.min[c] = *std::min_element(min, min + kLanes) + 0.0f;
        m.max[c] = *std::max_element(max, max + kLanes) + 0.0f;
        m.sum[c] += addLanes(sum);
        m.sumOfSquares[c] += addLanes(squares);
    }
}

MinMax range(std::span<const float> x)
{
    const D d;
    V lows[kVectors];
    V highs[kVectors];
    for (std::size_t part = 0; part < kVectors; ++part) {
        lows[part] = hn::Set(d, kInfinity);
        highs[part] = hn::Set(d, -kInfinity);
    }
    std::size_t i = 0;
    for (; i + kLanes <= x.size(); i += kLanes)
#pragma GCC unroll 16
        for (std::size_t part = 0; part < kVectors; ++part) {
            const V v = hn::LoadU(d, x.data() + i + part * kVector);
            lows[part] = least(v, lows[part]);
            highs[part] = most(v, highs[part]);
        }
    alignas(64) float low[kLanes];
    alignas(64) float high[kLanes];
    for (std::size_t part = 0; part < kVectors; ++part) {
        hn::Store(lows[part], d, low + part * kVector);
        hn::Store(highs[part], d, high + part * kVector);
    }
    for (; i < x.size(); ++i) {
        low[0] = x[i] < low[0] ? x[i] : low[0];
        high[0] = x[i] > high[0] ? x[i] : high[0];
    }
    return {*std::min_element(low, low + kLanes) + 0.0f, *std::max_element(high, high + kLanes) + 0.0f};
}

float largest(std::span<const float> x)
{
    if (x.empty())
        return 0;
    const MinMax ends = range(x);
    return std::max({ends.max, -ends.min, 0.0f});
}

void addToBins(std::span<const float> x, const BinsView& bins)
{
    // Neighbours often share a bin: four tables keep one increment from waiting for the one before.
    constexpr std::size_t kTables = 4;
    constexpr std::size_t kFlush = std::size_t{1} << 31;
    const D d;
    const hn::RebindToSigned<D> di;
    const V inverse = hn::Set(d, bins.inverse);
    const auto first = hn::Set(di, bins.first);
    const std::size_t count = bins.counts.size();
    alignas(64) uint32_t tables[kTables][BinsView::kMostBins];
    while (!x.empty()) {
        const auto part = x.first(std::min(x.size(), kFlush));
        for (auto& table : tables)
            std::fill_n(table, count, 0U);
        std::size_t i = 0;
        for (; i + kLanes <= part.size(); i += kLanes) {
            alignas(64) int32_t index[kLanes];
#pragma GCC unroll 16
            for (std::size_t v = 0; v < kVectors; ++v) {
                const V scaled = hn::Mul(hn::LoadU(d, part.data() + i + v * kVector), inverse);
                hn::Store(hn::Sub(hn::ConvertTo(di, hn::Floor(scaled)), first), di, index + v * kVector);
            }
#pragma GCC unroll 16
            for (std::size_t lane = 0; lane < kLanes; ++lane)
                ++tables[lane % kTables][index[lane]];
        }
        for (std::size_t bin = 0; bin < count; ++bin)
            bins.counts[bin] += uint64_t{tables[0][bin]} + tables[1][bin] + tables[2][bin] + tables[3][bin];
        reference::countBins(part.subspan(i), bins);
        x = x.subspan(part.size());
    }
}

int64_t notFinite(std::span<const float> x)
{
    const D d;
    std::size_t i = 0;
    for (; i + kLanes <= x.size(); i += kLanes) {
        // x - x is 0 for numbers and NaN for the rest, and sums of zeros are zeros.
        V sum = hn::Zero(d);
#pragma GCC unroll 16
        for (std::size_t part = 0; part < kVectors; ++part) {
            const V v = hn::LoadU(d, x.data() + i + part * kVector);
            sum = hn::Add(sum, hn::Sub(v, v));
        }
        if (!hn::AllTrue(d, hn::Eq(sum, hn::Zero(d))))
            break;
    }
    const int64_t inRest = reference::firstNotFinite(x.subspan(i));
    return inRest < 0 ? -1 : static_cast<int64_t>(i) + inRest;
}

#endif

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace qs::kernels {

namespace {

HWY_EXPORT(rowMoments);
HWY_EXPORT(planeMoments);
HWY_EXPORT(range);
HWY_EXPORT(largest);
HWY_EXPORT(addToBins);
HWY_EXPORT(notFinite);

} // namespace

void accumulateRows(std::size_t rows, std::size_t channels, const float* x, const ChannelMoments& moments)
{
    HWY_DYNAMIC_DISPATCH(rowMoments)(rows, channels, x, moments);
}

void accumulatePlanes(std::size_t channels, std::size_t inner, const float* x, const ChannelMoments& moments)
{
    HWY_DYNAMIC_DISPATCH(planeMoments)(channels, inner, x, moments);
}

MinMax minMax(std::span<const float> x)
{
    return HWY_DYNAMIC_DISPATCH(range)(x);
}
float absMax(std::span<const float> x)
{
    return HWY_DYNAMIC_DISPATCH(largest)(x);
}

void countBins(std::span<const float> x, const BinsView& bins)
{
    assert(bins.counts.size() <= BinsView::kMostBins);
    HWY_DYNAMIC_DISPATCH(addToBins)(x, bins);
}

int64_t firstNotFinite(std::span<const float> x)
{
    return HWY_DYNAMIC_DISPATCH(notFinite)(x);
}

} // namespace qs::kernels

#endif
