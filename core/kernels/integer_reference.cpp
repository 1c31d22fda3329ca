#include "core/kernels/elementwise.h"
#include "core/kernels/integer_gemm.h"

namespace qs::kernels::reference {

namespace {

int codeOf(const CodeMatrix& a, std::size_t i, std::size_t l)
{
    const uint8_t byte = a.data[i * a.stride + l];
    return a.isSigned ? static_cast<int8_t>(byte) : byte;
}

} // namespace

void integerGemm(const CodeMatrix& a, std::size_t m, const int8_t* b, std::size_t k, std::size_t n,
                 std::size_t rowStride, std::size_t columnStride, const IntegerEpilogue& epilogue,
                 const IntegerResult& result)
{
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            int64_t sum = epilogue.columnOffset ? epilogue.columnOffset[j] : 0;
            sum += epilogue.rowOffset ? epilogue.rowOffset[i] : 0;
            for (std::size_t l = 0; l < k; ++l)
                sum += codeOf(a, i, l) * b[l * rowStride + j * columnStride];
            const auto in32 = static_cast<int32_t>(static_cast<uint32_t>(sum));
            const std::size_t at = i * result.stride + j;
            if (result.sums) {
                result.sums[at] = in32;
                continue;
            }
            const std::size_t own = epilogue.scaleOf == ScaleOf::Columns ? j
                                    : epilogue.scaleOf == ScaleOf::Rows  ? i
                                                                         : 0;
            float v = static_cast<float>(in32) * epilogue.scale[own];
            v *= epilogue.alpha;
            if (epilogue.bias)
                v += epilogue.bias[j];
            v = activate(epilogue.activation, v);
            if (epilogue.residual)
                v += epilogue.residual[i * epilogue.residualStride + j];
            if (result.values)
                result.values[at] = v;
            else
                result.codes[at] = static_cast<uint8_t>(code(v, result.grid));
        }
}

void rowSums(const CodeMatrix& a, std::size_t m, std::size_t k, int32_t* sums)
{
    for (std::size_t i = 0; i < m; ++i) {
        sums[i] = 0;
        for (std::size_t l = 0; l < k; ++l)
            sums[i] += codeOf(a, i, l);
    }
}

} // namespace qs::kernels::reference
