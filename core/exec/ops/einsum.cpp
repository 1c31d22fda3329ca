#include "core/exec/ops/list.h"
#include "core/exec/ops/product.h"
#include "core/exec/ops/strided.h"
#include "core/exec/ops/support.h"
#include "core/kernels/gemm.h"

#include <algorithm>
#include <array>
#include <optional>

namespace qs::exec {

namespace {

/// An equation read for its operands: the size of every label, and the labels of the result and of the sum.
struct Equation {
    std::vector<std::string> terms;
    std::string output;
    std::string summed;
    std::array<int64_t, 128> sizes{};
};

Result<Equation> readEquation(const graph::Node& node, Infos in)
{
    std::string text = node.attributes.text("equation", "");
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    if (text.find('.') != std::string::npos)
        return unsupported("Einsum with an ellipsis");
    const std::size_t arrow = text.find("->");
    Equation e;
    e.terms.emplace_back();
    for (const char c : text.substr(0, arrow)) {
        if (c == ',')
            e.terms.emplace_back();
        else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            e.terms.back() += c;
        else
            return mismatch("Einsum equation \"" + text + "\" cannot be read");
    }
    if (e.terms.size() != in.size() || in.size() > 2)
        return unsupported("Einsum equation \"" + text + "\" of " + std::to_string(in.size()) + " operands");
    e.sizes.fill(-1);
    std::string labels;
    for (std::size_t t = 0; t < e.terms.size(); ++t) {
        if (e.terms[t].size() != in[t].shape.rank())
            return mismatch("term \"" + e.terms[t] + "\" does not fit " + in[t].shape.text());
        for (std::size_t i = 0; i < e.terms[t].size(); ++i) {
            int64_t& size = e.sizes[static_cast<std::size_t>(e.terms[t][i])];
            if (size >= 0 && size != in[t].shape[i])
                return mismatch("label " + std::string(1, e.terms[t][i]) + " has two sizes");
            if (size < 0)
                labels += e.terms[t][i];
            size = in[t].shape[i];
        }
    }
    if (arrow != std::string::npos) {
        e.output = text.substr(arrow + 2);
    } else { // the labels that occur once, in alphabetical order
        std::string all;
        for (const std::string& t : e.terms)
            all += t;
        for (char c = 'A'; c <= 'z'; ++c)
            if (std::count(all.begin(), all.end(), c) == 1)
                e.output += c;
    }
    for (const char c : e.output)
        if (labels.find(c) == std::string::npos || std::count(e.output.begin(), e.output.end(), c) != 1)
            return mismatch("Einsum equation \"" + text + "\" cannot be read");
    for (const char c : labels)
        if (e.output.find(c) == std::string::npos)
            e.summed += c;
    if (e.summed.size() > Shape::kMaxRank || e.output.size() > Shape::kMaxRank)
        return fail(ErrorCode::TooLarge, "Einsum over too many labels");
    return e;
}

InferResult inferEinsum(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 2));
    for (std::size_t i = 0; i < in.size(); ++i)
        QS_CHECK(expectType(in, i, DType::Float32));
    QS_ASSIGN(const Equation e, readEquation(node, in));
    std::vector<int64_t> dims;
    for (const char c : e.output)
        dims.push_back(e.sizes[static_cast<std::size_t>(c)]);
    return oneOutput(DType::Float32, dims);
}

/// Stride with which `label` moves through an operand; a repeated label walks a diagonal.
int64_t strideOf(const std::string& term, const ConstView& view, char label)
{
    int64_t stride = 0;
    for (std::size_t i = 0; i < term.size(); ++i)
        stride += term[i] == label ? view.strides[i] : 0;
    return stride;
}

