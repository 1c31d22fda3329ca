// Normalizations: sums in 16 fixed lanes whatever the vector length, so that every target adds in the same order.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/norm.cpp"

#include "core/kernels/norm.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <hwy/foreach_target.h>

#include "core/kernels/math_inl.h"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qs::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr std::size_t kLanes = 16;
constexpr std::size_t kVector = hn::MaxLanes(D());
constexpr std::size_t kVectors = kLanes / kVector;

/// Where a partial vector may be read and written without touching what lies beyond it.
constexpr bool kMasks = HWY_TARGET <= HWY_AVX3;

/// The first `count` of a vector, the others `padding`.
HWY_INLINE V loadPart(const float* x, std::size_t count, float padding)
{
    const D d;
    const V fill = hn::Set(d, padding);
    if (count == 0)
        return fill;
    if (count >= kVector)
        return hn::LoadU(d, x);
    if constexpr (kMasks) {
        const auto inside = hn::FirstN(d, count);
        return hn::IfThenElse(inside, hn::MaskedLoad(inside, d, x), fill);
    }
    alignas(64) float part[kVector];
    hn::Store(fill, d, part);
    std::copy_n(x, count, part);
    return hn::Load(d, part);
}

HWY_INLINE void storePart(V v, std::size_t count, float* y)
{
    const D d;
    if (count >= kVector)
        return hn::StoreU(v, d, y);
    if constexpr (kMasks)
        return hn::BlendedStore(v, hn::FirstN(d, count), d, y);
    alignas(64) float part[kVector];
    hn::Store(v, d, part);
    std::copy_n(part, count, y);
}

/// Calls body(part, value) for every vector of the row, part = its place in a block of 16; a last partial block is
/// filled up with `padding`.
template <class Body>
HWY_INLINE void forBlocks(std::size_t cols, const float* x, float padding, Body body)
{
    const D d;
    std::size_t i = 0;
    for (; i + kLanes <= cols; i += kLanes)
#pragma GCC unroll 16
        for (std::size_t part = 0; part < kVectors; ++part)
            body(part, hn::LoadU(d, x + i + part * kVector));
    if (i == cols)
        return;
#pragma GCC unroll 16
    for (std::size_t part = 0; part < kVectors; ++part) {
        const std::size_t at = std::min(cols, i + part * kVector);
        body(part, loadPart(x + at, cols - at, padding));
    }
}

