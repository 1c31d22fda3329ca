#pragma once

#include "core/kernels/activation.h"

#include <cstddef>

namespace qs::kernels {

/// A product [m, k] times [k, n].
struct GemmShape {
    const char* name;
    std::size_t m, k, n;
    Activation activation = Activation::None;
    bool packEachTime = false; ///< K^T and V of attention
};

/// DeiT-Tiny, one image: the products of a block, those of one head, the classifier; then a batch of eight, and
/// larger models.
constexpr GemmShape kGemmShapes[] = {
    {"qkv", 197, 192, 576},
    {"fc1", 197, 192, 768},
    {"fc1+gelu", 197, 192, 768, Activation::Gelu},
    {"fc2", 197, 768, 192},
    {"proj", 197, 192, 192},
    {"scores", 197, 64, 197},
    {"scores+pack", 197, 64, 197, Activation::None, true},
    {"context", 197, 197, 64},
    {"context+pack", 197, 197, 64, Activation::None, true},
    {"head", 1, 192, 1000},
    {"fc1 x8", 1576, 192, 768},
    {"fc2 x8", 1576, 768, 192},
    {"vit-s fc1", 197, 384, 1536},
    {"vit-s fc2", 197, 1536, 384},
    {"vit-b fc2", 197, 3072, 768},
};

} // namespace qs::kernels
