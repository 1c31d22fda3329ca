#include "core/tasks/ctc.h"

#include <algorithm>
#include <numeric>

namespace qs::tasks {

namespace {

int bestOf(std::span<const float> scores)
{
    return static_cast<int>(std::ranges::max_element(scores) - scores.begin());
}

} // namespace

std::vector<int> ctcDecode(std::span<const float> row, std::size_t classes, int blank)
{
    std::vector<int> text;
    int before = blank;
    for (std::size_t first = 0; first + classes <= row.size(); first += classes) {
        const int best = bestOf(row.subspan(first, classes));
        if (best != blank && best != before)
            text.push_back(best);
        before = best;
    }
    return text;
}

std::vector<int> positionDecode(std::span<const float> row, std::size_t classes, int end)
{
    std::vector<int> text;
    for (std::size_t first = 0; first + classes <= row.size(); first += classes) {
        const int best = bestOf(row.subspan(first, classes));
        if (best == end)
            break;
        text.push_back(best);
    }
    return text;
}

std::size_t editDistance(std::span<const int> a, std::span<const int> b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j + 1] + 1, row[j] + 1});
        }
    }
    return row.back();
}

std::vector<int> codePoints(std::string_view text)
{
    std::vector<int> points;
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t at) {
            return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
        };
        const unsigned lead = byte(i);
        const std::size_t length = lead < 0x80                   ? 1
                                   : lead >= 0xF0 && lead < 0xF8 ? 4
                                   : lead >= 0xE0 && lead < 0xF0 ? 3
                                   : lead >= 0xC2 && lead < 0xE0 ? 2
                                                                 : 0;
        unsigned point = length <= 1 ? lead : lead & (0xFFU >> (length + 1));
        bool whole = length > 0;
        for (std::size_t k = 1; k < length && whole; ++k) {
            whole = (byte(i + k) & 0xC0U) == 0x80U;
            point = point << 6U | (byte(i + k) & 0x3FU);
        }
        points.push_back(static_cast<int>(whole ? point : lead));
        i += whole ? length : 1;
    }
    return points;
}

} // namespace qs::tasks
