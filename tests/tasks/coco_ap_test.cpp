#include "core/tasks/coco_ap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace qs::tasks {
namespace {

constexpr double kExact = 1e-12; ///< the last bits of precisions: hits / (found + 2^-52)

Detection found(float x0, float y0, float x1, float y1, float score, int category = 0)
{
    return {x0, y0, x1, y1, category, score};
}

TrueBox truth(float x0, float y0, float x1, float y1, int category = 0, bool crowd = false)
{
    return {x0, y0, x1, y1, category, static_cast<double>(x1 - x0) * (y1 - y0), crowd};
}

CocoAp::Figures figuresOf(std::vector<Detection> detections, std::vector<TrueBox> boxes, double pixelScale = 1)
{
    CocoAp precision;
    precision.add(detections, boxes, pixelScale);
    return precision.figures();
}

TEST(CocoAp, PerfectDetectionsHaveOne)
{
    const auto figures = figuresOf({found(0, 0, 50, 50, 0.1F), found(60, 0, 70, 10, 0.9F, 3)},
                                   {truth(0, 0, 50, 50), truth(60, 0, 70, 10, 3)});
    EXPECT_NEAR(figures.ap, 1, kExact);
    EXPECT_NEAR(figures.ap50, 1, kExact);
    EXPECT_NEAR(figures.ap75, 1, kExact);
    EXPECT_NEAR(figures.small, 1, kExact);
    EXPECT_NEAR(figures.medium, 1, kExact);
    EXPECT_TRUE(std::isnan(figures.large));
}

TEST(CocoAp, NothingTrueIsNoFigure)
{
    CocoAp none;
    EXPECT_TRUE(std::isnan(none.figures().ap));
    EXPECT_TRUE(std::isnan(none.ap({})));
    EXPECT_TRUE(std::isnan(figuresOf({found(0, 0, 9, 9, 1)}, {}).ap));
    EXPECT_TRUE(std::isnan(figuresOf({found(0, 0, 9, 9, 1)}, {truth(0, 0, 9, 9, 0, true)}).ap));
}

TEST(CocoAp, NothingFoundIsZero)
{
    EXPECT_EQ(figuresOf({}, {truth(0, 0, 9, 9)}).ap, 0);
    EXPECT_EQ(figuresOf({found(0, 0, 9, 9, 1, 1)}, {truth(0, 0, 9, 9, 0)}).ap, 0) << "of another class";
}

TEST(CocoAp, PrecisionIsInterpolatedAt101Recalls)
{
    // Right, wrong, right of two: precision 1 at recalls 0 … 0.50, 2/3 at 0.51 … 1.
    const auto figures =
        figuresOf({found(0, 0, 10, 10, 0.9F), found(50, 0, 60, 10, 0.8F), found(20, 0, 30, 10, 0.7F)},
                  {truth(0, 0, 10, 10), truth(20, 0, 30, 10)});
    EXPECT_NEAR(figures.ap, (51 + 50 * 2.0 / 3) / 101, kExact);
}

TEST(CocoAp, ThresholdsAreInclusive)
{
    EXPECT_NEAR(figuresOf({found(0, 0, 10, 6, 1)}, {truth(0, 0, 10, 10)}).ap, 0.3, kExact) << "IoU 0.6: three of ten";
    const auto figures = figuresOf({found(0, 0, 8, 6, 1)}, {truth(0, 0, 8, 8)});
    EXPECT_NEAR(figures.ap75, 1, kExact) << "IoU 0.75";
    EXPECT_NEAR(figures.ap, 0.6, kExact);
    EXPECT_NEAR(figuresOf({found(0, 0, 8, 4, 1)}, {truth(0, 0, 8, 8)}).ap, 0.1, kExact) << "IoU 0.5";
}

TEST(CocoAp, WhatFindsACrowdIsNeitherRightNorWrong)
{
    const std::vector<Detection> detections{found(100, 0, 110, 10, 0.9F), found(110, 0, 120, 10, 0.8F),
                                            found(0, 0, 10, 10, 0.1F)};
    EXPECT_NEAR(figuresOf(detections, {truth(100, 0, 200, 100, 0, true), truth(0, 0, 10, 10)}).ap, 1, kExact);
    EXPECT_NEAR(figuresOf(detections, {truth(0, 0, 10, 10)}).ap, 1.0 / 3, kExact);
    // Half inside: matched up to a threshold of 0.5 only, though the union is far larger.
    EXPECT_NEAR(figuresOf({found(95, 0, 105, 10, 0.9F), found(0, 0, 10, 10, 0.1F)},
                          {truth(100, 0, 200, 100, 0, true), truth(0, 0, 10, 10)})
                    .ap,
                (1 + 9 * 0.5) / 10, kExact);
}

TEST(CocoAp, AnObjectIsPreferredToACrowd)
{
    // The crowd covers the detection better than the object does.
    EXPECT_NEAR(figuresOf({found(0, 0, 10, 6, 0.9F)}, {truth(0, 0, 10, 6, 0, true), truth(0, 0, 10, 10)}).ap50, 1,
                kExact);
}

TEST(CocoAp, BoundsOfAreasBelongToBoth)
{
    const auto figures = figuresOf({found(0, 0, 32, 32, 1)}, {truth(0, 0, 32, 32)});
    EXPECT_NEAR(figures.small, 1, kExact);
    EXPECT_NEAR(figures.medium, 1, kExact);
    EXPECT_TRUE(std::isnan(figures.large));
    const auto larger = figuresOf({found(0, 0, 96, 96, 1)}, {truth(0, 0, 96, 96)});
    EXPECT_TRUE(std::isnan(larger.small));
    EXPECT_NEAR(larger.medium, 1, kExact);
    EXPECT_NEAR(larger.large, 1, kExact);
}

TEST(CocoAp, AreasAreThoseOfThePhotograph)
{
    // A wrong detection of 20 × 20 pixels is small where the photograph is as large as the input, not where it is
    // twice as large.
    const std::vector<Detection> detections{found(50, 50, 70, 70, 0.9F), found(0, 0, 10, 10, 0.5F)};
    const TrueBox box{0, 0, 10, 10, 0, 400, false};
    EXPECT_NEAR(figuresOf(detections, {box}, 1).small, 0.5, kExact);
    EXPECT_NEAR(figuresOf(detections, {box}, 2).small, 1, kExact);
}

TEST(CocoAp, OfEqualScoresTheEarlierIsFirst)
{
    const Detection right = found(0, 0, 10, 10, 0.5F), wrong = found(50, 0, 60, 10, 0.5F);
    EXPECT_NEAR(figuresOf({right, wrong}, {truth(0, 0, 10, 10)}).ap, 1, kExact);
    EXPECT_NEAR(figuresOf({wrong, right}, {truth(0, 0, 10, 10)}).ap, 0.5, kExact);
    for (const bool wrongFirst : {false, true}) {
        CocoAp precision;
        if (wrongFirst)
            precision.add({{wrong}}, {});
        precision.add({{right}}, {{truth(0, 0, 10, 10)}});
        if (!wrongFirst)
            precision.add({{wrong}}, {});
        EXPECT_NEAR(precision.figures().ap, wrongFirst ? 0.5 : 1, kExact);
    }
}

TEST(CocoAp, ASecondDetectionOfAnObjectIsWrong)
{
    const TrueBox near = truth(0, 0, 10, 10), far = truth(50, 0, 60, 10);
    const Detection first = found(0, 0, 10, 10, 0.9F), again = found(0, 0, 10, 10, 0.8F),
                    second = found(50, 0, 60, 10, 0.7F);
    EXPECT_NEAR(figuresOf({first, again, second}, {near, far}).ap, (51 + 50 * 2.0 / 3) / 101, kExact);
    EXPECT_NEAR(figuresOf({first, again, second}, {near, near, far}).ap, 1, kExact) << "two objects at one place";
}

TEST(CocoAp, AHundredDetectionsOfAClassCount)
{
    for (const int wrong : {99, 100}) {
        std::vector<Detection> detections(static_cast<std::size_t>(wrong), found(50, 0, 60, 10, 0.9F));
        detections.push_back(found(0, 0, 10, 10, 0.5F));
        detections.push_back(found(0, 0, 10, 10, 0.5F, 1));
        const auto figures = figuresOf(detections, {truth(0, 0, 10, 10), truth(0, 0, 10, 10, 1)});
        EXPECT_NEAR(figures.ap, ((wrong < 100 ? 0.01 : 0) + 1) / 2, kExact) << wrong;
    }
}

TEST(CocoAp, WhatIsNotFiniteIsLeftOut)
{
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    const auto figures = figuresOf({found(0, 0, 10, 10, nan), found(nan, 0, 10, 10, 0.9F),
                                    found(0, 0, inf, inf, 0.9F), found(0, 0, 10, 10, 0.1F)},
                                   {truth(0, 0, 10, 10)});
    EXPECT_NEAR(figures.ap, 1, kExact);
}

TEST(CocoAp, BoxesWithoutAreaAreWrong)
{
    EXPECT_NEAR(figuresOf({found(5, 5, 5, 9, 0.9F), found(9, 9, 1, 1, 0.8F), found(0, 0, 10, 10, 0.7F)},
                          {truth(0, 0, 10, 10)})
                    .ap,
                1.0 / 3, kExact);
}

struct Image {
    std::vector<Detection> found;
    std::vector<TrueBox> truth;
};

std::vector<Image> randomImages(std::mt19937& random, std::size_t count)
{
    std::uniform_real_distribution<float> place(0, 200), size(5, 120), unit(0, 1);
    std::vector<Image> images(count);
    for (Image& image : images)
        for (int i = 0; i < 5; ++i) {
            const float x = place(random), y = place(random), w = size(random), h = size(random);
            const int category = unit(random) < 0.5F ? 0 : 1;
            if (unit(random) < 0.8F)
                image.truth.push_back(truth(x, y, x + w, y + h, category, unit(random) < 0.1F));
            const float shift = 0.3F * w * unit(random);
            if (unit(random) < 0.8F)
                image.found.push_back(found(x + shift, y, x + w + shift, y + h, unit(random), category));
        }
    return images;
}

TEST(CocoAp, ImagesThatCountSeveralTimesAreAsTheirCopies)
{
    std::mt19937 random(3);
    for (int round = 0; round < 20; ++round) {
        const auto images = randomImages(random, 8);
        std::vector<int> times;
        CocoAp once, copies;
        for (const Image& image : images) {
            times.push_back(static_cast<int>(random() % 4));
            once.add(image.found, image.truth);
            for (int i = 0; i < times.back(); ++i)
                copies.add(image.found, image.truth);
        }
        const auto figures = copies.figures();
        const double ap = once.ap(times);
        if (std::isnan(figures.ap)) {
            EXPECT_TRUE(std::isnan(ap));
            continue;
        }
        EXPECT_NEAR(ap, figures.ap, kExact);
        EXPECT_NEAR(once.ap50(times), figures.ap50, kExact);
        EXPECT_EQ(once.ap({}), once.figures().ap);
        EXPECT_EQ(once.ap(std::vector<int>(images.size(), 1)), once.figures().ap);
    }
}

TEST(CocoAp, OrderOfDifferentScoresDoesNotMatter)
{
    std::mt19937 random(5);
    for (int round = 0; round < 20; ++round) {
        auto images = randomImages(random, 6);
        CocoAp one, other;
        for (const Image& image : images)
            one.add(image.found, image.truth);
        std::ranges::shuffle(images, random);
        for (Image& image : images) {
            std::ranges::shuffle(image.found, random);
            other.add(image.found, image.truth);
        }
        EXPECT_NEAR(one.figures().ap, other.figures().ap, kExact);
        EXPECT_NEAR(one.figures().small, other.figures().small, kExact);
    }
}

TEST(CocoAp, ImagesCanFollowAfterFigures)
{
    std::mt19937 random(7);
    CocoAp asked, plain;
    for (const Image& image : randomImages(random, 10)) {
        asked.add(image.found, image.truth);
        (void)asked.figures();
        plain.add(image.found, image.truth);
    }
    EXPECT_EQ(asked.figures().ap, plain.figures().ap);
    EXPECT_EQ(asked.images(), 10U);
}

} // namespace
} // namespace qs::tasks
