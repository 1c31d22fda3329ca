#include "core/kernels/gemm.h"

#include <gtest/gtest.h>
#include <vector>

namespace qs::kernels {
namespace {

TEST(Gemm, SmallProductWithEpilogue)
{
    const std::vector<float> a{1, 2, 3, 4, 5, 6};     // [2, 3]
    const std::vector<float> b{1, -1, 2, 0.5f, 0, 3}; // [3, 2]
    const std::vector<float> bias{10, -100};
    const std::vector<float> residual{1, 2, 3, 4};
    const PackedMatrix packed = packMatrix(b.data(), 3, 2, 2, 1);
    std::vector<float> c(4, -7);
    gemm(a.data(), 3, 2, packed.view(), c.data(), 2, {2, bias.data(), Activation::Relu, residual.data(), 2});
    EXPECT_EQ(c, (std::vector<float>{21, 2, 41, 4}));
}

} // namespace
} // namespace qs::kernels