/// Label by label: what is no product of matrices.
void sumProducts(const Equation& e, std::span<const ConstView> in, std::span<const View> out, ThreadPool* pool)
{
    static const float kOne = 1;
    const float* b = in.size() > 1 ? in[1].as<float>() : &kOne;
    const auto stridesFor = [&](std::size_t operand, const std::string& labels) {
        Shape strides;
        for (const char c : labels)
            strides.push_back(operand < in.size() ? strideOf(e.terms[operand], in[operand], c) : 0);
        return strides;
    };
    Shape summed;
    for (const char c : e.summed)
        summed.push_back(e.sizes[static_cast<std::size_t>(c)]);
    const StridedLoop<2> outer(out[0].shape, {stridesFor(0, e.output), stridesFor(1, e.output)});
    const StridedLoop<2> inner(summed, {stridesFor(0, e.summed), stridesFor(1, e.summed)});
    const int64_t sa = inner.innerStride(0);
    const int64_t sb = inner.innerStride(1);
    const int64_t columns = outer.inner();
    parallelChunks(pool, outer.rows(), std::max<int64_t>(1, 64 / std::max<int64_t>(1, columns)),
                   [&](int64_t r0, int64_t r1) {
                       float* dst = out[0].as<float>() + r0 * columns;
                       outer.forRows(r0, r1, [&](const std::array<int64_t, 2>& at) {
                           for (int64_t i = 0; i < columns; ++i) {
                               const float* x = in[0].as<float>() + at[0] + i * outer.innerStride(0);
                               const float* y = b + at[1] + i * outer.innerStride(1);
                               float sum = 0;
                               inner.forRows(0, inner.rows(), [&](const std::array<int64_t, 2>& in2) {
                                   for (int64_t j = 0; j < inner.inner(); ++j)
                                       sum += x[in2[0] + j * sa] * y[in2[1] + j * sb];
                               });
                               *dst++ = sum;
                           }
                       });
                   });
}

/// The equation as products of matrices: labels of both operands and the result count matrices, those of one operand
/// and the result are rows or columns, those of both operands alone are summed.
struct Products {
    std::string batch, rows, columns, summed;
    int64_t count(const Equation& e, const std::string& labels) const
    {
        int64_t n = 1;
        for (const char c : labels)
            n *= e.sizes[static_cast<std::size_t>(c)];
        return n;
    }
};

/// Nothing where a label is repeated in an operand or summed in one alone, where there is one operand, or where the
/// matrices would be tiny.
std::optional<Products> productsOf(const Equation& e)
{
    if (e.terms.size() != 2)
        return std::nullopt;
    const auto has = [](const std::string& s, char c) { return s.find(c) != std::string::npos; };
    for (const std::string& term : e.terms)
        for (const char c : term)
            if (std::count(term.begin(), term.end(), c) != 1)
                return std::nullopt;
    Products p;
    for (const char c : e.output)
        (has(e.terms[0], c) ? has(e.terms[1], c) ? p.batch : p.rows : p.columns) += c;
    p.summed = e.summed;
    for (const char c : e.summed)
        if (!has(e.terms[0], c) || !has(e.terms[1], c))
            return std::nullopt;
    // Matrices of a few results are not worth packing.
    constexpr int64_t kLeastResults = 16;
    if (p.count(e, p.rows) * p.count(e, p.columns) < kLeastResults)
        return std::nullopt;
    return p;
}

Equation equationOf(const graph::Node& node, Infos in)
{
    return *readEquation(node, in);
}

struct MatrixSizes {
    std::size_t m, n, k;
    explicit MatrixSizes(const Equation& e, const Products& p)
        : m(static_cast<std::size_t>(p.count(e, p.rows))), n(static_cast<std::size_t>(p.count(e, p.columns))),
          k(static_cast<std::size_t>(p.count(e, p.summed)))
    {
    }
    static std::size_t aligned(std::size_t floats) { return (floats + 15) / 16 * 16; }
    std::size_t floats() const
    {
        return aligned(m * k) + aligned(k * n) + aligned(m * n) + kernels::packedSize(k, n);
    }
};

