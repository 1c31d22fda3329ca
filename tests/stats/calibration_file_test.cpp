#include "core/base/file.h"
#include "core/stats/calibration.h"
#include "core/stats/calibration_file.h"
#include "core/stats/collector.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace qs::stats {
namespace {

class CalibrationFile : public ::testing::Test {
protected:
    void SetUp() override
    {
        m_path = std::filesystem::temp_directory_path() / ("calibration-" + std::to_string(getpid()) + ".qcal");
        m_calibration = *test::madeUpCalibration(m_vit.sites);
        m_calibration.modelHash = "abc";
        m_calibration.preprocess = "{\"crop\": 224}";
        m_calibration.imagesHash = "def";
        m_calibration.seed = UINT64_MAX;
        m_calibration.peakBytes = 12345;
        m_calibration.logits = Tensor::fromFloats({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
    }
    void TearDown() override { std::filesystem::remove(m_path); }

    void write(std::string_view bytes) { std::ofstream(m_path, std::ios::binary) << bytes; }
    ErrorCode loadCode() const
    {
        const auto result = loadCalibration(m_path);
        return result ? ErrorCode::Internal : result.error().code;
    }

    test::SmallVit m_vit = test::smallVit();
    std::filesystem::path m_path;
    Calibration m_calibration;
};

TEST_F(CalibrationFile, RoundTrips)
{
    ASSERT_TRUE(saveCalibration(m_calibration, m_path));
    const auto loaded = loadCalibration(m_path);
    ASSERT_TRUE(loaded) << loaded.error().text();
    const Calibration& copy = **loaded;
    EXPECT_EQ(copy.modelHash, m_calibration.modelHash);
    EXPECT_EQ(copy.preprocess, m_calibration.preprocess);
    EXPECT_EQ(copy.imagesHash, m_calibration.imagesHash);
    EXPECT_EQ(copy.images, m_calibration.images);
    EXPECT_EQ(copy.seed, m_calibration.seed);
    EXPECT_EQ(copy.peakBytes, m_calibration.peakBytes);
    EXPECT_TRUE(std::ranges::equal(copy.logits.floats(), m_calibration.logits.floats()));
    ASSERT_EQ(copy.sites.size(), m_calibration.sites.size());
    for (std::size_t i = 0; i < copy.sites.size(); ++i) {
        const SiteStatistics& a = copy.sites[i];
        const SiteStatistics& b = m_calibration.sites[i];
        EXPECT_EQ(a.site, b.site);
        EXPECT_EQ(a.values, b.values);
        EXPECT_EQ(a.minimum, b.minimum);
        EXPECT_EQ(a.maximum, b.maximum);
        EXPECT_EQ(a.mean, b.mean);
        EXPECT_EQ(a.variance, b.variance);
        EXPECT_EQ(a.sampleImage, b.sampleImage);
        EXPECT_EQ(a.histogram.low(), b.histogram.low());
        EXPECT_TRUE(std::ranges::equal(a.histogram.counts(), b.histogram.counts()));
        EXPECT_EQ(a.sample.empty(), b.sample.empty());
        EXPECT_TRUE(a.sample.empty() || std::ranges::equal(a.sample.floats(), b.sample.floats()));
    }
    ASSERT_EQ(copy.products.size(), m_calibration.products.size());
    ASSERT_EQ(copy.products.size(), 2U); // Q·Kᵀ and A·V
    for (std::size_t i = 0; i < copy.products.size(); ++i) {
        const ProductSample& a = copy.products[i];
        const ProductSample& b = m_calibration.products[i];
        EXPECT_EQ(a.left, b.left);
        EXPECT_EQ(a.right, b.right);
        EXPECT_EQ(a.leftValues.shape(), b.leftValues.shape());
        EXPECT_EQ(a.rightValues.shape(), b.rightValues.shape());
        EXPECT_TRUE(std::ranges::equal(a.leftValues.floats(), b.leftValues.floats()));
        EXPECT_TRUE(std::ranges::equal(a.rightValues.floats(), b.rightValues.floats()));
    }
    EXPECT_TRUE(checkCalibration(copy, "abc", m_vit.sites));
}

TEST_F(CalibrationFile, BrokenFilesAreErrorsNotCrashes)
{
    EXPECT_EQ(loadCode(), ErrorCode::NotFound);
    for (const std::string_view text : {"", "hello", "{\"format\": \"quantoscope-calibration\"}"}) {
        write(text);
        EXPECT_EQ(loadCode(), ErrorCode::Malformed) << text;
    }
    write(std::string(1 << 18, '\x81')); // arrays in arrays in arrays
    EXPECT_EQ(loadCode(), ErrorCode::Malformed);
    write(std::string("\x9b\xff\xff\xff\xff\xff\xff\xff\xff", 9)); // an array of 2^64 - 1
    EXPECT_EQ(loadCode(), ErrorCode::Malformed);

    ASSERT_TRUE(saveCalibration(m_calibration, m_path));
    const std::string whole = *readText(m_path);
    for (std::size_t size = 0; size < whole.size(); size += whole.size() / 61 + 1) {
        write(std::string_view(whole).substr(0, size));
        EXPECT_EQ(loadCode(), ErrorCode::Malformed) << size;
    }
    for (std::size_t at = 0; at < whole.size(); at += whole.size() / 211 + 1) {
        std::string flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x5a);
        write(flipped);
        (void)loadCalibration(m_path); // any answer, no crash
    }
}

TEST_F(CalibrationFile, IsCheckedAgainstTheModel)
{
    EXPECT_TRUE(checkCalibration(m_calibration, "abc", m_vit.sites));
    EXPECT_TRUE(checkCalibration(m_calibration, "", m_vit.sites));
    EXPECT_EQ(checkCalibration(m_calibration, "xyz", m_vit.sites).error().code, ErrorCode::InvalidArgument);
    Calibration other = m_calibration;
    other.sites[1].site = "elsewhere";
    EXPECT_FALSE(checkCalibration(other, "abc", m_vit.sites));
    other.sites.pop_back();
    EXPECT_FALSE(checkCalibration(other, "abc", m_vit.sites));
    other = m_calibration;
    other.sites[test::activationSites(m_vit.sites)[0].index()].minimum.push_back(0);
    EXPECT_FALSE(checkCalibration(other, "abc", m_vit.sites));
}

TEST_F(CalibrationFile, LanesAreCheckedAgainstTheModel)
{
    for (const graph::Site& site : m_vit.sites) {
        if (site.kind != graph::SiteKind::Activation)
            continue;
        const std::size_t lanes = laneCount(site);
        for (const std::size_t count : {lanes, lanes + 1, lanes - 1}) {
            if (count == 0 || count == SIZE_MAX)
                continue;
            Calibration other = m_calibration;
            other.sites[site.id.index()].lanes = LaneHistograms(count);
            const auto checked = checkCalibration(other, "abc", m_vit.sites);
            EXPECT_EQ(checked.has_value(), count == lanes) << site.name << ' ' << count;
            if (!checked) {
                EXPECT_EQ(checked.error().where, site.name);
            }
        }
    }
}

} // namespace
} // namespace qs::stats
