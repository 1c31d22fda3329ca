#pragma once

#include "core/tasks/reading.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::tasks {

/// By pixel, 1 where the class is another. Of maps of other sizes: all 1. A pixel without a class in either: 0.
std::vector<uint8_t> differing(const ClassMap& before, const ClassMap& now);

/// now - before by pixel; NaN where either is not known. Of maps of other sizes: empty.
std::vector<float> differenceOf(const ValueMap& before, const ValueMap& now);

/// Which boxes show the same object in both, matched class by class as in COCO's figures at an IoU of 0.5.
struct BoxPairs {
    std::vector<bool> kept; ///< by box of before: found again
    std::vector<bool> old;  ///< by box of now: there before
};
BoxPairs pairBoxes(const FoundBoxes& before, const FoundBoxes& now);

/// One place of two texts beside each other.
struct TextEdit {
    enum class Kind { Same, Replaced, Dropped, Added };
    Kind kind = Kind::Same;
    std::string before, now; ///< "" where there is none
    friend bool operator==(const TextEdit&, const TextEdit&) = default;
};
/// An alignment with the fewest edits (Levenshtein); of several the one that replaces rather than drops and adds.
std::vector<TextEdit> alignTexts(const ReadText& before, const ReadText& now);

/// The characters of UTF-8, each with its bytes; bytes that are none stand alone.
std::vector<std::string> charactersOf(std::string_view text);

} // namespace qs::tasks
