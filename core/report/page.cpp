#include "core/report/page.h"

namespace qs::report {

namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --line: #8886; --bar: #35618f; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid var(--line); }
th { background: var(--soft); } td.n, th.n { text-align: right; }
.bar { display: inline-block; height: .7em; background: var(--bar); border-radius: 2px; }
p.note { opacity: .75; }
)";

} // namespace

std::string escape(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string tableHead(const std::vector<Column>& columns)
{
    std::string html = "<table><tr>";
    for (const auto& column : columns)
        html += std::string("<th") + (column.numeric ? " class=n>" : ">") + column.title + "</th>";
    return html + "</tr>\n";
}

std::string cell(const std::string& text, bool numeric)
{
    return (numeric ? "<td class=n>" : "<td>") + text + "</td>";
}

std::string page(const std::string& title, const std::string& body)
{
    return "<!doctype html>\n<html lang=en><meta charset=utf-8><title>" + title + "</title><style>" + kStyle +
           "</style>\n<h1>" + title + "</h1>\n" + body + "</html>\n";
}

} // namespace qs::report
