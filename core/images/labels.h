#pragma once

#include "core/base/error.h"
#include "core/images/label_rows.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qs::images {

/// The class that a labels file gives an image.
struct Labelled {
    int label = 0;
    std::string where; ///< "labels.csv:12"
};

/// A labels file, in the forms that people have:
///   - text with a name and a class a line, separated by commas, semicolons, tabs or blanks, in either order, with or
///     without a header and further columns. Double quotes enclose separators ("" is a quote); a quoted value does
///     not run over several lines. A byte-order mark, CRLF and empty lines are accepted. A header with a column
///     `class_name` gives the class names;
///   - text with one class a line, in the order of the images;
///   - JSON, see rowsOfJson().
/// A class is an index from 0 (also "3.0"), a name or synset of `LabelContext::classes`, or a synset of ImageNet.
struct Labels {
    std::map<std::string, Labelled> classOf; ///< file name, '/' between folders -> class
    std::map<int, std::string> classNames;   ///< of the column class_name; may be empty
};

/// Errors: NotFound, Io; Malformed with "file:line" in `where` (class missing, negative, over 1,000,000, no number
/// and no known name; an image with two classes; a name that leaves the folder); those of rowsOfTable() and
/// rowsOfJson().
Result<Labels> readLabels(const std::filesystem::path& path, const LabelContext& context);

/// Lines of a text file without line ends and byte-order mark; empty lines at the end are dropped. Errors: NotFound,
/// Io, Malformed (binary content).
Result<std::vector<std::string>> readLines(const std::filesystem::path& path);

} // namespace qs::images
