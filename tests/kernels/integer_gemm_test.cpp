// Products of codes: every instruction set gives the bits of the scalar definition, at odd sizes, at the ends of the
// codes and for any number of threads.
#include "core/kernels/integer_gemm.h"

#include "core/kernels/conv.h"
#include "tests/kernels/kernel_testing.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <new>
#include <random>
#include <utility>
#include <vector>

namespace qs::kernels {
namespace {

std::vector<uint8_t> bytes(std::size_t count, uint32_t seed)
{
    std::mt19937 engine(seed);
    std::vector<uint8_t> values(count);
    for (uint8_t& v : values)
        v = engine() % 8 == 0 ? static_cast<uint8_t>(engine() % 2 == 0 ? 0x80 : 0x7F)
                              : static_cast<uint8_t>(engine() >> 8);
    return values;
}

/// A product whose operands start at odd addresses, with rows apart from each other.
struct Case {
    std::size_t m, k, n;
    bool isSigned = false;
    bool transposed = false;
};

struct Operands {
    explicit Operands(const Case& c)
        : aBytes(bytes(c.m * (c.k + 3) + 1, 1)),
          bBytes(bytes((c.k + 1) * (c.n + 1) + 1, 2)), a{aBytes.data() + 1, c.k + 3, c.isSigned},
          b(reinterpret_cast<const int8_t*>(bBytes.data() + 1)), bRows(c.transposed ? 1 : c.n + 1),
          bColumns(c.transposed ? c.k + 1 : 1)
    {
    }
    std::vector<uint8_t> aBytes, bBytes;
    CodeMatrix a;
    const int8_t* b;
    std::size_t bRows, bColumns;
};

constexpr std::size_t kGuard = 5; ///< elements between rows of results

TEST(IntegerGemm, SumsEqualTheReferenceOnEveryTargetAtOddSizes)
{
    std::vector<Case> cases;
    for (const std::size_t m : {1u, 2u, 5u, 6u, 7u, 14u, 15u, 16u, 17u, 31u, 33u, 49u})
        for (const std::size_t k : {1u, 3u, 4u, 7u, 16u, 63u, 64u, 65u, 130u})
            for (const std::size_t n : {1u, 15u, 16u, 17u, 33u, 64u})
                cases.push_back({m, k, n, (m + k) % 2 == 0, (k + n) % 2 == 0});
    cases.push_back({197, 768, 192});
    cases.push_back({197, 197, 64, true});
    cases.push_back({197, 64, 197, false, true});
    for (const Case& c : cases) {
        SCOPED_TRACE(testing::Message() << c.m << 'x' << c.k << 'x' << c.n << (c.isSigned ? " signed" : ""));
        const Operands x(c);
        std::vector<int32_t> want(c.m * (c.n + kGuard), -7);
        IntegerResult to;
        to.sums = want.data();
        to.stride = c.n + kGuard;
        reference::integerGemm(x.a, c.m, x.b, c.k, c.n, x.bRows, x.bColumns, {}, to);
        forEachTarget([&] {
            const IntegerMatrix packed = packIntegerMatrix(x.b, c.k, c.n, x.bRows, x.bColumns);
            std::vector<int32_t> got(want.size(), -7);
            to.sums = got.data();
            integerGemm(x.a, c.m, packed.view(), {}, to);
            ASSERT_EQ(got, want);
            for (std::size_t j = 0; j < c.n; ++j) {
                int32_t sum = 0;
                for (std::size_t l = 0; l < c.k; ++l)
                    sum += x.b[l * x.bRows + j * x.bColumns];
                ASSERT_EQ(packed.view().columnSums[j], sum) << "column " << j;
            }
        });
    }
}

/// Where a sum of two products in 16 bits would saturate, and where 32 bits are all but full.
TEST(IntegerGemm, EndsOfTheCodesDoNotSaturate)
{
    for (const auto& [a, isSigned, b] : {std::tuple{0xFF, false, -128},
                                         {0xFF, false, 127},
                                         {0x80, true, -128},
                                         {0x80, true, 127},
                                         {0x7F, true, 127}}) {
        for (const std::size_t k : {2u, 4u, 1000u, 65536u}) {
            SCOPED_TRACE(testing::Message() << a << " x " << b << ", k " << k);
            const std::vector<uint8_t> row(17 * k, static_cast<uint8_t>(a));
            const std::vector<int8_t> columns(k * 3, static_cast<int8_t>(b));
            const int64_t code = isSigned ? static_cast<int8_t>(a) : a;
            const int64_t want = code * b * static_cast<int64_t>(k);
            ASSERT_EQ(want, static_cast<int32_t>(want));
            forEachTarget([&] {
                const IntegerMatrix packed = packIntegerMatrix(columns.data(), k, 3, 3, 1);
                std::vector<int32_t> sums(17 * 3);
                IntegerResult to;
                to.sums = sums.data();
                to.stride = 3;
                integerGemm({row.data(), k, isSigned}, 17, packed.view(), {}, to);
                EXPECT_EQ(sums, std::vector<int32_t>(17 * 3, static_cast<int32_t>(want)));
            });
        }
    }
}

TEST(IntegerGemm, UnsignedColumnsArePackedWith128Less)
{
    for (const auto& [k, n, transposed] : {std::tuple<std::size_t, std::size_t, bool>{37, 21, false},
                                           {37, 21, true},
                                           {197, 64, false},
                                           {64, 197, true}}) {
        const std::vector<uint8_t> codes = bytes(k * n + 1, 3);
        std::vector<int8_t> moved(codes.size());
        std::ranges::transform(codes, moved.begin(), [](uint8_t v) { return static_cast<int8_t>(v - 128); });
        const std::vector<uint8_t> a = bytes(9 * k, 4);
        const std::size_t rows = transposed ? 1 : n;
        const std::size_t columns = transposed ? k : 1;
        forEachTarget([&] {
            std::vector<int32_t> sums[2];
            for (const bool asUnsigned : {false, true}) {
                const std::size_t size = packedIntegerSize(k, n);
                auto* buffer = static_cast<std::byte*>(::operator new (size, std::align_val_t{64}));
                const IntegerView view = asUnsigned ? packIntegersInto(buffer, codes.data() + 1, k, n, rows, columns)
                                                    : packIntegersInto(buffer, moved.data() + 1, k, n, rows, columns);
                sums[asUnsigned].resize(9 * n);
                IntegerResult to;
                to.sums = sums[asUnsigned].data();
                to.stride = n;
                integerGemm({a.data(), k, false}, 9, view, {}, to);
                ::operator delete (buffer, std::align_val_t{64});
            }
            EXPECT_EQ(sums[0], sums[1]);
        });
    }
}

/// Everything an epilogue can do, into floats and into codes.
TEST(IntegerGemm, EpiloguesEqualTheReferenceBitByBit)
{
    const Case c{33, 70, 37};
    const Operands x(c);
    std::mt19937 engine(9);
    std::vector<int32_t> columnOffset(c.n), rowOffset(c.m);
    for (int32_t& v : columnOffset)
        v = static_cast<int32_t>(engine() % 200'001) - 100'000;
    for (int32_t& v : rowOffset)
        v = static_cast<int32_t>(engine() % 20'001) - 10'000;
    columnOffset[3] = 2'147'000'000; // wraps, as 32 bits do
    std::vector<float> scales = normals(std::max(c.m, c.n), 5, 1e-5F);
    scales[5] = std::numeric_limits<float>::quiet_NaN();
    scales[6] = std::numeric_limits<float>::infinity();
    scales[7] = 0.5F; // ties
    const std::size_t stride = c.n + kGuard;
    const std::vector<float> residual = normals(c.m * stride, 6);
    for (int a = 0; a <= static_cast<int>(Activation::HardSwish); ++a)
        for (const ScaleOf scaleOf : {ScaleOf::Columns, ScaleOf::Rows, ScaleOf::All})
            for (const bool more : {false, true}) {
                IntegerEpilogue epilogue;
                epilogue.activation = static_cast<Activation>(a);
                epilogue.scale = scales.data();
                epilogue.scaleOf = scaleOf;
                if (more) {
                    epilogue.columnOffset = columnOffset.data();
                    epilogue.rowOffset = rowOffset.data();
                    epilogue.alpha = 0.7F;
                    epilogue.bias = residual.data() + 3;
                    epilogue.residual = residual.data();
                    epilogue.residualStride = stride;
                }
                std::vector<float> want(c.m * stride, -1);
                std::vector<uint8_t> wantCodes(c.m * stride, 77);
                IntegerResult values{nullptr, want.data(), nullptr, stride, {}};
                IntegerResult codes{nullptr, nullptr, wantCodes.data(), stride, {0.02F, 31, 3, 240}};
                reference::integerGemm(x.a, c.m, x.b, c.k, c.n, x.bRows, x.bColumns, epilogue, values);
                reference::integerGemm(x.a, c.m, x.b, c.k, c.n, x.bRows, x.bColumns, epilogue, codes);
                forEachTarget([&] {
                    if (epilogue.activation != Activation::None && !targetHasFma())
                        return;
                    SCOPED_TRACE(testing::Message() << "activation " << a << " scale of " << static_cast<int>(scaleOf)
                                                    << " more " << more);
                    const IntegerMatrix packed = packIntegerMatrix(x.b, c.k, c.n, x.bRows, x.bColumns);
                    std::vector<float> got(want.size(), -1);
                    std::vector<uint8_t> gotCodes(wantCodes.size(), 77);
                    values.values = got.data();
                    codes.codes = gotCodes.data();
                    integerGemm(x.a, c.m, packed.view(), epilogue, values);
                    integerGemm(x.a, c.m, packed.view(), epilogue, codes);
                    EXPECT_TRUE(allSameBits(got, want));
                    EXPECT_EQ(gotCodes, wantCodes);
                });
            }
}

TEST(IntegerGemm, ResultsDoNotDependOnThreads)
{
    const Case c{211, 130, 300};
    const Operands x(c);
    const std::vector<float> scale(1, 1e-3F);
    IntegerEpilogue epilogue;
    epilogue.scale = scale.data();
    epilogue.scaleOf = ScaleOf::All;
    epilogue.activation = Activation::Gelu;
    forEachTarget([&] {
        const IntegerMatrix packed = packIntegerMatrix(x.b, c.k, c.n, x.bRows, x.bColumns);
        std::vector<float> want(c.m * c.n);
        integerGemmParallel(nullptr, x.a, c.m, packed.view(), epilogue, {nullptr, want.data(), nullptr, c.n, {}});
        for (const int threads : {2, 3, 7}) {
            ThreadPool pool(threads);
            std::vector<float> got(c.m * c.n, -1);
            integerGemmParallel(&pool, x.a, c.m, packed.view(), epilogue, {nullptr, got.data(), nullptr, c.n, {}});
            EXPECT_TRUE(allSameBits(got, want)) << threads << " threads";
        }
    });
}

/// The manual's formula: with both zero points the corrected sums are those of the values, in double.
TEST(IntegerGemm, CorrectedSumsAreThoseOfTheValues)
{
    const std::size_t m = 23, k = 77, n = 19;
    const std::vector<uint8_t> a = bytes(m * k, 7), b = bytes(k * n, 8);
    const int za = 113, zb = 201;
    forEachTarget([&] {
        std::vector<std::byte> memory(packedIntegerSize(k, n) + 64);
        auto* buffer = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
        const IntegerView view = packIntegersInto(buffer, b.data(), k, n, n, 1);
        const int packedZero = zb - 128;
        std::vector<int32_t> rows(m), columnOffset(n), got(m * n);
        rowSums({a.data(), k, false}, m, k, rows.data());
        for (int32_t& v : rows)
            v *= -packedZero;
        for (std::size_t j = 0; j < n; ++j)
            columnOffset[j] = -za * view.columnSums[j] + static_cast<int>(k) * za * packedZero;
        IntegerEpilogue epilogue;
        epilogue.columnOffset = columnOffset.data();
        epilogue.rowOffset = rows.data();
        IntegerResult to;
        to.sums = got.data();
        to.stride = n;
        integerGemm({a.data(), k, false}, m, view, epilogue, to);
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                double want = 0;
                for (std::size_t l = 0; l < k; ++l)
                    want += static_cast<double>(a[i * k + l] - za) * (b[l * n + j] - zb);
                ASSERT_EQ(got[i * n + j], want);
            }
    });
}

TEST(IntegerGemm, RowSumsAreThoseOfEitherSign)
{
    for (const std::size_t k : awkwardSizes())
        for (const bool isSigned : {false, true}) {
            const std::vector<uint8_t> a = bytes(3 * (k + 2) + 1, 11);
            std::vector<int32_t> want(3), got(3);
            reference::rowSums({a.data() + 1, k + 2, isSigned}, 3, k, want.data());
            forEachTarget([&] {
                rowSums({a.data() + 1, k + 2, isSigned}, 3, k, got.data());
                EXPECT_EQ(got, want) << k;
            });
        }
}

TEST(IntegerGemm, PatchesOfCodesAreThoseOfFloatsWithTheZeroPointOutside)
{
    const ConvWindow window{7, 9, 3, 3, 2, 1, 1, 2, 1, 2, 0, 1};
    const std::size_t channels = 3, k = channels * 9;
    const std::vector<uint8_t> x = bytes(channels * 63, 12);
    const std::vector<float> moved = [&] {
        std::vector<float> values;
        for (const uint8_t v : x)
            values.push_back(static_cast<float>(v) - 93);
        return values;
    }();
    const std::size_t count = window.outHeight() * window.outWidth();
    std::vector<uint8_t> codes(count * k);
    std::vector<float> values(count * k);
    im2colCodes(window, channels, x.data(), 0, window.outHeight(), 93, codes.data(), k);
    im2col(window, channels, moved.data(), 0, window.outHeight(), values.data(), k);
    for (std::size_t i = 0; i < codes.size(); ++i)
        ASSERT_EQ(static_cast<float>(codes[i]) - 93, values[i]) << i;
}

} // namespace
} // namespace qs::kernels
