#pragma once

#include <QStringList>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace qs::ui {

/// Warnings of plans on their way to the user: each kind in one line, whatever number of sites it is about, and no
/// site twice. A warning of a plan is "<site>: <text>"; of one kind are texts that differ in numbers alone.
class PlanWarnings {
public:
    /// Lines for the warnings that were not said yet: "a.b: 3.1 % of the values are clipped; so at 13 other sites".
    QStringList fresh(const std::vector<std::string>& warnings);
    void clear() { m_said.clear(); }

private:
    std::map<std::string, std::set<std::string>> m_said; ///< sites by kind
};

} // namespace qs::ui