/// The lanes of one vector, halves onto each other.
template <class DN>
HWY_INLINE float addHalves(DN d, hn::Vec<DN> v)
{
#if HWY_TARGET == HWY_SCALAR
    static_cast<void>(d);
#else
    if constexpr (hn::MaxLanes(DN()) > 4) {
        const hn::Half<DN> half;
        return addHalves(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
    } else {
        static_assert(hn::MaxLanes(DN()) == 4);
        v = hn::Add(v, hn::Shuffle1032(v));
        v = hn::Add(v, hn::Shuffle2301(v));
    }
#endif
    return hn::GetLane(v);
}

/// In the order of the reference: halves of the 16 lanes onto each other.
HWY_INLINE float addLanes(const V (&sums)[kVectors])
{
    V parts[kVectors];
    std::copy(sums, sums + kVectors, parts);
    for (std::size_t half = kVectors / 2; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i)
            parts[i] = hn::Add(parts[i], parts[i + half]);
    return addHalves(D(), parts[0]);
}

/// The largest number of the row, NaN left out; -inf of none.
HWY_INLINE float largest(std::size_t cols, const float* x)
{
    constexpr float kLowest = -std::numeric_limits<float>::infinity();
    const D d;
    V tops[kVectors];
    for (V& top : tops)
        top = hn::Set(d, kLowest);
    forBlocks(cols, x, kLowest, [&](std::size_t part, V v) HWY_ATTR {
        tops[part] = hn::IfThenElse(hn::Gt(v, tops[part]), v, tops[part]);
    });
    for (std::size_t half = kVectors / 2; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i)
            tops[i] = hn::Max(tops[i], tops[i + half]);
    return hn::GetLane(hn::MaxOfLanes(d, tops[0]));
}

HWY_INLINE void moments(std::size_t cols, const float* x, float epsilon, float& mean, float& inverse)
{
    const D d;
    V sums[kVectors];
    for (V& sum : sums)
        sum = hn::Zero(d);
    forBlocks(cols, x, 0.0f, [&](std::size_t part, V v) HWY_ATTR { sums[part] = hn::Add(sums[part], v); });
    const float count = static_cast<float>(cols);
    mean = addLanes(sums) / count;
    const V center = hn::Set(d, mean);
    for (V& sum : sums)
        sum = hn::Zero(d);
    // Padded with the mean, the missing elements add nothing.
    forBlocks(cols, x, mean, [&](std::size_t part, V v) HWY_ATTR {
        const V difference = hn::Sub(v, center);
        sums[part] = hn::MulAdd(difference, difference, sums[part]);
    });
    inverse = 1.0f / std::sqrt(addLanes(sums) / count + epsilon);
}

/// A scalar multiply-add that rounds as the vectors of this target do.
HWY_INLINE float multiplyAdd(float a, float b, float c)
{
    const hn::CappedTag<float, 1> d;
    return hn::GetLane(hn::MulAdd(hn::Set(d, a), hn::Set(d, b), hn::Set(d, c)));
}

void layerNormRows(std::size_t rows, std::size_t cols, const float* x, const float* gamma, const float* beta,
                   float epsilon, float* y)
{
    const D d;
    for (std::size_t r = 0; r < rows; ++r, x += cols, y += cols) {
        float mean;
        float inverse;
        moments(cols, x, epsilon, mean, inverse);
        const V center = hn::Set(d, mean);
        const V factor = hn::Set(d, inverse);
        std::size_t i = 0;
        for (; i + kVector <= cols; i += kVector) {
            const V v = hn::Mul(hn::Sub(hn::LoadU(d, x + i), center), factor);
            const V g = gamma ? hn::LoadU(d, gamma + i) : hn::Set(d, 1.0f);
            const V b = beta ? hn::LoadU(d, beta + i) : hn::Zero(d);
            hn::StoreU(hn::MulAdd(v, g, b), d, y + i);
        }
        for (; i < cols; ++i)
            y[i] = multiplyAdd((x[i] - mean) * inverse, gamma ? gamma[i] : 1.0f, beta ? beta[i] : 0.0f);
    }
}

void normalizeOneRow(std::size_t cols, const float* x, float scale, float shift, float epsilon, float* y)
{
    const D d;
    float mean;
    float inverse;
    moments(cols, x, epsilon, mean, inverse);
    const V center = hn::Set(d, mean);
    const V factor = hn::Set(d, inverse);
    std::size_t i = 0;
    for (; i + kVector <= cols; i += kVector) {
        const V v = hn::Mul(hn::Sub(hn::LoadU(d, x + i), center), factor);
        hn::StoreU(hn::MulAdd(v, hn::Set(d, scale), hn::Set(d, shift)), d, y + i);
    }
    for (; i < cols; ++i)
        y[i] = multiplyAdd((x[i] - mean) * inverse, scale, shift);
}

void logSoftmaxRows(std::size_t rows, std::size_t cols, const float* x, float* y)
{
    constexpr float kLowest = -std::numeric_limits<float>::infinity();
    const D d;
    for (std::size_t r = 0; r < rows; ++r, x += cols, y += cols) {
        const V top = hn::Set(d, largest(cols, x));
        V sums[kVectors];
        for (V& sum : sums)
            sum = hn::Zero(d);
        // The exponential of -inf is 0: what fills up the last block adds nothing.
        forBlocks(cols, x, kLowest, [&](std::size_t part, V v) HWY_ATTR {
            sums[part] = hn::Add(sums[part], vectorExp(d, hn::Sub(v, top)));
        });
        const V logarithm = hn::Set(d, std::log(addLanes(sums)));
        for (std::size_t i = 0; i < cols; i += kVector) {
            const std::size_t count = std::min(kVector, cols - i);
            storePart(hn::Sub(hn::Sub(loadPart(x + i, count, 0), top), logarithm), count, y + i);
        }
    }
}

/// `width` columns, at most a vector of them.
HWY_INLINE void softmaxColumn(std::size_t size, std::size_t cols, std::size_t width, const float* x, bool logarithm,
                              float* y)
{
    const D d;
    V top = loadPart(x, width, 0);
    for (std::size_t i = 1; i < size; ++i) {
        const V v = loadPart(x + i * cols, width, 0);
        top = hn::IfThenElse(hn::Gt(v, top), v, top);
    }
    V sum = hn::Zero(d);
    for (std::size_t i = 0; i < size; ++i) {
        const V e = vectorExp(d, hn::Sub(loadPart(x + i * cols, width, 0), top));
        sum = hn::Add(sum, e);
        if (!logarithm)
            storePart(e, width, y + i * cols);
    }
    if (!logarithm) {
        const V inverse = hn::Div(hn::Set(d, 1.0f), sum);
        for (std::size_t i = 0; i < size; ++i)
            storePart(hn::Mul(loadPart(y + i * cols, width, 0), inverse), width, y + i * cols);
        return;
    }
    alignas(64) float logarithms[kVector];
    hn::Store(sum, d, logarithms);
    for (float& v : logarithms)
        v = std::log(v);
    const V shift = hn::Load(d, logarithms);
    for (std::size_t i = 0; i < size; ++i)
        storePart(hn::Sub(hn::Sub(loadPart(x + i * cols, width, 0), top), shift), width, y + i * cols);
}

void softmaxOfColumns(std::size_t size, std::size_t cols, const float* x, bool logarithm, float* y)
{
    for (std::size_t c = 0; c < cols; c += kVector)
        softmaxColumn(size, cols, std::min(kVector, cols - c), x + c, logarithm, y + c);
}

void softmaxRows(std::size_t rows, std::size_t cols, const float* x, float scale, float* y)
{
    const D d;
    const V factor = hn::Set(d, scale);
    for (std::size_t r = 0; r < rows; ++r, x += cols, y += cols) {
        const float shiftValue = -(largest(cols, x) * scale);
        const V shift = hn::Set(d, shiftValue);

        V sums[kVectors];
        for (V& sum : sums)
            sum = hn::Zero(d);
        std::size_t i = 0;
        for (; i + kLanes <= cols; i += kLanes)
#pragma GCC unroll 16
            for (std::size_t part = 0; part < kVectors; ++part) {
                const std::size_t at = i + part * kVector;
                const V e = vectorExp(d, hn::MulAdd(hn::LoadU(d, x + at), factor, shift));
                hn::StoreU(e, d, y + at);
                sums[part] = hn::Add(sums[part], e);
            }
        if (i < cols)
            for (std::size_t part = 0; part < kVectors && i + part * kVector < cols; ++part) {
                const std::size_t at = i + part * kVector;
                const std::size_t count = std::min(kVector, cols - at);
                const V e = vectorExp(d, hn::MulAdd(loadPart(x + at, count, 0.0f), factor, shift));
                storePart(e, count, y + at);
                sums[part] = hn::Add(sums[part], hn::IfThenElseZero(hn::FirstN(d, count), e));
            }
        const V inverse = hn::Set(d, 1.0f / addLanes(sums));
        for (i = 0; i < cols; i += kVector) {
            const std::size_t count = std::min(kVector, cols - i);
            storePart(hn::Mul(loadPart(y + i, count, 0.0f), inverse), count, y + i);
        }
    }
}

} // namespace qs::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace qs::kernels {

