#pragma once

#include "core/base/doubt.h"
#include "core/images/preprocess.h"

#include <string>
#include <vector>

namespace qs::images {

/// What is doubtful of a preprocessing by itself: a mean over 1 or below -5, or a deviation over 2. Both are of
/// pixels in [0, 1], so these belong to pixels of 0 to 255; the cure has the same numbers divided by 255. Silent for
/// means and deviations that only move the range, such as 0 and 1/255, and for -1 and 2.
std::vector<Doubt> preprocessDoubts(const Preprocess& preprocess);

/// Mean and deviation of pixels in [0, 1] that were meant for pixels of 0 to 255: those that are too large for [0, 1]
/// divided by 255 (and a deviation of 1 beside such a mean).
Preprocess scaledToUnit(Preprocess preprocess);

/// "--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225".
std::string normalisationOptions(const Preprocess& preprocess);

/// A preprocessing by its usual name.
struct Alternative {
    std::string name;
    Preprocess preprocess;
};

/// The usual normalisations that differ clearly from this one: of the presets imagenet, inception, unit and bytes
/// those that map black or white of some channel at least 0.5 away, with the same resize and crop. clip and dinov2
/// are as imagenet by this measure: no figure tells them apart.
std::vector<Alternative> alternativesTo(const Preprocess& preprocess);

} // namespace qs::images
