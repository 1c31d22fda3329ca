#include "core/graph/sites.h"

namespace qs::graph {

namespace {

struct RoleText {
    Role role;
    std::string_view name;
    std::string_view title;
};

constexpr RoleText kRoles[] = {
    {Role::PatchEmbed, "patch-embed", "Patch embedding"},
    {Role::Qkv, "qkv", "Q, K, V projection"},
    {Role::Query, "query", "Query projection"},
    {Role::Key, "key", "Key projection"},
    {Role::Value, "value", "Value projection"},
    {Role::QueryOperand, "query-operand", "Q·Kᵀ query"},
    {Role::KeyOperand, "key-operand", "Q·Kᵀ key"},
    {Role::SoftmaxOutput, "softmax-output", "A·V softmax output"},
    {Role::ValueOperand, "value-operand", "A·V value"},
    {Role::Proj, "proj", "Attention projection"},
    {Role::Fc1, "fc1", "MLP first layer"},
    {Role::Fc2, "fc2", "MLP second layer"},
    {Role::Downsample, "downsample", "Downsampling"},
    {Role::Conv, "conv", "Convolution"},
    {Role::DepthwiseConv, "depthwise-conv", "Depthwise convolution"},
    {Role::PointwiseConv, "pointwise-conv", "Pointwise convolution"},
    {Role::Bridge, "bridge", "Bridge"},
    {Role::Head, "head", "Classifier"},
    {Role::Linear, "linear", "Linear layer"},
    {Role::MatMulOperand, "matmul-operand", "Product operand"},
    {Role::LayerNormInput, "layer-norm-input", "LayerNorm input"},
    {Role::SoftmaxInput, "softmax-input", "Softmax input"},
    {Role::GeluInput, "gelu-input", "GELU or SiLU input"},
    {Role::ResidualSum, "residual-sum", "Residual sum"},
    {Role::Logits, "logits", "Logits"},
};

} // namespace

std::string_view roleName(Role role)
{
    for (const RoleText& text : kRoles)
        if (text.role == role)
            return text.name;
    return {};
}

std::optional<Role> roleFromName(std::string_view name)
{
    for (const RoleText& text : kRoles)
        if (text.name == name)
            return text.role;
    return std::nullopt;
}

std::string_view roleTitle(Role role)
{
    for (const RoleText& text : kRoles)
        if (text.role == role)
            return text.title;
    return {};
}

} // namespace qs::graph
