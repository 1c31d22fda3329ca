#include "core/quant/quantizers.h"

#include "core/quant/quantizers/list.h"

#include <algorithm>
#include <array>

namespace qs::quant {

namespace {

#define QS_MAKE_QUANTIZER(quantizer) quantizer(),
const std::array kQuantizers{QS_QUANTIZERS(QS_MAKE_QUANTIZER)};
#undef QS_MAKE_QUANTIZER

} // namespace

std::span<const QuantizerDef> quantizers()
{
    return kQuantizers;
}

const QuantizerDef* findQuantizer(std::string_view name)
{
    const auto found = std::ranges::find(kQuantizers, name, &QuantizerDef::name);
    return found == kQuantizers.end() ? nullptr : &*found;
}

} // namespace qs::quant
