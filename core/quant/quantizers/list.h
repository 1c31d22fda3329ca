#pragma once

#include "core/quant/quantizers.h"

namespace qs::quant {

/// One line a file of this folder.
QuantizerDef uniformQuantizer();

} // namespace qs::quant
