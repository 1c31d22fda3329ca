#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace qs::kernels {

// Every kernel of core/kernels, listed once: kernel_list_test.cpp compares each with its reference on every target
// and at odd sizes, and tests/bench measures each. A test reads the headers: a kernel that is not here fails it.

/// What kernels run on: x [rows, cols] and, by column, a (positive), b; all misaligned by one float.
struct KernelData {
    KernelData(std::size_t rows, std::size_t cols);
    std::size_t count() const { return rows * cols; }
    const float* x() const { return m_x.data() + 1; }
    const float* a() const { return m_a.data() + 1; }
    const float* b() const { return m_b.data() + 1; }

    std::size_t rows, cols;

private:
    std::vector<float> m_x, m_a, m_b;
};

/// What a kernel gives; kernels resize what they use.
struct KernelOutput {
    std::vector<float> y;
    std::vector<double> sums;
    std::vector<uint64_t> counts;
    std::vector<int32_t> codes;
};

/// How near a kernel is to its reference: the same bits on every target; on those with fused multiply-adds, elsewhere
/// within `bound`; within `bound` everywhere.
enum class Agreement : uint8_t { Bits, BitsWithFma, Bound };

struct Kernel {
    using Run = std::function<void(const KernelData&, KernelOutput&)>;
    std::string name;     ///< for people, unique
    std::string function; ///< as core/kernels declares it
    Agreement agreement = Agreement::Bits;
    Run run;
    Run reference;
    double bound = 0; ///< relative to 1 + |value|
};

const std::vector<Kernel>& allKernels();

} // namespace qs::kernels
