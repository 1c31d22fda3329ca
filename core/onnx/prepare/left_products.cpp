#include "core/onnx/prepare/left_products.h"

#include <numeric>
#include <utility>

namespace qs::onnx {

namespace {

/// The last two dimensions change places.
std::string turned(Expansion& e, const std::string& x, int64_t rank)
{
    std::vector<int64_t> perm(static_cast<std::size_t>(rank));
    std::iota(perm.begin(), perm.end(), 0);
    std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    return e.transpose(x, std::move(perm));
}

} // namespace

void expandLeftProduct(Expansion& e, const LeftProduct& product)
{
    const bool isGemm = e.op() == "Gemm";
    const bool leftTurned = isGemm && e.integer("transA", 0) != 0,
               rightTurned = isGemm && e.integer("transB", 0) != 0;
    std::string w = e.input(0);
    if (product.hasLeadingOne)
        w = e.reshape(w, {product.rows, product.columns});
    if (!leftTurned)
        w = turned(e, w, 2);
    if (const float alpha = e.real("alpha", 1); isGemm && alpha != 1)
        w = e.add("Mul", {w, e.scalar(alpha)});
    const std::string x = rightTurned ? e.input(1) : turned(e, e.input(1), product.rightRank);
    std::string y = turned(e, e.add("MatMul", {x, w}), product.rightRank);
    const float beta = e.real("beta", 1);
    if (isGemm && e.has(2) && beta != 0)
        y = e.add("Add", {y, beta == 1 ? e.input(2) : e.add("Mul", {e.input(2), e.scalar(beta)})});
    e.finish(y);
}

std::optional<LeftProduct> leftProduct(std::string_view op, const Tensor* left, const Shape& right,
                                       bool rightIsConstant)
{
    if ((op != "MatMul" && op != "Gemm") || !left || rightIsConstant || left->dtype() != DType::Float32 ||
        right.rank() < 2)
        return std::nullopt;
    const Shape& shape = left->shape();
    const bool hasLeadingOne = shape.rank() == 3 && shape[0] == 1 && right.rank() >= 3;
    if (shape.rank() != 2 && !hasLeadingOne)
        return std::nullopt;
    return LeftProduct{static_cast<int64_t>(right.rank()), shape[shape.rank() - 2], shape.back(), hasLeadingOne};
}

} // namespace qs::onnx
