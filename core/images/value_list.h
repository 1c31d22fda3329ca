#pragma once

#include "core/base/error.h"
#include "core/images/folder.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace qs::images {

/// What a list says of one image.
struct ListedValue {
    std::size_t entry = 0; ///< of the folder
    std::string value;     ///< blanks around it removed, and quotes, see below
    std::string where;     ///< "words.txt:12"
};

/// A list of values (texts, several classes) for the images of a folder.
struct ValueList {
    std::vector<ListedValue> values; ///< at most one for an entry
    std::vector<Doubt> doubts;       ///< Labels: lines that name no file
};

/// Reads a list in the forms that people have:
///   - "name<TAB>value", "name,value", "name;value" or "name value": whichever gives most names of images, if half of
///     the first 200 lines have one. A name alone has an empty value. After a comma or ';' double quotes enclose a
///     value as in CSV ("" is a quote), also \" for a quote as ICDAR writes it; elsewhere they are part of it.
///     A first line that names no image is a header; others are said, unless the folder has such a file;
///   - JSON: {name: value, ...}, where a list of numbers or texts is joined with ';';
///   - no line with a name: one value a line, as many as the folder has images, in the order of their names.
/// A byte-order mark and CRLF are accepted; empty lines are passed over, except without names, where they are values.
/// Errors: NotFound, Io, TooLarge; Malformed with "file:line" in `where` (binary, not UTF-8, two values for an image;
/// JSON of another form; without names another number of lines, or names whose order by number is another).
Result<ValueList> readValueList(const std::filesystem::path& path, const ImageFolder& folder);

} // namespace qs::images
