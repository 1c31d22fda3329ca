#include "core/base/csv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace qs {

TEST(Csv, QuotesWhatNeedsIt)
{
    EXPECT_EQ(csvLine({}), "\n");
    EXPECT_EQ(csvLine({""}), "\n");
    EXPECT_EQ(csvLine({"a", "", "b c"}), "a,,b c\n");
    EXPECT_EQ(csvLine({"a,b", "say \"x\"", "two\nlines", "cr\rlf"}),
              "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"cr\rlf\"\n");
}

TEST(Csv, WhatIsWrittenIsRead)
{
    std::mt19937 engine(7);
    const std::string letters = "ab, \"\t;";
    for (int round = 0; round < 500; ++round) {
        std::vector<std::string> cells(1 + engine() % 5);
        for (std::string& cell : cells) {
            for (std::size_t i = engine() % 6; i > 0; --i)
                cell += letters[engine() % letters.size()];
            // Blanks at the ends of an unquoted cell do not count.
            if (cell.find_first_of(",\"") == std::string::npos) {
                cell.erase(0, cell.find_first_not_of(" \t"));
                cell.erase(cell.find_last_not_of(" \t") + 1);
            }
        }
        std::string line = csvLine(cells);
        line.pop_back();
        EXPECT_EQ(csvCells(line), cells) << line;
    }
}

TEST(Csv, Numbers)
{
    EXPECT_EQ(csvNumber(0.1), "0.1");
    EXPECT_EQ(csvNumber(1.0 / 3), "0.333333333");
    EXPECT_EQ(csvNumber(std::numeric_limits<double>::infinity()), "inf");
    EXPECT_EQ(csvNumber(-std::numeric_limits<double>::infinity()), "-inf");
    EXPECT_EQ(csvNumber(std::nan("")), "");
}

} // namespace qs
