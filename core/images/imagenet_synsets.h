#pragma once

#include <optional>
#include <string_view>

namespace qs::images {

/// Classes of the ImageNet challenges 2012 to 2017.
constexpr int kImagenetClasses = 1000;

/// Whether a name has the form of a noun's WordNet id: 'n' and eight digits.
bool isSynset(std::string_view name);

/// The class 0 to 999 of a synset ("n01440764" -> 0): its place among the ids of the 1000 classes in ascending order.
/// nullopt: another name or another synset.
/// Source: ILSVRC 2012, list of synsets (image-net.org).
std::optional<int> imagenetClass(std::string_view synset);

} // namespace qs::images
