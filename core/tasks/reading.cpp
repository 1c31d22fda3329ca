#include "core/tasks/reading.h"

#include "core/tasks/reading_difference.h"

#include <type_traits>

namespace qs::tasks {

std::string ReadText::text() const
{
    std::string all;
    for (const std::string& one : characters)
        all += one;
    return all;
}

namespace {

Reading reading(std::monostate)
{
    return {};
}

Reading reading(int)
{
    return {};
}

Reading reading(const std::vector<int>& classes)
{
    PresentClasses present;
    for (const int one : classes)
        present.classes.emplace_back(one, 1.0F);
    return present;
}

Reading reading(const TrueMask& mask)
{
    ClassMap map{static_cast<std::size_t>(mask.height), static_cast<std::size_t>(mask.width), {}};
    map.classes.reserve(mask.classes.size());
    for (const uint8_t one : mask.classes)
        map.classes.push_back(one == TrueMask::kIgnored ? ClassMap::kNone : one);
    return map;
}

Reading reading(const std::vector<TrueBox>& boxes)
{
    FoundBoxes found;
    for (const TrueBox& box : boxes)
        found.boxes.push_back({box.x0, box.y0, box.x1, box.y1, box.category, 1.0F});
    return found;
}

Reading reading(const TrueMap& map)
{
    return ValueMap{static_cast<std::size_t>(map.height), static_cast<std::size_t>(map.width), map.values};
}

Reading reading(const std::string& text)
{
    return ReadText{charactersOf(text)};
}

} // namespace

Reading readingOf(const Truth& truth)
{
    return std::visit([](const auto& value) { return reading(value); }, truth);
}

} // namespace qs::tasks
