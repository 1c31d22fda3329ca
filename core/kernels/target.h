#pragma once

#include "core/base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace qs::kernels {

/// Chooses the instruction set that all kernels use from now on. The best one of this machine is used when nothing is
/// chosen, so calling this is needed only to obey the environment variable QUANTOSCOPE_TARGET (programs do it first
/// thing in main, before other threads and before anything is packed).
/// Names: lower-case Highway targets that this build has ("scalar", "sse2", "ssse3", "sse4", "avx2", "avx3", ...;
/// "scalar" is the build's lowest target that the machine runs when no truly scalar one is compiled), and those that
/// add an instruction for products of integers: "avx_vnni" to avx2, "avx512_vnni" and "amx" to avx3 (the best one).
/// Empty or unset: the best. Errors: InvalidArgument (unknown name), Unsupported (known, but not on this machine).
Result<void> selectTarget();
Result<void> selectTarget(std::string_view name);

/// Name of the target in use, e.g. "avx2".
std::string activeTargetName();

/// Names of the targets that are compiled in and run here, best first.
std::vector<std::string> availableTargets();

/// True if the target in use has a fused multiply-add. Kernels documented as "bit-equal where FMA exists" keep their
/// stated error bound on the others (old x86 without FMA), where a product and a sum are rounded separately.
bool targetHasFma();

} // namespace qs::kernels
