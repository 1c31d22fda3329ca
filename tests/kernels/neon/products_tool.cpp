// Compares the products of codes of NEON with the scalar ones, for every number of rows, at random and at the ends of
// the codes. Stands alone: it is cross-compiled, and runs under an emulator. Exit code 2: no dot product here.
#include "core/kernels/integer_kernel.h"

#include <algorithm>
#include <cstdio>
#include <random>
#include <vector>

namespace {

using qs::kernels::IntegerKernel;

enum class Data { Random, Highest, Lowest };

std::vector<uint8_t> codes(std::size_t count, Data data, std::mt19937& engine)
{
    std::vector<uint8_t> values(count);
    for (uint8_t& v : values)
        v = data == Data::Random ? static_cast<uint8_t>(engine()) : data == Data::Highest ? 0xFF : 0x80;
    return values;
}

long differences(const IntegerKernel& kernel, std::size_t rows, std::size_t k, bool isSigned, Data data)
{
    const IntegerKernel& plain = *qs::kernels::scalarIntegers();
    std::mt19937 engine(static_cast<uint32_t>(rows + k));
    const std::size_t stride = k + 3;
    const std::vector<uint8_t> a = codes(rows * stride + 1, data, engine);
    const std::vector<uint8_t> b = codes(k * kernel.width + 1, data == Data::Random ? data : Data::Lowest, engine);
    std::vector<int32_t> got(rows * kernel.width), want(got.size());
    (isSigned ? kernel.multiplySigned : kernel.multiplyUnsigned)(a.data() + 1, stride, rows, b.data(), k, got.data());
    for (std::size_t r = 0; r < rows; r += plain.rows)
        (isSigned ? plain.multiplySigned : plain.multiplyUnsigned)(a.data() + 1 + r * stride, stride,
                                                                   std::min(plain.rows, rows - r), b.data(), k,
                                                                   want.data() + r * kernel.width);
    long count = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
        count += got[i] != want[i] ? 1 : 0;
    return count;
}

} // namespace

int main()
{
    const IntegerKernel* neon = qs::kernels::neonIntegers();
    if (!neon) {
        std::puts("SKIP: this processor has no dot product");
        return 2;
    }
    long bad = 0;
    for (const std::size_t k : {0U, 4U, 8U, 64U, 132U, 768U, 65536U})
        for (std::size_t rows = 1; rows <= neon->rows; ++rows)
            for (const bool isSigned : {false, true})
                for (const Data data : {Data::Random, Data::Highest, Data::Lowest})
                    bad += differences(*neon, rows, k, isSigned, data);
    std::printf("%ld sums differ\n", bad);
    return bad == 0 ? 0 : 1;
}