HWY_EXPORT(layerNormRows);
HWY_EXPORT(normalizeOneRow);
HWY_EXPORT(softmaxRows);
HWY_EXPORT(logSoftmaxRows);
HWY_EXPORT(softmaxOfColumns);

void layerNorm(std::size_t rows, std::size_t cols, const float* x, const float* gamma, const float* beta,
               float epsilon, float* y)
{
    HWY_DYNAMIC_DISPATCH(layerNormRows)(rows, cols, x, gamma, beta, epsilon, y);
}

void normalizeRow(std::size_t cols, const float* x, float scale, float shift, float epsilon, float* y)
{
    HWY_DYNAMIC_DISPATCH(normalizeOneRow)(cols, x, scale, shift, epsilon, y);
}

void softmax(std::size_t rows, std::size_t cols, const float* x, float scale, float* y)
{
    HWY_DYNAMIC_DISPATCH(softmaxRows)(rows, cols, x, scale, y);
}

void logSoftmax(std::size_t rows, std::size_t cols, const float* x, float* y)
{
    if (cols > 0)
        HWY_DYNAMIC_DISPATCH(logSoftmaxRows)(rows, cols, x, y);
}

void softmaxColumns(std::size_t size, std::size_t cols, const float* x, bool logarithm, float* y)
{
    if (size > 0)
        HWY_DYNAMIC_DISPATCH(softmaxOfColumns)(size, cols, x, logarithm, y);
}

} // namespace qs::kernels

#endif
