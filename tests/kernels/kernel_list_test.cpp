// The list of kernels: complete by the headers, and each like its reference on every target at odd sizes.
#include "tests/kernels/kernel_list.h"

#include "tests/kernels/kernel_testing.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <regex>
#include <set>

namespace qs::kernels {
namespace {

template <class T>
void expectAlike(const std::vector<T>& got, const std::vector<T>& want, bool bits, double bound)
{
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i)
        if (!sameBits(got[i], want[i])) {
            ASSERT_FALSE(bits) << "at " << i << ": " << got[i] << ", expected " << want[i];
            ASSERT_LE(std::abs(got[i] - want[i]), bound * (1 + std::abs(want[i]))) << "at " << i;
        }
}

TEST(KernelList, EachEqualsItsReferenceOnEveryTargetAtOddSizes)
{
    for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{1, 1},
                                     {1, 3},
                                     {3, 5},
                                     {2, 8},
                                     {5, 16},
                                     {3, 17},
                                     {1, 31},
                                     {7, 33},
                                     {2, 64},
                                     {3, 65},
                                     {2, 127},
                                     {1, 1000},
                                     {17, 36}}) {
        const KernelData data(rows, cols);
        for (const Kernel& kernel : allKernels()) {
            KernelOutput want;
            kernel.reference(data, want);
            forEachTarget([&] {
                SCOPED_TRACE(testing::Message() << kernel.name << ", " << rows << " x " << cols);
                KernelOutput got;
                kernel.run(data, got);
                const bool bits = kernel.agreement == Agreement::Bits ||
                                  (kernel.agreement == Agreement::BitsWithFma && targetHasFma());
                expectAlike(got.y, want.y, bits, kernel.bound);
                expectAlike(got.sums, want.sums, bits, kernel.bound);
                EXPECT_EQ(got.counts, want.counts);
                EXPECT_EQ(got.codes, want.codes);
            });
            EXPECT_FALSE(want.y.empty() && want.sums.empty() && want.counts.empty() && want.codes.empty() &&
                         cols == 36)
                << kernel.name << " gives nothing";
        }
    }
}

/// Functions that core/kernels declares and that are no kernels: they prepare, ask, or compute one number.
const std::set<std::string> kNoKernels{
    "packMatrix",       "packMatrixInto",   "packedSize",        "leastOfLog",       "foldStart",
    "byteMultiplier",   "integerLayerNorm", "packIntegerMatrix", "packIntegersInto", "packedIntegerSize",
    "packIntegerPanel", "packIntegerRows",  "finishIntegerTile", "forProductParts"};

TEST(KernelList, HasEveryKernelThatTheHeadersDeclare)
{
    std::set<std::string> listed;
    for (const Kernel& kernel : allKernels())
        listed.insert(kernel.function);
    std::set<std::string> declared;
    for (const auto& entry : std::filesystem::directory_iterator(QUANTOSCOPE_KERNEL_HEADERS)) {
        if (entry.path().extension() != ".h" || entry.path().stem().string().ends_with("_inl") ||
            entry.path().stem() == "target")
            continue;
        std::ifstream file(entry.path());
        std::string text{std::istreambuf_iterator<char>(file), {}};
        text = text.substr(0, text.find("namespace reference"));
        // At the start of a line: a type, a name, "(": a free function of qs::kernels.
        const std::regex function(R"(\n[A-Za-z][A-Za-z_:0-9<> ]* ([a-z][A-Za-z0-9]*)\()");
        for (std::sregex_iterator it(text.begin(), text.end(), function), end; it != end; ++it)
            declared.insert((*it)[1]);
    }
    EXPECT_GT(declared.size(), 25U);
    for (const std::string& function : declared)
        EXPECT_NE(listed.contains(function), kNoKernels.contains(function))
            << function << " is in neither list, or in both";
    for (const std::string& function : listed)
        EXPECT_TRUE(declared.contains(function)) << function << " is no kernel of core/kernels";
}

TEST(KernelList, NamesAreUnique)
{
    std::set<std::string> names;
    for (const Kernel& kernel : allKernels())
        EXPECT_TRUE(names.insert(kernel.name).second) << kernel.name;
}

} // namespace
} // namespace qs::kernels
