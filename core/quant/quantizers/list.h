#pragma once

#include "core/quant/quantizers.h"

namespace qs::quant {

/// One line a quantizer.
QuantizerDef uniformQuantizer();
QuantizerDef regionSignQuantizer();
QuantizerDef regionMagnitudeQuantizer();
QuantizerDef regionAsymmetricQuantizer();
QuantizerDef twinGeluQuantizer();
QuantizerDef twinSoftmaxQuantizer();
QuantizerDef log2Quantizer();
QuantizerDef logSqrt2Quantizer();
QuantizerDef logSqrt2ZeroQuantizer();
QuantizerDef logIntQuantizer();
QuantizerDef ptfQuantizer();
QuantizerDef ptfIntegerQuantizer();

} // namespace qs::quant
