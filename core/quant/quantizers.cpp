#include "core/quant/quantizers.h"

#include "core/quant/quantizers/list.h"

#include <algorithm>
#include <array>

namespace qs::quant {

namespace {

const std::array kQuantizers{
    uniformQuantizer(),
    regionSignQuantizer(),
    regionMagnitudeQuantizer(),
    regionAsymmetricQuantizer(),
    twinGeluQuantizer(),
    twinSoftmaxQuantizer(),
    log2Quantizer(),
    logSqrt2Quantizer(),
    logSqrt2ZeroQuantizer(),
    logIntQuantizer(),
    ptfQuantizer(),
    ptfIntegerQuantizer(),
};

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
