#include "core/quant/saturation.h"

#include <algorithm>

namespace qs::quant {

std::vector<int> largestPairs(std::span<const int8_t> codes, std::size_t inputs, std::size_t outputs)
{
    std::vector<int> largest(outputs, 0);
    for (std::size_t j = 0; j < inputs; j += 2) {
        const int8_t* first = codes.data() + j * outputs;
        const int8_t* second = j + 1 < inputs ? first + outputs : nullptr;
        for (std::size_t o = 0; o < outputs; ++o) {
            const int a = first[o];
            const int b = second ? second[o] : 0;
            const int positive = std::max(a, 0) + std::max(b, 0);
            const int negative = std::max(-a, 0) + std::max(-b, 0);
            largest[o] = std::max(largest[o], std::max(positive, negative));
        }
    }
    return largest;
}

} // namespace qs::quant
