// Products of codes on AArch64 with the dot product extension, compiled with -march=armv8.2-a+dotprod: sdot adds four
// products of s8 in 32 bits. Unsigned A: a - 128 is an s8, and 128 sum B is added.
#include "core/kernels/integer_kernel.h"

#if defined(__ARM_FEATURE_DOTPROD)

#include <arm_neon.h>
#include <sys/auxv.h>

namespace qs::kernels {

namespace {

constexpr std::size_t kWidth = 16;
constexpr int kVectors = 4;
constexpr int kRows = 6;

template <int kTileRows, bool kSigned>
void tile(const uint8_t* a, std::size_t aStride, const int8_t* b, std::size_t k, int32_t* sums)
{
    int32x4_t sum[kTileRows][kVectors];
    int32x4_t moved[kVectors];
    const int8x16_t lowest = vdupq_n_s8(-128);
    for (int v = 0; v < kVectors; ++v) {
        moved[v] = vdupq_n_s32(0);
#pragma GCC unroll 8
        for (int i = 0; i < kTileRows; ++i)
            sum[i][v] = vdupq_n_s32(0);
    }
    for (std::size_t x = 0; x < k; x += 4, a += 4, b += 4 * kWidth) {
        int8x16_t bv[kVectors];
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
            bv[v] = vld1q_s8(b + 16 * v);
            if (!kSigned)
                moved[v] = vdotq_s32(moved[v], bv[v], lowest);
        }
#pragma GCC unroll 8
        for (int i = 0; i < kTileRows; ++i) {
            uint32_t four;
            __builtin_memcpy(&four, a + static_cast<std::size_t>(i) * aStride, sizeof four);
            const int8x16_t ai = vreinterpretq_s8_u32(vdupq_n_u32(kSigned ? four : four ^ 0x80808080U));
#pragma GCC unroll 4
            for (int v = 0; v < kVectors; ++v)
                sum[i][v] = vdotq_s32(sum[i][v], bv[v], ai);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v)
            vst1q_s32(sums + static_cast<std::size_t>(i) * kWidth + 4 * v, vsubq_s32(sum[i][v], moved[v]));
}

template <bool kSigned>
void multiply(const void* a, std::size_t aStride, std::size_t rows, const void* panel, std::size_t k, int32_t* sums)
{
    using Tile = void (*)(const uint8_t*, std::size_t, const int8_t*, std::size_t, int32_t*);
    constexpr Tile kTiles[] = {tile<1, kSigned>, tile<2, kSigned>, tile<3, kSigned>,
                               tile<4, kSigned>, tile<5, kSigned>, tile<6, kSigned>};
    kTiles[rows - 1](static_cast<const uint8_t*>(a), aStride, static_cast<const int8_t*>(panel), k, sums);
}

constexpr IntegerKernel kKernel{kRows, 1, kWidth, 4, 4, false, multiply<false>, multiply<true>, nullptr, nullptr};

} // namespace

const IntegerKernel* neonIntegers()
{
    constexpr unsigned long kDotProduct = 1UL << 20; // HWCAP_ASIMDDP
    return (::getauxval(AT_HWCAP) & kDotProduct) != 0 ? &kKernel : nullptr;
}

} // namespace qs::kernels

#else

const qs::kernels::IntegerKernel* qs::kernels::neonIntegers()
{
    return nullptr;
}

#endif
