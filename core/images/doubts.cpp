#include "core/images/doubts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace qs::images {

namespace {

constexpr float kLargestMean = 1.0F;
constexpr float kSmallestMean = -5.0F;
constexpr float kLargestStddev = 2.0F;
constexpr float kBytes = 255.0F;
constexpr float kClearlyOther = 0.5F;

bool isByteMean(float mean)
{
    return mean > kLargestMean || mean < kSmallestMean;
}

/// "0.485,0.456,0.406", as an option takes it.
std::string listed(const std::array<float, 3>& values)
{
    std::array<char, 96> text{};
    std::snprintf(text.data(), text.size(), "%.4g,%.4g,%.4g", static_cast<double>(values[0]),
                  static_cast<double>(values[1]), static_cast<double>(values[2]));
    return text.data();
}

/// Largest distance between what black or white of a channel become, in the network's units.
float distance(const Preprocess& a, const Preprocess& b)
{
    float largest = 0;
    for (std::size_t c = 0; c < a.mean.size(); ++c)
        for (const float pixel : {0.0F, 1.0F})
            largest =
                std::max(largest, std::abs((pixel - a.mean[c]) / a.stddev[c] - (pixel - b.mean[c]) / b.stddev[c]));
    return largest;
}

} // namespace

std::string normalisationOptions(const Preprocess& preprocess)
{
    return "--mean " + listed(preprocess.mean) + " --std " + listed(preprocess.stddev);
}

std::vector<Alternative> alternativesTo(const Preprocess& preprocess)
{
    std::vector<Alternative> others;
    for (const char* name : {"imagenet", "inception", "unit", "bytes"}) {
        const auto preset = preprocessPreset(name, preprocess.cropHeight, preprocess.cropWidth);
        if (!preset || distance(preprocess, *preset) < kClearlyOther)
            continue;
        Alternative other{name, preprocess};
        other.preprocess.mean = preset->mean;
        other.preprocess.stddev = preset->stddev;
        others.push_back(std::move(other));
    }
    return others;
}

Preprocess scaledToUnit(Preprocess preprocess)
{
    const bool byteMean = std::ranges::any_of(preprocess.mean, isByteMean);
    const bool byteStddev = std::ranges::any_of(preprocess.stddev, [&](float s) {
        return s > kLargestStddev || (byteMean && s == 1.0F); // pixels less the mean, not divided
    });
    for (float& mean : preprocess.mean)
        mean = byteMean ? mean / kBytes : mean;
    for (float& stddev : preprocess.stddev)
        stddev = byteStddev ? stddev / kBytes : stddev;
    return preprocess;
}

std::vector<Doubt> preprocessDoubts(const Preprocess& preprocess)
{
    const bool byteMean = std::ranges::any_of(preprocess.mean, isByteMean);
    const float stddev = std::ranges::max(preprocess.stddev);
    if (!byteMean && stddev <= kLargestStddev)
        return {};
    const Preprocess scaled = scaledToUnit(preprocess);
    const auto extreme = *std::ranges::max_element(preprocess.mean, {}, [](float m) { return std::abs(m); });
    return {{DoubtKind::PixelScale,
             "the mean " + listed(preprocess.mean) + " and deviation " + listed(preprocess.stddev) +
                 " look like those of pixels from 0 to 255; here they are of pixels from 0 to 1",
             normalisationOptions(scaled),
             {{"mean", static_cast<double>(extreme)}, {"std", static_cast<double>(stddev)}}}};
}

} // namespace qs::images
