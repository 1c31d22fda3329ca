#include "core/onnx/prepare/expansion.h"

#include <numeric>
#include <utility>
#include <vector>

namespace qs::onnx {

namespace {

/// The last two axes exchanged; after `batch`, the first axis stands in their middle (transBatch).
std::string turned(Expansion& e, int i, bool last, bool batch)
{
    if (!last && !batch)
        return e.input(i);
    std::vector<int64_t> perm(e.fact(i)->shape.rank());
    std::iota(perm.begin(), perm.end(), 0);
    if (batch && perm.size() > 2) { // [1, .., n-2, 0, n-1]
        std::iota(perm.begin(), perm.end() - 2, 1);
        perm[perm.size() - 2] = 0;
    }
    if (last && perm.size() > 1)
        std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    return e.transpose(e.input(i), perm);
}

/// FusedMatMul: alpha · A B, operands transposed on request.
Result<void> fusedMatMul(Expansion& e)
{
    if (!e.fact(0) || !e.fact(1))
        return {};
    const auto a = turned(e, 0, e.integer("transA", 0) != 0, e.integer("transBatchA", 0) != 0);
    const auto b = turned(e, 1, e.integer("transB", 0) != 0, e.integer("transBatchB", 0) != 0);
    const auto product = e.add("MatMul", {a, b});
    const float alpha = e.real("alpha", 1);
    e.finish(alpha == 1 ? product : e.add("Mul", {product, e.scalar(alpha)}));
    return {};
}

/// What stands behind a fused product, with its parameters: a list of FusedConv, attributes of FusedGemm.
Result<std::string> activated(Expansion& e, const std::string& x)
{
    const std::string name = e.text("activation", "");
    const auto list = e.reals("activation_params");
    const auto parameter = [&](std::size_t i, std::string_view attribute, float fallback) {
        return i < list.size() ? list[i] : e.real(attribute, fallback);
    };
    if (name.empty())
        return x;
    if (name == "Relu" || name == "Sigmoid" || name == "Tanh")
        return e.add(name, {x});
    if (name == "LeakyRelu") {
        const auto y = e.add(name, {x});
        e.setLast("alpha", parameter(0, "activation_alpha", 0.01f));
        return y;
    }
    if (name == "HardSigmoid") {
        const auto y = e.add(name, {x});
        e.setLast("alpha", parameter(0, "activation_alpha", 0.2f));
        e.setLast("beta", parameter(1, "activation_beta", 0.5f));
        return y;
    }
    if (name == "Clip" && list.size() == 2)
        return e.add("Min", {e.add("Max", {x, e.scalar(list[0])}), e.scalar(list[1])});
    return fail(ErrorCode::Unsupported, "has the activation '" + name +
                                            "': save the model with optimisation level basic instead of extended");
}

/// FusedConv: Conv, then another value is added, then the activation.
Result<void> fusedConv(Expansion& e)
{
    Expansion::Values inputs{e.input(0), e.input(1)};
    if (e.has(2))
        inputs.push_back(e.input(2));
    auto y = e.add("Conv", inputs);
    e.keepAttributes({"activation", "activation_params"});
    if (e.has(3))
        y = e.add("Add", {y, e.input(3)});
    QS_ASSIGN(const std::string last, activated(e, y));
    e.finish(last);
    return {};
}

Result<void> fusedGemm(Expansion& e)
{
    Expansion::Values inputs{e.input(0), e.input(1)};
    if (e.has(2))
        inputs.push_back(e.input(2));
    const auto y = e.add("Gemm", inputs);
    e.keepAttributes({"activation", "activation_alpha", "activation_beta", "activation_gamma"});
    QS_ASSIGN(const std::string last, activated(e, y));
    e.finish(last);
    return {};
}

/// NhwcConv: [n, h, w, c], weights [o, kh, kw, i].
Result<void> nhwcConv(Expansion& e)
{
    Expansion::Values inputs{e.transpose(e.input(0), {0, 3, 1, 2}), e.transpose(e.input(1), {0, 3, 1, 2})};
    if (e.has(2))
        inputs.push_back(e.input(2));
    const auto y = e.add("Conv", inputs);
    e.keepAttributes();
    e.finish(e.transpose(y, {0, 2, 3, 1}));
    return {};
}

std::optional<exec::ValueInfo> product(Infos inputs)
{
    // The shape that its expansion has is not needed to find the facts of what follows; the import starts again.
    return inputs.empty() ? std::nullopt : std::optional(inputs[0]);
}

} // namespace

std::span<const ExpansionRule> productExpansions()
{
    static constexpr ExpansionRule rules[] = {
        {"com.microsoft", "FusedConv", fusedConv},
        {"com.microsoft", "FusedGemm", fusedGemm},
        {"com.microsoft", "FusedMatMul", fusedMatMul, product},
        {"com.microsoft", "NhwcConv", nhwcConv},
    };
    return rules;
}

} // namespace qs::onnx
