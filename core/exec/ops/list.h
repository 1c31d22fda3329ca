#pragma once

#include "core/exec/op.h"

#include <span>

namespace qs::exec {

// One line a family of operators; its file defines the function. allOps() gathers them.
#define QS_OPERATOR_FAMILIES(X)                                                                                      \
    X(viewOps)                                                                                                       \
    X(movementOps)                                                                                                   \
    X(gatherOps)                                                                                                     \
    X(shapeOps)                                                                                                      \
    X(angleOps)                                                                                                      \
    X(unaryOps)                                                                                                      \
    X(binaryOps)                                                                                                     \
    X(reduceOps)                                                                                                     \
    X(productOps)                                                                                                    \
    X(einsumOps)                                                                                                     \
    X(normalisationOps)                                                                                              \
    X(convolutionOps)                                                                                                \
    X(poolingOps)                                                                                                    \
    X(resizeOps)                                                                                                     \
    X(gridSampleOps)                                                                                                 \
    X(quantizeOps)

#define QS_DECLARE(family) std::span<const OpDef> family();
QS_OPERATOR_FAMILIES(QS_DECLARE)
#undef QS_DECLARE

} // namespace qs::exec
