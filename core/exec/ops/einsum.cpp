#include "core/exec/ops/list.h"
#include "core/exec/ops/strided.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <array>

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

void computeEinsum(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool* pool)
{
    std::vector<ValueInfo> infos;
    for (const ConstView& v : in)
        infos.push_back({v.dtype, v.shape});
    const Equation e = *readEquation(node, infos);
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

} // namespace

std::span<const OpDef> einsumOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Einsum", .infer = inferEinsum, .compute = computeEinsum, .acceptsStrides = true},
    };
    return ops;
}

} // namespace qs::exec
