// Products of codes on AVX-512 VNNI, compiled with -mavx512vnni: vpdpbusd adds four products of a u8 and an s8 in
// 32 bits. A tile of 14 rows and two vectors keeps 28 sums in registers. Signed A: a + 128 is a u8, and 128 sum B is
// taken off.
#include "core/kernels/integer_kernel.h"

#if defined(__AVX512VNNI__)

#include <immintrin.h>

namespace qs::kernels {

namespace {

constexpr std::size_t kWidth = 32;
constexpr int kRows = 14;
constexpr int32_t kFlip = static_cast<int32_t>(0x80808080U);

template <int kTileRows, bool kSigned>
void tile(const char* a, std::size_t aStride, const char* b, std::size_t k, int32_t* sums)
{
    __m512i sum0[kTileRows];
    __m512i sum1[kTileRows];
    __m512i moved0 = _mm512_setzero_si512();
    __m512i moved1 = _mm512_setzero_si512();
    const __m512i flip = _mm512_set1_epi32(kFlip);
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i)
        sum0[i] = sum1[i] = _mm512_setzero_si512();
    for (std::size_t x = 0; x < k; x += 4, a += 4, b += 4 * kWidth) {
        const __m512i b0 = _mm512_load_si512(b);
        const __m512i b1 = _mm512_load_si512(b + 64);
        _mm_prefetch(b + 1024, _MM_HINT_T0);
        _mm_prefetch(b + 1088, _MM_HINT_T0);
        if constexpr (kSigned) {
            moved0 = _mm512_dpbusd_epi32(moved0, flip, b0);
            moved1 = _mm512_dpbusd_epi32(moved1, flip, b1);
        }
#pragma GCC unroll 16
        for (int i = 0; i < kTileRows; ++i) {
            int32_t four;
            __builtin_memcpy(&four, a + static_cast<std::size_t>(i) * aStride, sizeof four);
            const __m512i ai = _mm512_set1_epi32(kSigned ? four ^ kFlip : four);
            sum0[i] = _mm512_dpbusd_epi32(sum0[i], ai, b0);
            sum1[i] = _mm512_dpbusd_epi32(sum1[i], ai, b1);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
        int32_t* row = sums + static_cast<std::size_t>(i) * kWidth;
        _mm512_store_si512(row, _mm512_sub_epi32(sum0[i], moved0));
        _mm512_store_si512(row + 16, _mm512_sub_epi32(sum1[i], moved1));
    }
}

template <bool kSigned>
void multiply(const void* a, std::size_t aStride, std::size_t rows, const void* panel, std::size_t k, int32_t* sums)
{
    using Tile = void (*)(const char*, std::size_t, const char*, std::size_t, int32_t*);
    constexpr Tile kTiles[] = {tile<1, kSigned>,  tile<2, kSigned>,  tile<3, kSigned>,  tile<4, kSigned>,
                               tile<5, kSigned>,  tile<6, kSigned>,  tile<7, kSigned>,  tile<8, kSigned>,
                               tile<9, kSigned>,  tile<10, kSigned>, tile<11, kSigned>, tile<12, kSigned>,
                               tile<13, kSigned>, tile<14, kSigned>};
    kTiles[rows - 1](static_cast<const char*>(a), aStride, static_cast<const char*>(panel), k, sums);
}

constexpr IntegerKernel kKernel{kRows, 1, kWidth, 4, 4, false, multiply<false>, multiply<true>, nullptr, nullptr};

} // namespace

const IntegerKernel* avx512VnniIntegers()
{
    return &kKernel;
}

} // namespace qs::kernels

#else

const qs::kernels::IntegerKernel* qs::kernels::avx512VnniIntegers()
{
    return nullptr;
}

#endif
