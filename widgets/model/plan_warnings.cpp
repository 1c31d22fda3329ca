#include "widgets/model/plan_warnings.h"

#include <QCoreApplication>

#include <algorithm>
#include <utility>

namespace qs::ui {

namespace {

std::string kindOf(std::string text)
{
    std::erase_if(text, [](unsigned char c) { return (c >= '0' && c <= '9') || c == '.' || c == '-'; });
    return text;
}

} // namespace

QStringList PlanWarnings::fresh(const std::vector<std::string>& warnings)
{
    struct Line {
        std::string kind, site, text; ///< of the first
        int more = 0;
    };
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
            ++line->more;
    }
    QStringList said;
    for (const Line& line : lines) {
        const QString site = line.site.empty() ? QString() : QString::fromStdString(line.site) + QStringLiteral(": ");
        const QString text = site + QString::fromStdString(line.text);
        const auto tr = [](const char* words) { return QCoreApplication::translate("PlanWarnings", words); };
        said << (line.more == 0   ? text
                 : line.more == 1 ? tr("%1; so at one other site").arg(text)
                                  : tr("%1; so at %2 other sites").arg(text).arg(line.more));
    }
    return said;
}

} // namespace qs::ui
