#pragma once

#include "core/quant/quantizers.h"

namespace qs::quant {

// One line a quantizer, in the order in which they are offered; its file defines the function. quantizers() gathers
// them.
#define QS_QUANTIZERS(X)                                                                                             \
    X(uniformQuantizer)                                                                                              \
    X(regionSignQuantizer)                                                                                           \
    X(regionMagnitudeQuantizer)                                                                                      \
    X(regionAsymmetricQuantizer)                                                                                     \
    X(twinGeluQuantizer)                                                                                             \
    X(twinSoftmaxQuantizer)                                                                                          \
    X(log2Quantizer)                                                                                                 \
    X(logSqrt2Quantizer)                                                                                             \
    X(logSqrt2ZeroQuantizer)                                                                                         \
    X(logIntQuantizer)                                                                                               \
    X(ptfQuantizer)                                                                                                  \
    X(ptfIntegerQuantizer)

#define QS_DECLARE_QUANTIZER(quantizer) QuantizerDef quantizer();
QS_QUANTIZERS(QS_DECLARE_QUANTIZER)
#undef QS_DECLARE_QUANTIZER

} // namespace qs::quant
