// Products of codes on AVX-VNNI, compiled with -mavxvnni: vpdpbusd adds four products of a u8 and an s8 in 32 bits.
// Signed A: a + 128 is a u8, and 128 sum B is taken off.
#include "core/kernels/integer_kernel.h"

#if defined(__AVXVNNI__)

#include <immintrin.h>

namespace qs::kernels {

namespace {

constexpr std::size_t kWidth = 16;
constexpr int kRows = 6;
constexpr int32_t kFlip = static_cast<int32_t>(0x80808080U);

template <int kTileRows, bool kSigned>
void tile(const char* a, std::size_t aStride, const char* b, std::size_t k, int32_t* sums)
{
    __m256i sum0[kTileRows];
    __m256i sum1[kTileRows];
    __m256i moved0 = _mm256_setzero_si256();
    __m256i moved1 = _mm256_setzero_si256();
    const __m256i flip = _mm256_set1_epi32(kFlip);
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i)
        sum0[i] = sum1[i] = _mm256_setzero_si256();
    for (std::size_t x = 0; x < k; x += 4, a += 4, b += 4 * kWidth) {
        const __m256i b0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(b));
        const __m256i b1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(b + 32));
        if constexpr (kSigned) {
            moved0 = _mm256_dpbusd_avx_epi32(moved0, flip, b0);
            moved1 = _mm256_dpbusd_avx_epi32(moved1, flip, b1);
        }
#pragma GCC unroll 8
        for (int i = 0; i < kTileRows; ++i) {
            int32_t four;
            __builtin_memcpy(&four, a + static_cast<std::size_t>(i) * aStride, sizeof four);
            const __m256i ai = _mm256_set1_epi32(kSigned ? four ^ kFlip : four);
            sum0[i] = _mm256_dpbusd_avx_epi32(sum0[i], ai, b0);
            sum1[i] = _mm256_dpbusd_avx_epi32(sum1[i], ai, b1);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i) {
        auto* row = reinterpret_cast<__m256i*>(sums + static_cast<std::size_t>(i) * kWidth);
        _mm256_store_si256(row, _mm256_sub_epi32(sum0[i], moved0));
        _mm256_store_si256(row + 1, _mm256_sub_epi32(sum1[i], moved1));
    }
}

template <bool kSigned>
void multiply(const void* a, std::size_t aStride, std::size_t rows, const void* panel, std::size_t k, int32_t* sums)
{
    using Tile = void (*)(const char*, std::size_t, const char*, std::size_t, int32_t*);
    constexpr Tile kTiles[] = {tile<1, kSigned>, tile<2, kSigned>, tile<3, kSigned>,
                               tile<4, kSigned>, tile<5, kSigned>, tile<6, kSigned>};
    kTiles[rows - 1](static_cast<const char*>(a), aStride, static_cast<const char*>(panel), k, sums);
}

constexpr IntegerKernel kKernel{kRows, 1, kWidth, 4, 4, false, multiply<false>, multiply<true>, nullptr, nullptr};

} // namespace

const IntegerKernel* avxVnniIntegers()
{
    return &kKernel;
}

} // namespace qs::kernels

#else

const qs::kernels::IntegerKernel* qs::kernels::avxVnniIntegers()
{
    return nullptr;
}

#endif
