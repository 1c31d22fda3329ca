#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::tasks {

/// Greedy decoding of connectionist temporal classification: the best class of each position, repeats merged, blanks
/// dropped. row: [positions, classes]. Source: Graves et al., ICML 2006, section 3.2.
std::vector<int> ctcDecode(std::span<const float> row, std::size_t classes, int blank);

/// The best class of each position up to (without) the first `end`; end < 0: all.
std::vector<int> positionDecode(std::span<const float> row, std::size_t classes, int end);

/// Levenshtein's distance: insertions, deletions and replacements, one each. Memory: one row.
std::size_t editDistance(std::span<const int> a, std::span<const int> b);

/// Code points of UTF-8; bytes that are none count as one each.
std::vector<int> codePoints(std::string_view text);

} // namespace qs::tasks
