#pragma once

#include "core/base/thread_pool.h"
#include "core/kernels/activation.h"
#include "core/kernels/gemm.h"
#include "core/kernels/quantize.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace qs::kernels {

// Products of codes. A [m, k] holds bytes (u8, or s8 where said so), B [k, n] signed bytes:
//   sum(i, j) = sum over l of A(i, l) B(l, j)        in 32 bits, modulo 2^32: exact for k <= 65,536
// Integer sums have no rounding, so results are bit-equal on every target and for any number of threads. No target
// saturates on the way: those with a dot product of bytes (AVX-VNNI, AVX-512 VNNI, AMX, NEON) add in 32 bits, AVX2
// widens both operands to 16 bits first (vpmaddwd: two products of bytes, at most 2^16 together, in 32 bits).
//
// What codes mean. With x = (a - za) sa and w = (b - zb(j)) sb(j), a layer is
//   y(i, j) = sa sb(j) (sum(i, j) - za sum_l B(l, j) - zb(j) sum_l A(i, l) + k za zb(j) + bias(j))
// The sums over l are IntegerView::columnSums and rowSums(); the caller puts what depends on j alone into
// columnOffset, what depends on both into rowOffset (weights are symmetric: zb = 0 and no rowOffset). Codes of
// another range are moved first: signed activations are kept as u8 with 128 more and a zero point 128 larger.
// Convolutions are the same products: patches of codes (im2colCodes, the zero point in the padding) times weights.
// Sources: ONNX QLinearMatMul, MatMulInteger (opset 10); the order of the float operations is that of ONNX Runtime's
// CPU provider (QGemm, MatMulIntegerToFloat, QLinearConv; 1.21 and newer).

struct IntegerKernel;

/// B cut into panels for one instruction set (any target may read the view with the kernel it names). Does not own
/// its memory.
struct IntegerView {
    const std::byte* data = nullptr;     ///< panels, 64-byte aligned
    const int32_t* columnSums = nullptr; ///< [n] sum over l of B(l, j)
    std::size_t k = 0;
    std::size_t n = 0;
    const IntegerKernel* kernel = nullptr;

    std::size_t panels() const;
};

/// The same with its memory (shared between copies, immutable): weights are packed once and kept.
class IntegerMatrix {
public:
    IntegerMatrix() = default;
    bool empty() const { return !m_storage; }
    const IntegerView& view() const { return m_view; }

private:
    friend IntegerMatrix packIntegerMatrix(const int8_t*, std::size_t, std::size_t, std::size_t, std::size_t);
    std::shared_ptr<const std::byte[]> m_storage;
    IntegerView m_view;
};

/// Packs B [k, n] with B(i, j) = b[i * rowStride + j * columnStride], for the target in use.
IntegerMatrix packIntegerMatrix(const int8_t* b, std::size_t k, std::size_t n, std::size_t rowStride,
                                std::size_t columnStride);

/// Bytes that packIntegersInto needs for [k, n] (a multiple of 64).
std::size_t packedIntegerSize(std::size_t k, std::size_t n);

/// Packs into `buffer` (packedIntegerSize(k, n) bytes, 64-byte aligned): K^T and V, which change with every image.
/// Unsigned codes are packed with 128 less: their zero point is 128 smaller then.
IntegerView packIntegersInto(std::byte* buffer, const int8_t* b, std::size_t k, std::size_t n, std::size_t rowStride,
                             std::size_t columnStride);
IntegerView packIntegersInto(std::byte* buffer, const uint8_t* b, std::size_t k, std::size_t n, std::size_t rowStride,
                             std::size_t columnStride);

/// Codes A [m, k], rows `stride` bytes apart (any alignment), read as u8 or as s8. Nothing outside is read.
struct CodeMatrix {
    const uint8_t* data = nullptr;
    std::size_t stride = 0;
    bool isSigned = false;
};

/// What IntegerEpilogue::scale is indexed with: columns (weights are B), rows (weights are A, as in convolutions that
/// write channels first), or nothing.
enum class ScaleOf : uint8_t { Columns, Rows, All };

/// What happens to a sum before it is stored, each operation rounded by itself:
///   t = float(sum + columnOffset(j) + rowOffset(i))         (the integers modulo 2^32; to nearest even)
///   v = activation(t * scale * alpha + bias(j)) + residual(i, j)   (from left to right)
struct IntegerEpilogue {
    const int32_t* columnOffset = nullptr; ///< [n] or null: zero-point corrections and int32 bias
    const int32_t* rowOffset = nullptr;    ///< [m] or null
    const float* scale = nullptr;          ///< [n], [m] or one number
    ScaleOf scaleOf = ScaleOf::Columns;
    float alpha = 1;
    const float* bias = nullptr; ///< [n] or null: of layers whose bias has no codes
    Activation activation = Activation::None;
    const float* residual = nullptr; ///< [m, n] with rows `residualStride` apart; may be the float result itself
    std::size_t residualStride = 0;
};

/// Where results go, [m, n] with rows `stride` elements apart; exactly one of the three:
///   sums:   sum + columnOffset + rowOffset; the rest of the epilogue is left out
///   values: v
///   codes:  clamp(rne(v / grid.scale) + grid.zeroPoint, grid.qmin, grid.qmax), within 0..255, NaN: qmin.
///           Requantization as ONNX Runtime's fused kernels do it has sa sb(j) / sy as scale(j), and grid.scale = 1.
struct IntegerResult {
    int32_t* sums = nullptr;
    float* values = nullptr;
    uint8_t* codes = nullptr;
    std::size_t stride = 0;
    QuantGrid grid = {};
};

/// Results of A [m, k] times B. They must not overlap A. Nothing outside the m x n results is written. k = 0 gives
/// the epilogue of 0. Bit-equal to the reference everywhere (activations: on targets with FMA, see elementwise.h).
void integerGemm(const CodeMatrix& a, std::size_t m, const IntegerView& b, const IntegerEpilogue& epilogue,
                 const IntegerResult& result);
/// The same for a part; parts may be computed by different threads. Pointers are those of the whole matrices.
void integerGemmPart(const CodeMatrix& a, const IntegerView& b, const IntegerEpilogue& epilogue,
                     const IntegerResult& result, const GemmRange& range);
/// The same on a pool (null: the calling thread).
void integerGemmParallel(ThreadPool* pool, const CodeMatrix& a, std::size_t m, const IntegerView& b,
                         const IntegerEpilogue& epilogue, const IntegerResult& result);

/// sums[i] = sum over l of A(i, l): [m].
void rowSums(const CodeMatrix& a, std::size_t m, std::size_t k, int32_t* sums);

namespace reference {
/// The definition, on an unpacked B (signed bytes).
void integerGemm(const CodeMatrix& a, std::size_t m, const int8_t* b, std::size_t k, std::size_t n,
                 std::size_t rowStride, std::size_t columnStride, const IntegerEpilogue& epilogue,
                 const IntegerResult& result);
void rowSums(const CodeMatrix& a, std::size_t m, std::size_t k, int32_t* sums);
} // namespace reference

} // namespace qs::kernels
