#include "core/base/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace qs {
namespace {

constexpr const char* kFormats[] = {"%.0f", "%.1f", "%.2f",   "%.5f",    "%+.2f",   "%9.1f",
                                    "%.4g", "%.6g", "%10.4g", "%.2f %%", "%-9.1f|", "%.1e"};

/// The digits of a text, with its sign.
std::string bare(std::string text)
{
    std::erase_if(text, [](char c) { return c == ' ' || c == '%' || c == '|'; });
    return text;
}

} // namespace

// N9: "-0.0" of what is nothing at the digits shown.
TEST(NumberText, WhatReadsAsZeroHasNoSign)
{
    for (const char* format : kFormats)
        for (const double value : {-0.0, 0.0, -1e-300, -1e-12, -1e-7, -0.004, -0.04, -0.4, -0.5, 0.4, -0.05,
                                   -0.5000001, -1.0, -17.25, 17.25, -1e6}) {
            char plain[64];
            std::snprintf(plain, sizeof plain, format, value);
            const std::string text = numberText(value, format);
            const double read = std::strtod(bare(text).c_str(), nullptr);
            EXPECT_EQ(read, std::strtod(bare(plain).c_str(), nullptr)) << format << " of " << value;
            EXPECT_FALSE(std::signbit(read) && read == 0) << text;
            if (read == 0)
                EXPECT_EQ(text.substr(0, text.find('0')).find_first_of("+-"), std::string::npos)
                    << text; // not of the exponent
            else
                EXPECT_EQ(text, plain);
        }
}

TEST(NumberText, ColumnsStayAsWideAsTheyWere)
{
    EXPECT_EQ(numberText(-0.04, "%9.1f"), "      0.0");
    EXPECT_EQ(numberText(-0.06, "%9.1f"), "     -0.1");
    EXPECT_EQ(numberText(-0.0, "%10.4g"), "         0");
    EXPECT_EQ(numberText(-0.0, "%.1f"), "0.0");
    EXPECT_EQ(numberText(-0.001, "%+.2f"), "0.00");
}

TEST(NumberText, WhatIsNoNumberIsSaid)
{
    EXPECT_EQ(numberText(std::numeric_limits<double>::infinity(), "%.1f"), "inf");
    EXPECT_EQ(numberText(-std::numeric_limits<double>::infinity(), "%.1f"), "-inf");
    EXPECT_EQ(numberText(std::nan(""), "%.1f"), "nan");
    EXPECT_EQ(numberText(-1e300, "%.1f"), "-1e+300"); // never cut
    EXPECT_EQ(numberText(-5e-324, "%.3g"), "-4.94e-324");
    EXPECT_EQ(numberText(-1e-9, "%.1e"), "-1.0e-09");
}

} // namespace qs
