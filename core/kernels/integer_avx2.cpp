// Products of codes on AVX2, compiled with -mavx2. Both operands are widened to 16 bits, and vpmaddwd adds two exact
// products in 32 bits: (2^8)^2 2 < 2^31, so nothing saturates, unlike vpmaddubsw, which adds in 16.
#include "core/kernels/integer_kernel.h"

#if defined(__AVX2__)

#include <immintrin.h>

namespace qs::kernels {

namespace {

constexpr std::size_t kWidth = 16;
constexpr int kRows = 6;

template <int kTileRows>
void tile(const char* a, std::size_t aStride, const char* b, std::size_t k, int32_t* sums)
{
    __m256i sum0[kTileRows];
    __m256i sum1[kTileRows];
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i)
        sum0[i] = sum1[i] = _mm256_setzero_si256();
    for (std::size_t x = 0; x < k; x += 2, a += 4, b += 4 * kWidth) {
        const __m256i b0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(b));
        const __m256i b1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(b + 32));
#pragma GCC unroll 8
        for (int i = 0; i < kTileRows; ++i) {
            int32_t pair;
            __builtin_memcpy(&pair, a + static_cast<std::size_t>(i) * aStride, sizeof pair);
            const __m256i ai = _mm256_set1_epi32(pair);
            sum0[i] = _mm256_add_epi32(sum0[i], _mm256_madd_epi16(ai, b0));
            sum1[i] = _mm256_add_epi32(sum1[i], _mm256_madd_epi16(ai, b1));
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i) {
        auto* row = reinterpret_cast<__m256i*>(sums + static_cast<std::size_t>(i) * kWidth);
        _mm256_store_si256(row, sum0[i]);
        _mm256_store_si256(row + 1, sum1[i]);
    }
}

void multiply(const void* a, std::size_t aStride, std::size_t rows, const void* panel, std::size_t k, int32_t* sums)
{
    using Tile = void (*)(const char*, std::size_t, const char*, std::size_t, int32_t*);
    constexpr Tile kTiles[] = {tile<1>, tile<2>, tile<3>, tile<4>, tile<5>, tile<6>};
    kTiles[rows - 1](static_cast<const char*>(a), aStride, static_cast<const char*>(panel), k, sums);
}

constexpr IntegerKernel kKernel{kRows, 1, kWidth, 2, 2, true, multiply, multiply, nullptr, nullptr};

} // namespace

const IntegerKernel* avx2Integers()
{
    return &kKernel;
}

} // namespace qs::kernels

#else

const qs::kernels::IntegerKernel* qs::kernels::avx2Integers()
{
    return nullptr;
}

#endif
