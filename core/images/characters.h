#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace qs::images {

/// What the classes of a text recogniser stand for, UTF-8; class 0 is the blank and stands for "". The file has one
/// character a line, as recognisers ship it: one for each of `classes` (the first is the blank), or without the
/// blank, or without the blank and the space, which is the last class then. Other numbers of lines are returned as
/// they are, behind the blank (the task says what does not fit). Errors: those of readText().
Result<std::vector<std::string>> readCharacters(const std::filesystem::path& path, std::size_t classes);

} // namespace qs::images
