#pragma once

#include "core/tasks/truth.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace qs::tasks {

/// A box that a detector found, in pixels of the model's input.
struct Detection {
    float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    int category = 0;
    float score = 0;
};

// What the outputs of one image say, as people look at it. Maps cover the model's input, whatever their size.

/// The best class of each pixel, row-major.
struct ClassMap {
    static constexpr uint16_t kNone = 0xFFFF; ///< of a truth: not known
    std::size_t height = 0, width = 0;
    std::vector<uint16_t> classes;
};

/// A value for each pixel, row-major; not finite: not known.
struct ValueMap {
    std::size_t height = 0, width = 0;
    std::vector<float> values;
};

/// What a detector is sure of: best first, in pixels of the model's input.
struct FoundBoxes {
    std::vector<Detection> boxes;
};

/// What is written, a character each; of classes that nobody named their numbers, as "‹12›".
struct ReadText {
    std::vector<std::string> characters;
    std::string text() const;
};

/// The image as one vector: of several tokens their mean.
struct FeatureVector {
    std::vector<float> values;
};

/// Classes that are there (probability above 0.5), the surest first.
struct PresentClasses {
    std::vector<std::pair<int, float>> classes; ///< with the probability
};

/// Nothing: numbers that nobody can look at.
using Reading = std::variant<std::monostate, ClassMap, ValueMap, FoundBoxes, ReadText, FeatureVector, PresentClasses>;

/// What people said is right, in the same form; nothing for a class of the whole image.
Reading readingOf(const Truth& truth);

} // namespace qs::tasks
