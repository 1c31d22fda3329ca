#pragma once

#include <optional>
#include <string_view>

namespace qs::graph {

/// What the operator that reads a site does in the network, found from structure, never from names.
enum class Role {
    PatchEmbed, ///< first convolution or linear layer on the image
    Qkv,        ///< linear layer that feeds q, k and v together
    Query,
    Key,
    Value,         ///< separate projections
    QueryOperand,  ///< left operand of Q·Kᵀ
    KeyOperand,    ///< right operand of Q·Kᵀ
    SoftmaxOutput, ///< left operand of A·V
    ValueOperand,  ///< right operand of A·V
    Proj,          ///< linear layer after attention
    Fc1,
    Fc2,        ///< the two linear layers of an MLP
    Downsample, ///< patch merging and strided convolutions between stages
    Conv,       ///< other convolution with more than one input channel a group and a kernel larger than 1
    DepthwiseConv,
    PointwiseConv,
    Bridge,        ///< layer of a bridge block (convolutional layout meets token layout)
    Head,          ///< classifier
    Linear,        ///< other linear layer
    MatMulOperand, ///< other product of two activations
    // full coverage only
    LayerNormInput,
    SoftmaxInput,
    GeluInput,
    ResidualSum,
    Logits,
};
std::string_view roleName(Role role); ///< stable, e.g. "fc1", "softmax-output"
std::optional<Role> roleFromName(std::string_view name);
std::string_view roleTitle(Role role); ///< for people, e.g. "Q·Kᵀ key"

} // namespace qs::graph
