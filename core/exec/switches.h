#pragma once

namespace qs::exec {

/// What makes a program fast, each to be turned off by itself: a difference that goes away with a switch names the
/// guilty part. Results are the same with any setting, but for the rounding of what is fused.
struct Switches {
    bool inPlace = true;        ///< steps write over inputs that nothing reads afterwards
    bool reuseMemory = true;    ///< buffers that live at different times share memory
    bool fuseActivation = true; ///< activations are computed by the product before them
    bool fuseResidual = true;   ///< so are sums with another value
    bool fuseScale = true;      ///< and multiplications of a product's operands or result by one number
    bool views = true;          ///< Reshape, Transpose, Slice, ... are strides, not copies
    bool narrow = true;         ///< of what one index is read of, one index is computed (needs views)
    bool layout = true;         ///< products write in the order in which a later transposition reads
    bool poison = false;        ///< memory is NaN before it is written and after its last use: for tests
};

} // namespace qs::exec
