#include "core/onnx/lowering.h"

#include <algorithm>

namespace qs::onnx {

namespace {

Result<void> needFloat(Lowering& n)
{
    for (std::size_t i = 0; i < n.inputCount(); ++i)
        if (n.has(i) && n.dtype(i) != DType::Float32)
            return fail(ErrorCode::Unsupported, "input " + std::to_string(i) + " is of type " +
                                                    std::string(dtypeName(n.dtype(i))) + ", not float");
    return {};
}

Result<void> matMul(Lowering& n)
{
    QS_CHECK(needFloat(n));
    return n.finish("MatMul", {n.input(0), n.input(1)});
}

Result<TensorId> transposed(Lowering& n, std::size_t i)
{
    graph::Attributes attributes;
    attributes.set("perm", std::vector<int64_t>{1, 0});
    return n.step("Transpose", {n.input(i)}, std::move(attributes));
}

Result<TensorId> scaled(Lowering& n, TensorId id, float factor)
{
    if (factor == 1.0f)
        return id;
    QS_ASSIGN(const TensorId constant, n.constantStep(Tensor::scalar(factor)));
    return n.step("Mul", {id, constant});
}

/// alpha · A' · B' + beta · C as MatMul and Add; alpha is folded into the constant B, beta into the constant C.
Result<void> gemm(Lowering& n)
{
    QS_CHECK(needFloat(n));
    QS_CHECK(n.needRank(0, 2, 2));
    QS_CHECK(n.needRank(1, 2, 2));
    TensorId a = n.input(0), b = n.input(1);
    if (n.attributes().integer("transA", 0) != 0) {
        QS_ASSIGN(a, transposed(n, 0));
    }
    if (n.attributes().integer("transB", 0) != 0) {
        QS_ASSIGN(b, transposed(n, 1));
    }
    QS_ASSIGN(b, scaled(n, b, n.attributes().real("alpha", 1.0f)));
    if (!n.has(2) || n.attributes().real("beta", 1.0f) == 0.0f)
        return n.finish("MatMul", {a, b});
    QS_ASSIGN(const TensorId c, scaled(n, n.input(2), n.attributes().real("beta", 1.0f)));
    QS_ASSIGN(const TensorId product, n.step("MatMul", {a, b}));
    const Shape expected = n.builder().value(product).shape;
    QS_CHECK(n.finish("Add", {product, c}));
    if (n.builder().value(n.results().front()).shape != expected)
        return fail(ErrorCode::ShapeMismatch, "its C does not broadcast to " + expected.text());
    return {};
}

/// The equation with a label for each dimension that an ellipsis stands for: "...si,...id->...sd" of rank 4 is
/// "ABsi,ABid->ABsd". Without an arrow the result has those first, then the labels that occur once, in alphabetical
/// order. Dimensions of one under an ellipsis are not stretched: inference says that a label has two sizes.
Result<std::string> withoutEllipsis(Lowering& n)
{
    std::string text = n.attributes().text("equation", "");
    std::erase(text, ' ');
    if (text.find("...") == std::string::npos)
        return text;
    std::string free; // upper case first, as an implicit result would sort them
    for (char c = 'A'; c <= 'z'; ++c)
        if ((c <= 'Z' || c >= 'a') && text.find(c) == std::string::npos)
            free += c;
    const std::size_t arrow = text.find("->");
    std::size_t longest = 0;
    std::vector<std::string> terms(1);
    for (const char c : text.substr(0, arrow))
        c == ',' ? (void)terms.emplace_back() : terms.back().push_back(c);
    const auto covered = [&](std::size_t i) {
        return static_cast<std::size_t>(n.rank(i)) -
               std::min(terms[i].size() - 3, static_cast<std::size_t>(n.rank(i)));
    };
    for (std::size_t i = 0; i < terms.size(); ++i) {
        if (i >= n.inputCount() || !n.has(i) || terms[i].size() > static_cast<std::size_t>(n.rank(i)) + 3)
            return fail(ErrorCode::ShapeMismatch, "its equation \"" + text + "\" does not fit its inputs");
        if (terms[i].find("...") != std::string::npos)
            longest = std::max(longest, covered(i));
    }
    if (longest > free.size())
        return fail(ErrorCode::Unsupported, "has more labels than letters");
    const std::string labels = free.substr(0, longest);
    std::string expanded;
    for (std::size_t i = 0; i < terms.size(); ++i) {
        if (const std::size_t at = terms[i].find("..."); at != std::string::npos)
            terms[i].replace(at, 3, labels.substr(longest - covered(i)));
        expanded += (i ? "," : "") + terms[i];
    }
    std::string result = arrow == std::string::npos ? "..." : text.substr(arrow + 2);
    if (arrow == std::string::npos)
        for (char c = 'A'; c <= 'z'; ++c)
            if (labels.find(c) == std::string::npos && std::ranges::count(expanded, c) == 1)
                result += c;
    if (const std::size_t at = result.find("..."); at != std::string::npos)
        result.replace(at, 3, labels);
    return expanded + "->" + result;
}

Result<void> einsum(Lowering& n)
{
    QS_CHECK(needFloat(n));
    QS_ASSIGN(std::string equation, withoutEllipsis(n));
    std::vector<TensorId> inputs;
    for (std::size_t i = 0; i < n.inputCount(); ++i)
        inputs.push_back(n.input(i));
    graph::Attributes attributes;
    attributes.set("equation", std::move(equation));
    return n.finish("Einsum", std::move(inputs), std::move(attributes));
}

constexpr Rule kRules[] = {{"MatMul", 2, 2, matMul}, {"Gemm", 2, 3, gemm}, {"Einsum", 2, 2, einsum}};

} // namespace

std::span<const Rule> productRules()
{
    return kRules;
}

} // namespace qs::onnx
