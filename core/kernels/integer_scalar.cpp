// Products of codes without any instruction set: what the others are compared with, and what machines without them
// run.
#include "core/kernels/integer_kernel.h"

namespace qs::kernels {

namespace {

constexpr std::size_t kWidth = 16;
constexpr std::size_t kGroup = 4;

template <class T>
void multiply(const void* a, std::size_t aStride, std::size_t rows, const void* panel, std::size_t k, int32_t* sums)
{
    for (std::size_t i = 0; i < rows; ++i) {
        const T* row = static_cast<const T*>(a) + i * aStride;
        const auto* b = static_cast<const int8_t*>(panel);
        uint32_t sum[kWidth] = {};
        for (std::size_t x = 0; x < k; x += kGroup)
            for (std::size_t j = 0; j < kWidth; ++j)
                for (std::size_t g = 0; g < kGroup; ++g)
                    sum[j] += static_cast<uint32_t>(row[x + g] * *b++);
        for (std::size_t j = 0; j < kWidth; ++j)
            sums[i * kWidth + j] = static_cast<int32_t>(sum[j]);
    }
}

constexpr IntegerKernel kKernel{4,       1,      kWidth, kGroup, kGroup, false, multiply<uint8_t>, multiply<int8_t>,
                                nullptr, nullptr};

} // namespace

const IntegerKernel* scalarIntegers()
{
    return &kKernel;
}

} // namespace qs::kernels
