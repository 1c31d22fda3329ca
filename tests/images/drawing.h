#pragma once

#include "core/images/geometry.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace qs::test {

/// In pixels, corners.
struct Rectangle {
    double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

/// Values are grey levels in [0, 1], as they are.
inline images::Preprocess plain(int height, int width)
{
    images::Preprocess p;
    p.cropHeight = height;
    p.cropWidth = width;
    p.mean = {0, 0, 0};
    p.stddev = {1, 1, 1};
    p.interpolation = images::Interpolation::Bilinear;
    return p;
}

/// A white rectangle on black, as PPM.
inline std::string drawing(int width, int height, const Rectangle& box)
{
    std::vector<uint8_t> rgb;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            rgb.insert(rgb.end(), 3, x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1 ? 255 : 0);
    return ppm(width, height, rgb);
}

/// Every way to bring a photograph to an input, with its name; padding is black.
inline std::vector<std::pair<std::string, images::Preprocess>> everyMode()
{
    std::vector<std::pair<std::string, images::Preprocess>> modes;
    const auto add = [&](const std::string& name, const auto& change) {
        for (const auto& [height, width] : {std::pair{60, 60}, std::pair{48, 96}, std::pair{91, 37}}) {
            images::Preprocess p = plain(height, width);
            change(p, std::max(height, width));
            modes.emplace_back(name, p);
        }
    };
    using images::ResizeTo;
    add("crop only", [](auto&, int) {});
    add("shorter side", [](auto& p, int side) { p.resize = side * 10 / 9; });
    add("both, square", [](auto& p, int side) { p.resize = side, p.squash = true; });
    add("both", [](auto& p, int side) { p.resize = side, p.squash = true, p.to = ResizeTo::Input; });
    add("both, larger, crop",
        [](auto& p, int side) { p.resize = side * 8 / 7, p.squash = true, p.to = ResizeTo::Input; });
    add("longer side", [](auto& p, int side) { p.resize = side, p.to = ResizeTo::Longer; });
    add("letterbox", [](auto& p, int side) { p.resize = side, p.to = ResizeTo::Input; });
    add("letterbox, bicubic", [](auto& p, int side) {
        p.resize = side, p.to = ResizeTo::Input, p.interpolation = images::Interpolation::Bicubic;
    });
    add("letterbox at the corner", [](auto& p, int side) {
        p.resize = side, p.to = ResizeTo::Input, p.padding.place = images::Padding::Place::TopLeft;
    });
    add("letterbox in multiples",
        [](auto& p, int side) { p.resize = side, p.to = ResizeTo::Input, p.multiple = 14; });
    add("shorter side in multiples", [](auto& p, int side) { p.resize = side, p.multiple = 7; });
    return modes;
}

/// Whether the red plane of `values` shows the white rectangle `box` of the photograph where the geometry says: the
/// edges of what is brighter than a half within a pixel, and its middle within a twentieth where nothing is cut off
/// and no edge meets the image's (there the filter sees one side only).
inline void expectDrawn(const std::vector<float>& values, const images::Preprocess& p, const images::Geometry& g,
                        const Rectangle& box, const std::string& what)
{
    const images::Point from = g.toInput({box.x0, box.y0});
    const images::Point to = g.toInput({box.x1, box.y1});
    const double right = g.placed.x + g.placed.width;
    const double bottom = g.placed.y + g.placed.height;
    const bool whole = from.x > g.placed.x + 3 && from.y > g.placed.y + 3 && to.x < right - 3 && to.y < bottom - 3;
    const Rectangle expected{
        std::clamp<double>(from.x, g.placed.x, right), std::clamp<double>(from.y, g.placed.y, bottom),
        std::clamp<double>(to.x, g.placed.x, right), std::clamp<double>(to.y, g.placed.y, bottom)};
    if (expected.x1 - expected.x0 < 3 || expected.y1 - expected.y0 < 3)
        return; // hardly anything of it to be seen
    Rectangle seen{1e9, 1e9, -1, -1};
    double sum = 0;
    double sumX = 0;
    double sumY = 0;
    for (int y = 0; y < p.cropHeight; ++y)
        for (int x = 0; x < p.cropWidth; ++x) {
            const double v = values[static_cast<std::size_t>(y * p.cropWidth + x)];
            sum += v;
            sumX += v * (x + 0.5);
            sumY += v * (y + 0.5);
            if (v > 0.5)
                seen = {std::min<double>(seen.x0, x), std::min<double>(seen.y0, y), std::max<double>(seen.x1, x + 1),
                        std::max<double>(seen.y1, y + 1)};
        }
    EXPECT_NEAR(seen.x0, expected.x0, 1) << what;
    EXPECT_NEAR(seen.y0, expected.y0, 1) << what;
    EXPECT_NEAR(seen.x1, expected.x1, 1) << what;
    EXPECT_NEAR(seen.y1, expected.y1, 1) << what;
    if (whole) {
        EXPECT_NEAR(sumX / sum, (from.x + to.x) / 2, 0.05) << what;
        EXPECT_NEAR(sumY / sum, (from.y + to.y) / 2, 0.05) << what;
        EXPECT_NEAR(sum / ((to.x - from.x) * (to.y - from.y)), 1, 0.03) << what;
    }
}

} // namespace qs::test
