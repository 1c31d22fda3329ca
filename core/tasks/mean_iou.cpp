#include "core/tasks/mean_iou.h"

#include <limits>

namespace qs::tasks {

void MeanIou::add(std::span<const uint16_t> truth, std::span<const uint16_t> found)
{
    std::vector<uint32_t> both(m_classes), wanted(m_classes), seen(m_classes);
    Image image;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        if (truth[i] >= m_classes)
            continue;
        ++image.pixels;
        ++wanted[truth[i]];
        ++seen[found[i]];
        if (truth[i] == found[i]) {
            ++both[truth[i]];
            ++image.right;
        }
    }
    for (std::size_t c = 0; c < m_classes; ++c)
        if (const uint32_t either = wanted[c] + seen[c] - both[c]; either > 0)
            image.counts.push_back({static_cast<uint16_t>(c), both[c], either});
    m_images.push_back(std::move(image));
}

double MeanIou::iou(std::span<const int> times) const
{
    std::vector<double> both(m_classes), either(m_classes);
    for (std::size_t i = 0; i < m_images.size(); ++i) {
        const double count = times.empty() ? 1 : times[i];
        for (const Counts& one : m_images[i].counts) {
            both[one.category] += count * one.both;
            either[one.category] += count * one.either;
        }
    }
    double sum = 0;
    int present = 0;
    for (std::size_t c = 0; c < m_classes; ++c)
        if (either[c] > 0) {
            sum += both[c] / either[c];
            ++present;
        }
    return present > 0 ? sum / present : std::numeric_limits<double>::quiet_NaN();
}

double MeanIou::pixelAccuracy(std::span<const int> times) const
{
    double right = 0, pixels = 0;
    for (std::size_t i = 0; i < m_images.size(); ++i) {
        const double count = times.empty() ? 1 : times[i];
        right += count * m_images[i].right;
        pixels += count * m_images[i].pixels;
    }
    return pixels > 0 ? right / pixels : std::numeric_limits<double>::quiet_NaN();
}

} // namespace qs::tasks
