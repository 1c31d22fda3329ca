// Based on: pycocotools 2.0 (cocoeval.py: evaluateImg, accumulate, summarize), with its constants to
// the last bit. Deviations: precision is looked at where a true box was found only, as it falls between; its largest
// value to the right is the same. Images can count several times.
#include "core/tasks/coco_ap.h"

#include "core/tasks/coco_match.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace qs::tasks {

namespace {

constexpr int kRecalls = 101;

struct Bounds {
    double low, high; ///< both belong to it, pixels²
};
constexpr std::array<Bounds, 4> kBounds{
    {{0, 1e5 * 1e5}, {0, 32.0 * 32}, {32.0 * 32, 96.0 * 96}, {96.0 * 96, 1e5 * 1e5}}};

bool outside(double area, const Bounds& bounds)
{
    return area < bounds.low || area > bounds.high;
}

/// numpy.linspace(0.5, 0.95, 10) and (0, 1, 101), rounded as it rounds.
double threshold(int t)
{
    constexpr double kStep = (0.95 - 0.5) / (CocoAp::kThresholds - 1);
    return t == CocoAp::kThresholds - 1 ? 0.95 : t * kStep + 0.5;
}

double recall(int i)
{
    return i == kRecalls - 1 ? 1.0 : i * (1.0 / (kRecalls - 1));
}

bool finite(const Detection& found)
{
    return std::isfinite(found.score) && std::isfinite(found.x0) && std::isfinite(found.y0) &&
           std::isfinite(found.x1) && std::isfinite(found.y1);
}

/// Mean over the recalls of the best precision from there on. points: true boxes found, and all found until then.
double interpolated(std::span<const std::pair<int64_t, int64_t>> points, int64_t truths)
{
    constexpr double kSpacing = std::numeric_limits<double>::epsilon(); // numpy.spacing(1)
    std::vector<double> best(points.size());
    double most = 0;
    for (std::size_t i = points.size(); i-- > 0;) {
        const auto hits = static_cast<double>(points[i].first);
        most = std::max(most, hits / (static_cast<double>(points[i].second) + kSpacing));
        best[i] = most;
    }
    double sum = 0;
    std::size_t at = 0;
    for (int i = 0; i < kRecalls; ++i) {
        while (at < points.size() && static_cast<double>(points[at].first) / static_cast<double>(truths) < recall(i))
            ++at;
        if (at == points.size())
            break;
        sum += best[at];
    }
    return sum / kRecalls;
}

double meanOf(const std::array<double, CocoAp::kThresholds>& values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / CocoAp::kThresholds;
}

} // namespace

void CocoAp::add(std::span<const Detection> found, std::span<const TrueBox> truth, double pixelScale)
{
    std::map<int, Match> classes;
    for (const Detection& one : found)
        if (finite(one))
            classes[one.category].found.push_back(&one);
    for (const TrueBox& one : truth)
        classes[one.category].truth.push_back(&one);
    for (auto& [category, match] : classes)
        add(match, m_categories[category], pixelScale);
    ++m_images;
    m_sorted = false;
}

void CocoAp::add(Match& match, Category& category, double pixelScale) const
{
    auto& [found, truth] = match;
    std::ranges::stable_sort(found, std::ranges::greater(), &Detection::score);
    found.resize(std::min(found.size(), kMost));

    const auto image = static_cast<uint32_t>(m_images);
    std::vector<Entry> entries;
    entries.reserve(found.size());
    for (const Detection* one : found)
        entries.push_back({one->score, image, {}, {}});
    BoxSides sides(found, truth);
    std::array<uint32_t, kAreas> counts{};
    for (std::size_t area = 0; area < kAreas; ++area) {
        for (std::size_t g = 0; g < truth.size(); ++g)
            sides.ignored[g] = truth[g]->crowd || outside(truth[g]->area, kBounds[area]);
        counts[area] = static_cast<uint32_t>(std::ranges::count(sides.ignored, false));
        for (int t = 0; t < kThresholds; ++t) {
            const std::vector<int> matched = matchBoxes(sides, threshold(t));
            const auto bit = static_cast<uint16_t>(1U << t);
            for (std::size_t d = 0; d < found.size(); ++d) {
                const bool hit = matched[d] >= 0;
                const bool ignored = hit ? sides.ignored[static_cast<std::size_t>(matched[d])]
                                         : outside(boxArea(*found[d]) * pixelScale * pixelScale, kBounds[area]);
                entries[d].matched[area] |= hit ? bit : uint16_t{0};
                entries[d].ignored[area] |= ignored ? bit : uint16_t{0};
            }
        }
    }
    category.entries.insert(category.entries.end(), entries.begin(), entries.end());
    if (!truth.empty())
        category.truths.emplace_back(image, counts);
}

void CocoAp::sort()
{
    if (m_sorted)
        return;
    for (auto& [id, category] : m_categories)
        std::ranges::stable_sort(category.entries, std::ranges::greater(), &Entry::score);
    m_sorted = true;
}

std::optional<CocoAp::ByThreshold> CocoAp::averages(const Category& category, Area area, std::span<const int> times)
{
    const auto timesOf = [&](uint32_t image) { return times.empty() ? 1 : times[image]; };
    int64_t truths = 0;
    for (const auto& [image, counts] : category.truths)
        truths += static_cast<int64_t>(timesOf(image)) * counts[area];
    if (truths == 0)
        return std::nullopt;

    int64_t seen = 0;
    std::array<int64_t, kThresholds> hits{}, ignored{};
    std::array<std::vector<std::pair<int64_t, int64_t>>, kThresholds> points;
    for (const Entry& entry : category.entries) {
        const int count = timesOf(entry.image);
        if (count == 0)
            continue;
        seen += count;
        const unsigned aside = entry.ignored[area], right = entry.matched[area] & ~aside;
        if ((aside | right) == 0)
            continue;
        for (std::size_t t = 0; t < kThresholds; ++t) {
            if ((aside >> t & 1U) != 0)
                ignored[t] += count;
            if ((right >> t & 1U) != 0) {
                hits[t] += count;
                points[t].emplace_back(hits[t], seen - ignored[t]);
            }
        }
    }
    ByThreshold result{};
    for (std::size_t t = 0; t < kThresholds; ++t)
        result[t] = interpolated(points[t], truths);
    return result;
}

CocoAp::ByThreshold CocoAp::means(Area area, std::span<const int> times) const
{
    ByThreshold sums{};
    int classes = 0;
    for (const auto& [id, category] : m_categories)
        if (const auto one = averages(category, area, times)) {
            ++classes;
            std::ranges::transform(sums, *one, sums.begin(), std::plus());
        }
    for (double& sum : sums) // 0 / 0: NaN
        sum /= classes;
    return sums;
}

CocoAp::Figures CocoAp::figures()
{
    sort();
    const ByThreshold all = means(All, {});
    return {
        meanOf(all), all[0], all[5], meanOf(means(Small, {})), meanOf(means(Medium, {})), meanOf(means(Large, {}))};
}

double CocoAp::ap(std::span<const int> times)
{
    sort();
    return meanOf(means(All, times));
}

double CocoAp::ap50(std::span<const int> times)
{
    sort();
    return means(All, times)[0];
}

} // namespace qs::tasks