std::size_t scratchEinsum(const graph::Node& node, Infos in, int)
{
    const Equation e = equationOf(node, in);
    const auto products = productsOf(e);
    return products ? MatrixSizes(e, *products).floats() * sizeof(float) + 64 : 0;
}

/// One matrix after the other: both operands brought into order, multiplied, the result put where it belongs.
void multiply(const Equation& e, const Products& p, std::span<const ConstView> in, const View& out, float* scratch,
              ThreadPool* pool)
{
    const MatrixSizes size(e, p);
    const ConstView result{out.data, out.dtype, out.shape, contiguousStrides(out.shape)};
    const auto pick = [&](const std::string& term, const ConstView& view, const std::string& labels) {
        Shape strides;
        for (const char c : labels)
            strides.push_back(strideOf(term, view, c));
        return strides;
    };
    const auto shapeOf = [&](const std::string& labels) {
        Shape shape;
        for (const char c : labels)
            shape.push_back(e.sizes[static_cast<std::size_t>(c)]);
        return shape;
    };
    const Shape aShape = shapeOf(p.rows + p.summed), aStrides = pick(e.terms[0], in[0], p.rows + p.summed);
    const Shape bShape = shapeOf(p.summed + p.columns), bStrides = pick(e.terms[1], in[1], p.summed + p.columns);
    const Shape cShape = shapeOf(p.rows + p.columns), cStrides = pick(e.output, result, p.rows + p.columns);
    float* a = scratch;
    float* b = a + MatrixSizes::aligned(size.m * size.k);
    float* c = b + MatrixSizes::aligned(size.k * size.n);
    float* packed = c + MatrixSizes::aligned(size.m * size.n);
    const StridedLoop<3> matrices(
        shapeOf(p.batch),
        {pick(e.terms[0], in[0], p.batch), pick(e.terms[1], in[1], p.batch), pick(e.output, result, p.batch)});
    const bool inPlace = cStrides == contiguousStrides(cShape);
    const auto one = [&](const float* x, const float* y, float* z) {
        if (aStrides != contiguousStrides(aShape)) {
            copyStrided({x, DType::Float32, aShape, aStrides}, a, pool);
            x = a;
        }
        if (bStrides != contiguousStrides(bShape)) {
            copyStrided({y, DType::Float32, bShape, bStrides}, b, pool);
            y = b;
        }
        const auto view = kernels::packMatrixInto(packed, y, size.k, size.n, size.n, 1);
        kernels::gemmParallel(pool, x, size.k, size.m, view, inPlace ? z : c, size.n);
        if (!inPlace)
            copyStrided({c, DType::Float32, cShape, contiguousStrides(cShape)}, z, cStrides, pool);
    };
    matrices.forRows(0, matrices.rows(), [&](const std::array<int64_t, 3>& at) {
        for (int64_t i = 0; i < matrices.inner(); ++i)
            one(in[0].as<float>() + at[0] + i * matrices.innerStride(0),
                in[1].as<float>() + at[1] + i * matrices.innerStride(1),
                out.as<float>() + at[2] + i * matrices.innerStride(2));
    });
}

void computeEinsum(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte> scratch, ThreadPool* pool)
{
    std::vector<ValueInfo> infos;
    for (const ConstView& v : in)
        infos.push_back({v.dtype, v.shape});
    const Equation e = equationOf(node, infos);
    if (out[0].shape.elements() == 0)
        return;
    if (const auto products = productsOf(e))
        multiply(e, *products, in, out[0], reinterpret_cast<float*>(alignScratch(scratch)), pool);
    else
        sumProducts(e, in, out, pool);
}

} // namespace

std::span<const OpDef> einsumOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Einsum",
         .infer = inferEinsum,
         .compute = computeEinsum,
         .scratchBytes = scratchEinsum,
         .acceptsStrides = true},
    };
    return ops;
}

} // namespace qs::exec
