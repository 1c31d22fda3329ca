#include "core/tasks/reading_difference.h"

#include "core/tasks/coco_match.h"
#include "core/tasks/ctc.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

namespace qs::tasks {

namespace {

constexpr double kSamePlace = 0.5; ///< IoU, as the figures of detection have it

std::string utf8(int point)
{
    const auto p = static_cast<uint32_t>(point);
    const auto tail = [&](int shift) { return static_cast<char>(0x80U | ((p >> shift) & 0x3FU)); };
    if (p < 0x80)
        return {static_cast<char>(p)};
    if (p < 0x800)
        return {static_cast<char>(0xC0U | (p >> 6U)), tail(0)};
    if (p < 0x10000)
        return {static_cast<char>(0xE0U | (p >> 12U)), tail(6), tail(0)};
    return {static_cast<char>(0xF0U | (p >> 18U)), tail(12), tail(6), tail(0)};
}

} // namespace

std::vector<uint8_t> differing(const ClassMap& before, const ClassMap& now)
{
    std::vector<uint8_t> other(now.classes.size(), 1);
    if (before.height != now.height || before.width != now.width)
        return other;
    for (std::size_t i = 0; i < other.size(); ++i)
        other[i] = before.classes[i] != now.classes[i] && before.classes[i] != ClassMap::kNone &&
                   now.classes[i] != ClassMap::kNone;
    return other;
}

std::vector<float> differenceOf(const ValueMap& before, const ValueMap& now)
{
    if (before.height != now.height || before.width != now.width)
        return {};
    std::vector<float> difference(now.values.size());
    for (std::size_t i = 0; i < difference.size(); ++i)
        difference[i] = now.values[i] - before.values[i];
    return difference;
}

BoxPairs pairBoxes(const FoundBoxes& before, const FoundBoxes& now)
{
    struct Category {
        std::vector<std::size_t> found, wanted;
    };
    std::vector<TrueBox> wanted;
    std::map<int, Category> classes;
    for (const Detection& one : before.boxes) {
        classes[one.category].wanted.push_back(wanted.size());
        wanted.push_back({one.x0, one.y0, one.x1, one.y1, one.category, boxArea(one), false});
    }
    for (std::size_t i = 0; i < now.boxes.size(); ++i)
        classes[now.boxes[i].category].found.push_back(i);
    BoxPairs pairs{std::vector<bool>(before.boxes.size(), false), std::vector<bool>(now.boxes.size(), false)};
    for (const auto& [id, category] : classes) {
        std::vector<const Detection*> found;
        std::vector<const TrueBox*> boxes;
        for (const std::size_t i : category.found)
            found.push_back(&now.boxes[i]);
        for (const std::size_t i : category.wanted)
            boxes.push_back(&wanted[i]);
        const std::vector<int> matches = matchBoxes({found, boxes}, kSamePlace);
        for (std::size_t i = 0; i < matches.size(); ++i)
            if (matches[i] >= 0) {
                pairs.old[category.found[i]] = true;
                pairs.kept[category.wanted[static_cast<std::size_t>(matches[i])]] = true;
            }
    }
    return pairs;
}

std::vector<TextEdit> alignTexts(const ReadText& before, const ReadText& now)
{
    const auto& a = before.characters;
    const auto& b = now.characters;
    const std::size_t width = b.size() + 1;
    std::vector<std::size_t> cost((a.size() + 1) * width);
    const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& { return cost[i * width + j]; };
    for (std::size_t i = 0; i <= a.size(); ++i)
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0)
                at(i, j) = i + j;
            else
                at(i, j) =
                    std::min({at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1), at(i - 1, j) + 1, at(i, j - 1) + 1});
        }
    std::vector<TextEdit> edits;
    using Kind = TextEdit::Kind;
    for (std::size_t i = a.size(), j = b.size(); i > 0 || j > 0;) {
        const bool equal = i > 0 && j > 0 && a[i - 1] == b[j - 1];
        if (i > 0 && j > 0 && at(i, j) == at(i - 1, j - 1) + (equal ? 0 : 1)) {
            edits.push_back({equal ? Kind::Same : Kind::Replaced, a[i - 1], b[j - 1]});
            --i;
            --j;
        } else if (i > 0 && at(i, j) == at(i - 1, j) + 1) {
            edits.push_back({Kind::Dropped, a[--i], {}});
        } else {
            edits.push_back({Kind::Added, {}, b[--j]});
        }
    }
    std::ranges::reverse(edits);
    return edits;
}

std::vector<std::string> charactersOf(std::string_view text)
{
    std::vector<std::string> characters;
    for (const int point : codePoints(text))
        characters.push_back(utf8(point));
    return characters;
}

} // namespace qs::tasks
