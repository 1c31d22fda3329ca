#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace qs::quant {

/// Warnings of plans (Plan::warnings) on their way to people: each kind once, whatever number of sites it is about,
/// and no site twice. A warning is "<site>: <text>"; of one kind are texts that differ in numbers alone.
class PlanWarnings {
public:
    struct Line {
        std::string kind;       ///< the text without its numbers
        std::string site;       ///< the first; may be empty
        std::string text;       ///< of the first
        std::size_t others = 0; ///< sites that have the same
    };
    /// What was not said yet, in the order of the warnings.
    std::vector<Line> fresh(std::span<const std::string> warnings);
    void clear() { m_said.clear(); }

private:
    std::map<std::string, std::set<std::string>> m_said; ///< sites by kind
};

} // namespace qs::quant
