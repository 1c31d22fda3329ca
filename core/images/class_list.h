#pragma once

#include "core/base/error.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qs::images {

/// The classes of a model by name, index = class, and what else they are called.
class ClassList {
public:
    ClassList() = default;
    explicit ClassList(std::vector<std::string> names);

    const std::vector<std::string>& names() const { return m_names; }
    bool empty() const { return m_names.empty(); }
    /// The class called so: by its whole name, by its synset, or by the first of several names ("great white shark"
    /// of "great white shark, white shark"). Capitals and '_' for a blank do not matter where no other class is
    /// called so. nullopt: unknown, or two classes have the name.
    std::optional<int> find(std::string_view name) const;
    friend bool operator==(const ClassList& a, const ClassList& b) { return a.m_names == b.m_names; }

private:
    void add(const std::string& name, int index);
    std::vector<std::string> m_names;
    std::map<std::string, int, std::less<>> m_indexOf; ///< kTwice: of two classes
};

/// Reads names of classes: one a line (line n = class n, from 0), also with the synset before them (`n01440764
/// tench`); a JSON list; a JSON map of index to name, to [synset, name], or of name to index. Errors: NotFound, Io,
/// Malformed (binary; JSON of another form; an index that is missing or given twice).
Result<ClassList> readClassList(const std::filesystem::path& path);

/// A class as people write it: an index ("3", also "3.0"), a name or synset of `classes`, else a synset of ImageNet.
/// nullopt: none of these, or an index over 1,000,000.
std::optional<int> parseClass(std::string_view text, const ClassList& classes);

} // namespace qs::images
