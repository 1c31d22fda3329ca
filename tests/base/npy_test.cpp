#include "core/base/npy.h"

#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace qs {
namespace {

Result<Tensor> readOf(std::string header, const std::string& data, char version = 1)
{
    test::TempDir folder;
    std::string bytes("\x93NUMPY", 6);
    bytes += version;
    bytes += '\0';
    bytes += static_cast<char>(header.size() & 0xFF);
    bytes += static_cast<char>(header.size() >> 8);
    if (version > 1)
        bytes += std::string(2, '\0');
    std::ofstream(folder / "a.npy", std::ios::binary) << bytes << header << data;
    return readNpy(folder / "a.npy");
}

template <class T>
std::string raw(std::initializer_list<T> values)
{
    return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

TEST(Npy, ReadsFloatsIntegersAndBooleans)
{
    const auto floats =
        readOf("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }  \n", raw({1.f, 2.f, 3.f, 4.f}));
    ASSERT_TRUE(floats) << floats.error().text();
    EXPECT_EQ(floats->shape(), (Shape{2, 2}));
    EXPECT_THAT(floats->floats(), ::testing::ElementsAre(1, 2, 3, 4));
    const auto half = readOf("{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }\n",
                             raw<uint16_t>({0x3C00, 0xC100, 0x0001}), 2);
    ASSERT_TRUE(half) << half.error().text();
    EXPECT_THAT(half->floats(), ::testing::ElementsAre(1.0f, -2.5f, 0x1p-24f));
    const auto ints = readOf("{'descr': '<i8', 'fortran_order': False, 'shape': (), }\n", raw<int64_t>({-7}));
    ASSERT_TRUE(ints) << ints.error().text();
    EXPECT_EQ(ints->data<int64_t>()[0], -7);
    const auto bools = readOf("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }\n", raw<char>({1, 0}));
    ASSERT_TRUE(bools) << bools.error().text();
    EXPECT_TRUE(bools->data<bool>()[0]);
}

TEST(Npy, RefusesWhatItCannotRead)
{
    const auto code = [](const char* header, const std::string& data) { return readOf(header, data).error().code; };
    EXPECT_EQ(code("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", raw({1.f})), ErrorCode::Malformed);
    EXPECT_EQ(code("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", raw({1.f})), ErrorCode::Unsupported);
    EXPECT_EQ(code("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", raw({1.f})), ErrorCode::Unsupported);
    EXPECT_EQ(code("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", raw({1.f, 2.f})),
              ErrorCode::Unsupported);
    EXPECT_EQ(code("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", ""),
              ErrorCode::TooLarge);
    EXPECT_EQ(code("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", ""), ErrorCode::Malformed);
    EXPECT_EQ(code("{'descr': '<f4', 'fortran_order': False, 'shape': (a,), }", ""), ErrorCode::Malformed);
    EXPECT_EQ(code("nothing", ""), ErrorCode::Malformed);
    EXPECT_EQ(readNpy("/no/such/file.npy").error().code, ErrorCode::NotFound);
}

} // namespace
} // namespace qs
