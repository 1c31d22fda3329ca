#include "core/onnx/prepare/expansion.h"

namespace qs::onnx {

namespace {

/// Sum, Max, Min of any number of inputs: one operator of two after the other, so that every partial result is a
/// value of the file, where a quantizer can stand. Of one input: nothing is changed.
std::string chain(Expansion& e, std::string_view op)
{
    std::string result = e.input(0);
    for (int i = 1; i < e.inputCount(); ++i)
        result = e.add(op, {result, e.input(i)});
    return result;
}

Result<void> checked(Expansion& e, std::string_view op, int fewest)
{
    for (int i = 0; i < e.inputCount(); ++i)
        if (!e.has(i))
            return fail(ErrorCode::Malformed, "input " + std::to_string(i) + " is missing");
    if (e.inputCount() >= fewest)
        e.finish(chain(e, op));
    return {};
}

Result<void> sum(Expansion& e)
{
    return checked(e, "Add", 2);
}

Result<void> largest(Expansion& e)
{
    return checked(e, "Max", 3);
}

Result<void> smallest(Expansion& e)
{
    return checked(e, "Min", 3);
}

} // namespace

std::span<const ExpansionRule> variadicExpansions()
{
    static constexpr ExpansionRule rules[] = {{"", "Sum", sum}, {"", "Max", largest}, {"", "Min", smallest}};
    return rules;
}

} // namespace qs::onnx
