#include "core/tasks/figure.h"

#include "core/base/number_text.h"

#include <cmath>

namespace qs::tasks {

namespace {

std::string number(double value, const std::string& unit, const char* form)
{
    if (!std::isfinite(value))
        return value > 0 ? "∞" : value < 0 ? "-∞" : "none";
    return numberText(unit == "%" ? 100 * value : value, form);
}

} // namespace

std::string figureText(const Figure& figure)
{
    const char* form = figure.unit == "%" ? "%.2f" : figure.unit == "dB" ? "%.1f" : "%.5g";
    std::string text = number(figure.value, figure.unit, form);
    if (!figure.unit.empty())
        text += " " + figure.unit;
    if (figure.interval && std::isfinite(figure.interval->low) && std::isfinite(figure.interval->high))
        text += " (" + number(figure.interval->low, figure.unit, form) + " to " +
                number(figure.interval->high, figure.unit, form) + ")";
    return text;
}

} // namespace qs::tasks
