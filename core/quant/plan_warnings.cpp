#include "core/quant/plan_warnings.h"

#include <algorithm>

namespace qs::quant {

namespace {

std::string kindOf(std::string text)
{
    std::erase_if(text, [](unsigned char c) { return (c >= '0' && c <= '9') || c == '.' || c == '-'; });
    return text;
}

} // namespace

std::vector<PlanWarnings::Line> PlanWarnings::fresh(std::span<const std::string> warnings)
{
    std::vector<Line> lines;
    for (const std::string& warning : warnings) {
        const std::size_t colon = warning.find(": ");
        const std::string site = colon == std::string::npos ? std::string() : warning.substr(0, colon);
        const std::string text = colon == std::string::npos ? warning : warning.substr(colon + 2);
        const std::string kind = kindOf(text);
        if (!m_said[kind].insert(site).second)
            continue;
        const auto line = std::ranges::find(lines, kind, &Line::kind);
        if (line == lines.end())
            lines.push_back({kind, site, text});
        else
            ++line->others;
    }
    return lines;
}

} // namespace qs::quant
