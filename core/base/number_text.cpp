#include "core/base/number_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace qs {

std::string numberText(double value, const char* format)
{
    std::array<char, 64> buffer{};
    const int length = std::snprintf(buffer.data(), buffer.size(), format, value);
    if (length >= static_cast<int>(buffer.size()))
        std::snprintf(buffer.data(), buffer.size(), "%.3g", value);
    std::string text = buffer.data();
    const auto sign = text.find_first_of("+-");
    const std::size_t digits = std::min(text.find_first_of("eE"), text.size());
    const bool zero = text.find_first_of("123456789nN") >= digits && text.find('0') < digits; // no nan, no inf
    if (sign < digits && zero) {
        // As wide as it was: a column stays one.
        text.erase(sign, 1);
        if (sign > 0)
            text.insert(0, " ");
    }
    return text;
}

} // namespace qs
