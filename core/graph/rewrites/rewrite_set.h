#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace qs::graph {

/// The rewrites of `canonicalise`, in the order in which they are tried; one bit each. Which of them run changes how
/// a network is computed, never what it computes: a difference that goes away without one names the guilty rewrite.
using RewriteSet = std::uint32_t;
inline constexpr std::array<std::string_view, 6> kRewriteNames = {"linear", "convolution", "layer-normalization",
                                                                  "gelu",   "softmax",     "activation"};
inline constexpr RewriteSet kAllRewrites = (RewriteSet{1} << kRewriteNames.size()) - 1;
constexpr RewriteSet without(std::size_t rewrite)
{
    return kAllRewrites & ~(RewriteSet{1} << rewrite);
}

} // namespace qs::graph
