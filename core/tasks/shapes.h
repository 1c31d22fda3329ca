#pragma once

#include "core/tasks/task.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace qs::tasks {

/// Whether a name holds one of these words, in any case.
bool nameHas(const std::string& name, std::initializer_list<std::string_view> words);

/// The only axis larger than 1 of an output (of any rank): its length; or nothing where there are more.
std::optional<std::size_t> vectorLength(const graph::OutputSpan& output);

/// A picture of `channels` planes, [c, h, w] or [h, w], sizes of 1 in front left out; nothing for other ranks.
struct Planes {
    std::size_t channels = 1, height = 0, width = 0;
    std::size_t pixels() const { return height * width; }
};
std::optional<Planes> planesOf(const graph::OutputSpan& output);

/// Whether so many tokens are one for each patch of a square grid over the image, with at most 8 of their own (class
/// token, registers) beside.
bool arePatches(const Outputs& outputs, std::size_t tokens);

/// "logits [21, 128, 128], boxes [100, 4]", for messages.
std::string describe(const Outputs& outputs);

} // namespace qs::tasks
