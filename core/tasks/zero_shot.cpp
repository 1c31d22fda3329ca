#include "core/tasks/zero_shot.h"

#include "core/stats/proportion.h"
#include "core/tasks/losses.h"

#include <string>

namespace qs::tasks {

Result<void> ZeroShot::add(std::span<const float> before, std::span<const float> now, const std::optional<int>& label)
{
    if (label && (*label < 0 || static_cast<std::size_t>(*label) >= m_texts.size()))
        return fail(ErrorCode::InvalidArgument, "is labelled " + std::to_string(*label) + ", there are " +
                                                    std::to_string(m_texts.size()) + " classes of texts");
    const std::size_t was = nearest(before), is = nearest(now);
    ++m_images;
    m_same += was == is ? 1 : 0;
    if (!label)
        return {};
    ++m_labelled;
    m_right += is == static_cast<std::size_t>(*label) ? 1 : 0;
    m_floatRight += was == static_cast<std::size_t>(*label) ? 1 : 0;
    return {};
}

void ZeroShot::addTo(Measured& measured) const
{
    const auto share = [&](const char* key, const char* title, std::size_t hits, std::size_t all) {
        measured.figures.push_back(
            {key, title, static_cast<double>(hits) / static_cast<double>(all), stats::wilson(hits, all), "%", true});
    };
    if (m_labelled > 0) {
        share("zero_shot_top1", "zero-shot top-1", m_right, m_labelled);
        share("float_zero_shot_top1", "zero-shot top-1 of float", m_floatRight, m_labelled);
    }
    if (m_images > 0)
        share("zero_shot_agreement", "same zero-shot class", m_same, m_images);
}

std::size_t ZeroShot::nearest(std::span<const float> image) const
{
    std::size_t best = 0;
    double least = 0;
    for (std::size_t c = 0; c < m_texts.size(); ++c)
        if (const double distance = cosineDistance(image, m_texts[c], image.size(), {}); c == 0 || distance < least) {
            best = c;
            least = distance;
        }
    return best;
}

} // namespace qs::tasks
