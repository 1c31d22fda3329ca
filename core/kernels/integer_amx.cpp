// Products of codes on AMX-int8, compiled with -mamx-tile -mamx-int8: 32 rows times 32 columns in four tiles of 16 x
// 16 sums, 64 codes deep. Linux grants the tile registers to a process that asks for them.
#include "core/kernels/integer_kernel.h"

#if defined(__AMX_INT8__) && defined(__linux__)

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace qs::kernels {

namespace {

constexpr std::size_t kTile = 16;
constexpr std::size_t kWidth = 2 * kTile;
constexpr std::size_t kDepth = 64;
constexpr std::size_t kPanelStride = 4 * kWidth;
constexpr std::size_t kSumStride = 4 * kWidth;

/// As ldtilecfg reads it: palette 1, every tile 16 rows of 64 bytes.
struct alignas(64) Configuration {
    uint8_t palette = 1;
    uint8_t startRow = 0;
    uint8_t reserved[14] = {};
    uint16_t columnBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {kTile, kTile, kTile, kTile, kTile, kTile, kTile, kTile};
};

/// Static: GCC 12 believes that ldtilecfg reads 8 bytes, and leaves the others of a local one unwritten.
constexpr Configuration kConfiguration;

void begin()
{
    _tile_loadconfig(&kConfiguration);
}

void end()
{
    _tile_release();
}

// Tiles: 0 to 3 the sums, 4 and 5 rows of A, 6 and 7 columns of B.
#define QS_MULTIPLY(NAME, DOT)                                                                                       \
    void NAME(const void* a, std::size_t aStride, std::size_t rows, const void* panel, std::size_t k, int32_t* sums) \
    {                                                                                                                \
        const char* upper = static_cast<const char*>(a);                                                             \
        const char* lower = upper + kTile * aStride;                                                                 \
        const char* b = static_cast<const char*>(panel);                                                             \
        _tile_zero(0);                                                                                               \
        _tile_zero(1);                                                                                               \
        if (rows <= kTile) {                                                                                         \
            for (std::size_t x = 0; x < k; x += kDepth, upper += kDepth, b += kDepth * kWidth) {                     \
                _tile_loadd(6, b, kPanelStride);                                                                     \
                _tile_loadd(7, b + 4 * kTile, kPanelStride);                                                         \
                _tile_loadd(4, upper, aStride);                                                                      \
                DOT(0, 4, 6);                                                                                        \
                DOT(1, 4, 7);                                                                                        \
            }                                                                                                        \
        } else {                                                                                                     \
            _tile_zero(2);                                                                                           \
            _tile_zero(3);                                                                                           \
            for (std::size_t x = 0; x < k; x += kDepth, upper += kDepth, lower += kDepth, b += kDepth * kWidth) {    \
                _tile_loadd(6, b, kPanelStride);                                                                     \
                _tile_loadd(4, upper, aStride);                                                                      \
                _tile_loadd(7, b + 4 * kTile, kPanelStride);                                                         \
                _tile_loadd(5, lower, aStride);                                                                      \
                DOT(0, 4, 6);                                                                                        \
                DOT(1, 4, 7);                                                                                        \
                DOT(2, 5, 6);                                                                                        \
                DOT(3, 5, 7);                                                                                        \
            }                                                                                                        \
            _tile_stored(2, sums + kTile * kWidth, kSumStride);                                                      \
            _tile_stored(3, sums + kTile * kWidth + kTile, kSumStride);                                              \
        }                                                                                                            \
        _tile_stored(0, sums, kSumStride);                                                                           \
        _tile_stored(1, sums + kTile, kSumStride);                                                                   \
    }

QS_MULTIPLY(multiplyUnsigned, _tile_dpbusd)
QS_MULTIPLY(multiplySigned, _tile_dpbssd)

#undef QS_MULTIPLY

constexpr IntegerKernel kKernel{2 * kTile,        kTile,          kWidth, 4,  kDepth, false,
                                multiplyUnsigned, multiplySigned, begin,  end};

} // namespace

const IntegerKernel* amxIntegers()
{
    // arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA), once: kernels before 5.16 and some sandboxes refuse.
    constexpr long kRequestPermission = 0x1023;
    constexpr long kTileData = 18;
    static const bool isGranted = ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
    return isGranted ? &kKernel : nullptr;
}

} // namespace qs::kernels

#else

const qs::kernels::IntegerKernel* qs::kernels::amxIntegers()
{
    return nullptr;
}

#endif
