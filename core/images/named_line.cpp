#include "core/images/named_line.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace qs::images {

namespace {

constexpr std::array<char, 4> kSeparators{'\t', ',', ';', ' '};
constexpr std::size_t kSample = 200; ///< lines that decide
constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(kBlanks);
    return first == std::string_view::npos ? std::string_view{}
                                           : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Takes a quoted value off the front of `text`, which begins with a quote. nullopt: the quote does not end.
std::optional<std::string> takeQuoted(std::string_view& text)
{
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        const bool last = i + 1 == text.size();
        if ((text[i] == '"' || text[i] == '\\') && !last && text[i + 1] == '"' &&
            (text[i] == '"' || i + 2 < text.size())) {
            value += '"';
            ++i;
        } else if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return value;
        } else {
            value += text[i];
        }
    }
    return std::nullopt;
}

} // namespace

std::string unquoted(std::string_view text)
{
    text = trimmed(text);
    if (text.size() >= 2 && text.front() == '"') {
        std::string_view rest = text;
        if (auto value = takeQuoted(rest); value && rest.empty())
            return *value;
    }
    return std::string(text);
}

NamedLine splitLine(std::string_view line, char separator, const EntryNames& names)
{
    const bool csv = separator == ',' || separator == ';'; // elsewhere quotes are what is written
    const auto valueOf = [&](std::string_view rest) { return csv ? unquoted(rest) : std::string(trimmed(rest)); };
    if (std::string_view rest = trimmed(line); csv && rest.starts_with('"'))
        if (const auto quoted = takeQuoted(rest)) {
            rest = trimmed(rest);
            if (rest.empty() || rest.front() == separator)
                return {*quoted, valueOf(rest.substr(rest.empty() ? 0 : 1)), names.knows(*quoted)};
        }
    NamedLine first;
    for (std::size_t at = 0; at <= line.size(); ++at) {
        at = std::min(line.find(separator, at), line.size());
        const std::string name(trimmed(line.substr(0, at)));
        if (name.empty())
            continue;
        const bool known = names.knows(name);
        if (known || first.name.empty())
            first = {name, valueOf(line.substr(std::min(at + 1, line.size()))), known};
        if (known || separator != ' ') // only blanks may be part of a name
            break;
    }
    return first;
}

NamedForm formOf(const std::vector<std::string>& lines, const EntryNames& names)
{
    NamedForm form;
    for (const char separator : kSeparators) {
        std::size_t named = 0;
        std::size_t looked = 0;
        for (const std::string& line : lines) {
            if (trimmed(line).empty())
                continue;
            named += splitLine(line, separator, names).known ? 1 : 0;
            if (++looked == kSample)
                break;
        }
        if (named > form.named)
            form = {separator, named, looked};
        form.looked = looked;
    }
    return form;
}

} // namespace qs::images
