#pragma once

#include "core/base/error.h"
#include "core/images/class_list.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qs::images {

/// What a labels file is read against.
struct LabelContext {
    std::vector<std::string> images; ///< of the folder itself, sorted by name
    /// Whether a name, '/' between folders, is a file inside the folder.
    std::function<bool(const std::string&)> exists = {};
    ClassList classes = {};
};

/// One image and its class as written.
struct LabelRow {
    std::string name;      ///< as written; of an image that exists: relative to the folder
    std::string value;     ///< the class
    std::string where;     ///< "labels.csv:12"
    std::string className; ///< of a column class_name
};

/// Finds the image that a written name means: the name itself; without leading folders ("val/a.jpg" in val/); without
/// an extension ("a") where only one image is called so. nullopt: none exists.
class ImageNames {
public:
    explicit ImageNames(const LabelContext& context);
    std::optional<std::string> find(std::string_view written) const;

private:
    const LabelContext& m_context;
    std::vector<std::pair<std::string, std::string>> m_stems; ///< sorted: stem, name
};

/// Rows of a text table. Columns are separated by tabs, semicolons, commas or blanks, whichever gives names of
/// images; which column holds the name and which the class is told by the header or by the values. A file without
/// names has one class a line, in the order of `context.images`. Errors: Malformed with "file:line" in `where`: two
/// columns could be the class (or the name) and no header tells; a line without class; a file without names whose
/// lines are not as many as the images, or whose images would be in another order by number (img2 before img10).
Result<std::vector<LabelRow>> rowsOfTable(const std::vector<std::string>& lines, const std::filesystem::path& path,
                                          const LabelContext& context);

/// Rows of JSON: {name: class}, {class: [names]}, [[name, class], ...], [{"file": name, "label": class}, ...], or a
/// list of classes in the order of `context.images`. Errors as above; Malformed (JSON of another form).
Result<std::vector<LabelRow>> rowsOfJson(const std::string& text, const std::filesystem::path& path,
                                         const LabelContext& context);

/// The rows of a list of classes without names. Errors as rowsOfTable.
Result<std::vector<LabelRow>> rowsInOrder(const std::vector<std::pair<std::string, std::string>>& valuesAndPlaces,
                                          const std::filesystem::path& path, const LabelContext& context);

} // namespace qs::images
