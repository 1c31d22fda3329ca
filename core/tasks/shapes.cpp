#include "core/tasks/shapes.h"

#include <algorithm>
#include <cctype>

namespace qs::tasks {

bool nameHas(const std::string& name, std::initializer_list<std::string_view> words)
{
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::optional<std::size_t> vectorLength(const graph::OutputSpan& output)
{
    for (std::size_t axis = 0; axis < output.shape.rank(); ++axis)
        if (output.shape[axis] > 1 && static_cast<std::size_t>(output.shape[axis]) != output.size)
            return std::nullopt;
    return output.size;
}

std::optional<Planes> planesOf(const graph::OutputSpan& output)
{
    std::size_t first = 0;
    while (output.shape.rank() - first > 3 && output.shape[first] == 1)
        ++first;
    const std::size_t rank = output.shape.rank() - first;
    const auto at = [&](std::size_t axis) { return static_cast<std::size_t>(output.shape[first + axis]); };
    if (rank == 3)
        return Planes{at(0), at(1), at(2)};
    if (rank == 2)
        return Planes{1, at(0), at(1)};
    return std::nullopt;
}

bool arePatches(const Outputs& outputs, std::size_t tokens)
{
    constexpr std::size_t kMostOthers = 8;
    for (int64_t side = 4; side <= 128 && outputs.inputWidth > 0; ++side) {
        if (outputs.inputHeight % side != 0 || outputs.inputWidth % side != 0)
            continue;
        const auto patches = static_cast<std::size_t>((outputs.inputHeight / side) * (outputs.inputWidth / side));
        if (patches >= 4 && tokens >= patches && tokens <= patches + kMostOthers)
            return true;
    }
    return false;
}

std::string describe(const Outputs& outputs)
{
    std::string text;
    for (const graph::OutputSpan& output : outputs.layout)
        text += (text.empty() ? "" : ", ") + output.name + " " + output.shape.text();
    return text;
}

} // namespace qs::tasks
