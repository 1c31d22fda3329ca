#include "core/base/thread_pool.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "core/stats/calibration_file.h"
#include "tests/support/attention_block.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

namespace qs::stats {
namespace {

class Calibrate : public ::testing::Test {
protected:
    Result<std::shared_ptr<const Calibration>> run(const Context& context,
                                                   const CalibrationOptions& options = {}) const
    {
        return calibrate(m_vit, m_images, options, context);
    }

    test::SmallVit m_vit = test::smallVit();
    test::NoiseImages m_images{100};
};

TEST_F(Calibrate, DoesNotDependOnThreads)
{
    const auto expected = run({});
    ASSERT_TRUE(expected) << expected.error().text();
    for (const int threads : {2, 3}) {
        ThreadPool pool(threads);
        Context context;
        context.pool = &pool;
        const auto result = run(context);
        ASSERT_TRUE(result);
        EXPECT_TRUE(std::ranges::equal((*result)->logits.floats(), (*expected)->logits.floats()));
        EXPECT_EQ((*result)->imagesHash, (*expected)->imagesHash);
        for (std::size_t i = 0; i < m_vit.sites.size(); ++i) {
            const SiteStatistics& a = (*result)->sites[i];
            const SiteStatistics& b = (*expected)->sites[i];
            EXPECT_EQ(a.values, b.values);
            EXPECT_EQ(a.minimum, b.minimum);
            EXPECT_EQ(a.maximum, b.maximum);
            EXPECT_EQ(a.mean, b.mean);
            EXPECT_EQ(a.variance, b.variance);
            EXPECT_TRUE(std::ranges::equal(a.histogram.counts(), b.histogram.counts()));
            EXPECT_EQ(a.sampleImage, b.sampleImage);
            EXPECT_TRUE(a.sample.empty() || std::ranges::equal(a.sample.floats(), b.sample.floats()));
        }
    }
}

TEST_F(Calibrate, SeesWhatFlowsThroughTheNetwork)
{
    CalibrationOptions options;
    options.firstImage = 3;
    options.images = 40;
    options.modelHash = "hash";
    const auto result = run({}, options);
    ASSERT_TRUE(result);
    EXPECT_EQ((*result)->images, 40U);
    EXPECT_EQ((*result)->modelHash, "hash");
    EXPECT_EQ((*result)->logits.shape(), (Shape{40, 5}));
    // The image itself is the input of the patch embedding.
    const SiteStatistics& image = (*result)->sites[m_vit.at("p0", 0).index()];
    Histogram expected;
    std::vector<float> pixels(3 * 64);
    for (std::size_t i = 3; i < 43; ++i) {
        ASSERT_TRUE(m_images.load(i, pixels));
        expected.add(pixels);
    }
    EXPECT_TRUE(std::ranges::equal(image.histogram.counts(), expected.counts()));
    EXPECT_EQ(image.minimum.size(), 3U);
    // Attention: rows of the softmax add up to one.
    const SiteStatistics& softmax = (*result)->sites[m_vit.at("av", 0).index()];
    EXPECT_NEAR(softmax.meanAll(), 0.25, 1e-5);
    EXPECT_GE(softmax.low(), 0);
    EXPECT_LE(softmax.high(), 1);
    EXPECT_TRUE(checkCalibration(**result, "hash", m_vit.sites));
}

TEST_F(Calibrate, MemoryDoesNotGrowWithImages)
{
    CalibrationOptions few;
    few.images = 50;
    const auto small = run({}, few);
    const auto large = run({});
    ASSERT_TRUE(small && large);
    EXPECT_LE((*large)->peakBytes, (*small)->peakBytes + (*small)->peakBytes / 50);
}

TEST_F(Calibrate, ReportsProgressUpToTheEnd)
{
    Context context;
    std::size_t last = 0;
    bool monotone = true;
    context.report = [&](const Progress& progress) {
        monotone = monotone && progress.done >= last && progress.total == 100;
        last = progress.done;
    };
    ASSERT_TRUE(run(context));
    EXPECT_TRUE(monotone);
    EXPECT_EQ(last, 100U);
}

TEST_F(Calibrate, CanBeCancelledAtAnyTime)
{
    for (const std::size_t when : {0, 10, 70}) {
        std::stop_source stop;
        Context context;
        context.stop = stop.get_token();
        m_images.onLoad = [&](std::size_t index) {
            if (index == when)
                stop.request_stop();
        };
        const auto result = run(context);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::Cancelled);
    }
}

TEST_F(Calibrate, NamesTheSiteAndTheImageThatIsNotFinite)
{
    m_images.notANumber = 41;
    for (const int threads : {1, 2}) {
        ThreadPool pool(threads);
        Context context;
        context.pool = &pool;
        const auto result = run(context);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::NotFinite);
        EXPECT_EQ(result.error().where, m_vit.sites[m_vit.at("p0", 0)].name);
        EXPECT_NE(result.error().message.find("noise-41"), std::string::npos) << result.error().message;
    }
}

TEST(CalibrateLanes, AreHeadsTimesDimensionsOfTheValuesOfOneDimensionToo)
{
    for (const int dimensions : {8, 1}) {
        std::string text = test::kAttentionBlock;
        if (dimensions == 1)
            for (const auto& [from, to] : {std::pair{"3x2x8", "3x16x1"},
                                           {"[1 5 3 2 8]", "[1 5 3 16 1]"},
                                           {"x2x5x8", "x16x5x1"},
                                           {"[1 2 5 8]", "[1 16 5 1]"},
                                           {"1x2x8x5", "1x16x1x5"},
                                           {"1x2x5x5", "1x16x5x5"},
                                           {"1x5x2x8", "1x5x16x1"}})
                for (std::size_t at = 0; (at = text.find(from)) != std::string::npos;)
                    text.replace(at, std::strlen(from), to);
        const test::SmallVit vit = test::smallVit(text);
        const auto calibration = calibrate(vit, test::NoiseImages(8), {}, {});
        ASSERT_TRUE(calibration) << calibration.error().text();
        const auto value = std::ranges::find(vit.sites, graph::Role::ValueOperand, &graph::Site::role);
        ASSERT_NE(value, vit.sites.end());
        const SiteStatistics& statistics = (*calibration)->sites[value->id.index()];
        EXPECT_EQ(statistics.minimum.size(), 5u); // channels are tokens
        EXPECT_EQ(statistics.lanes.lanes(), 16u);
    }
}

TEST_F(Calibrate, PassesErrorsOfImagesOn)
{
    m_images.broken = 7;
    const auto result = run({});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Io);
    EXPECT_EQ(result.error().where, "noise-7");
    CalibrationOptions none;
    none.firstImage = 100;
    EXPECT_EQ(run({}, none).error().code, ErrorCode::InvalidArgument);
}

} // namespace
} // namespace qs::stats
