#pragma once

#include "core/images/truth_readers.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qs::images {

/// A line of a list: the name of an image and what follows it.
struct NamedLine {
    std::string name;
    std::string value;  ///< blanks around it removed, quotes where a comma or ';' separates
    bool known = false; ///< see EntryNames::knows
};

/// A value without the blanks and the double quotes around it; within quotes "" and \" are a quote.
std::string unquoted(std::string_view text);

/// Splits at the first separator. A blank may be part of a name: there the shortest beginning that is the name of an
/// image counts, if any is.
NamedLine splitLine(std::string_view line, char separator, const EntryNames& names);

/// How a list names its images.
struct NamedForm {
    char separator = '\t';  ///< of tab, comma, ';' and blank that which gives most names, the first of equals
    std::size_t named = 0;  ///< lines with a name by it
    std::size_t looked = 0; ///< lines that were looked at: the first 200 that are not empty
    /// Most lines have one.
    bool isNamed() const { return named > 0 && 2 * named >= looked; }
};
NamedForm formOf(const std::vector<std::string>& lines, const EntryNames& names);

} // namespace qs::images
