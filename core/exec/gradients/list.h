#pragma once

#include "core/exec/gradients/backward.h"

#include <span>

namespace qs::exec {

// One line a family of derivatives; its file defines the function. findBackward() gathers them.
#define QS_GRADIENT_FAMILIES(X)                                                                                      \
    X(viewGradients)                                                                                                 \
    X(movementGradients)                                                                                             \
    X(unaryGradients)                                                                                                \
    X(binaryGradients)                                                                                               \
    X(reduceGradients)                                                                                               \
    X(productGradients)                                                                                              \
    X(normalisationGradients)                                                                                        \
    X(convolutionGradients)                                                                                          \
    X(poolingGradients)                                                                                              \
    X(linearMapGradients)

#define QS_DECLARE_GRADIENTS(family) std::span<const BackwardDef> family();
QS_GRADIENT_FAMILIES(QS_DECLARE_GRADIENTS)
#undef QS_DECLARE_GRADIENTS

} // namespace qs::exec
