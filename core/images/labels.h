#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qs::images {

/// A labels file: comma-separated `file,class_index,...`, one image a line. Double quotes enclose commas ("" is a
/// quote); a quoted value does not run over several lines. A byte-order mark, CRLF and empty lines are accepted.
/// The first line is a header if its second value is no number and its first names no image; a header with a column
/// `class_name` gives the class names.
struct Labels {
    std::map<std::string, int> classOf;    ///< file name as written ('/' between folders) -> class
    std::map<int, std::string> classNames; ///< of the column class_name; may be empty
};

/// `imageExists` answers for a name as written. Errors: NotFound, Io; Malformed with "file:line" in `where` (class
/// missing, negative, not a number or over 1,000,000; an image with two classes; a name that leaves the folder).
Result<Labels> readLabels(const std::filesystem::path& path,
                          const std::function<bool(const std::string&)>& imageExists);

/// Lines of a text file without line ends and byte-order mark; empty lines at the end are dropped. Errors: NotFound,
/// Io, Malformed (binary content).
Result<std::vector<std::string>> readLines(const std::filesystem::path& path);

/// The values of one line of CSV, quotes removed, blanks around unquoted values trimmed.
std::vector<std::string> splitCsv(std::string_view line);

} // namespace qs::images
