#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"

#include <algorithm>
#include <string>

namespace qs::exec {

namespace {

/// What Resize does along one axis, as a matrix [in, out]: it resizes the rows of the unit matrix.
Tensor axisMatrix(const BackwardCall& call, std::size_t axis)
{
    const int64_t in = call.in[0].shape[axis];
    graph::Node node = derivedNode("Resize", call.node.attributes, 1);
    if (const auto scales = numbersOf(node, "scales"); scales && !scales->empty())
        node.attributes.set("scales", std::vector<float>{1, static_cast<float>((*scales)[axis])});
    if (const auto sizes = integersOf(node, "sizes"); sizes && !sizes->empty())
        node.attributes.set("sizes", std::vector<int64_t>{in, (*sizes)[axis]});
    Tensor unit = zeros({in, in});
    for (int64_t i = 0; i < in; ++i)
        unit.mutableData<float>()[static_cast<std::size_t>(i * in + i)] = 1;
    return computeNode(node, {&unit, 1}, call.pool);
}

/// Axis by axis: [outer, out, inner] -> [outer, in, inner] with the matrix of the axis.
void resizeBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.in[0].shape;
    Tensor g = call.seeds[0];
    for (std::size_t d = 0; d < shape.rank(); ++d) {
        if (shape[d] == call.out[0].shape[d])
            continue;
        const Tensor matrix = axisMatrix(call, d);
        const int64_t out = call.out[0].shape[d];
        Shape next = g.shape();
        next[d] = shape[d];
        const int64_t inner = next.product(d + 1, next.rank());
        Tensor result = zeros(next);
        float* dst = result.mutableData<float>().data();
        for (int64_t o = 0; o < next.product(0, d); ++o)
            multiply({matrix.floats().data(), shape[d], out, out, 1},
                     {g.floats().data() + o * out * inner, out, inner, inner, 1}, dst + o * shape[d] * inner, false,
                     call.pool);
        g = std::move(result);
    }
    gradients[0] = g;
}

/// An axis whose size stays may still be resampled where its scale is not 1.
Result<void> checkResize(const graph::Node& node, Infos in)
{
    const auto scales = numbersOf(node, "scales");
    for (std::size_t d = 0; scales && !scales->empty() && d < in[0].shape.rank(); ++d)
        if ((*scales)[d] != 1 &&
            static_cast<int64_t>(static_cast<double>(in[0].shape[d]) * (*scales)[d]) == in[0].shape[d])
            return unsupported("Resize to the same size with a scale of " + std::to_string((*scales)[d]));
    return {};
}

struct Terms {
    std::vector<std::string> inputs;
    std::string output;
};

Terms termsOf(const graph::Node& node)
{
    std::string text = node.attributes.text("equation", "");
    std::erase(text, ' ');
    const std::size_t arrow = text.find("->");
    Terms terms;
    terms.inputs.emplace_back();
    for (const char c : text.substr(0, arrow))
        if (c == ',')
            terms.inputs.emplace_back();
        else
            terms.inputs.back() += c;
    if (arrow != std::string::npos) {
        terms.output = text.substr(arrow + 2);
    } else {
        std::string all;
        for (const std::string& t : terms.inputs)
            all += t;
        for (char c = 'A'; c <= 'z'; ++c)
            if (std::ranges::count(all, c) == 1)
                terms.output += c;
    }
    return terms;
}

Result<void> checkEinsum(const graph::Node& node, Infos)
{
    for (const std::string& term : termsOf(node).inputs)
        for (const char c : term)
            if (std::ranges::count(term, c) > 1)
                return unsupported("Einsum that takes a diagonal (\"" + term + "\")");
    return {};
}

/// Another Einsum, of the seed and the other operand; labels that only this operand has are summed: they spread.
void einsumBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Terms terms = termsOf(call.node);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        if (!call.wanted[i])
            continue;
        const bool pair = terms.inputs.size() == 2;
        const std::string& own = terms.inputs[i];
        const std::string other = pair ? terms.inputs[1 - i] : "";
        std::string found;
        Shape kept = call.in[i].shape;
        for (std::size_t d = 0; d < own.size(); ++d)
            if ((terms.output + other).find(own[d]) != std::string::npos)
                found += own[d];
            else
                kept[d] = 1;
        graph::Node node = derivedNode("Einsum", {}, pair ? 2 : 1);
        node.attributes.set("equation", terms.output + (pair ? "," + other : "") + "->" + found);
        std::vector<Tensor> inputs{call.seeds[0]};
        if (pair)
            inputs.push_back(call.inputs[1 - i]);
        const Tensor result = computeNode(node, inputs, call.pool).reshaped(kept);
        if (kept == call.in[i].shape) {
            gradients[i] = result;
            continue;
        }
        gradients[i] = zeros(call.in[i].shape);
        copyStrided({result.bytes(), DType::Float32, call.in[i].shape,
                     broadcastStrides(kept, contiguousStrides(kept), call.in[i].shape)},
                    gradients[i].mutableBytes(), call.pool);
    }
}

} // namespace

std::span<const BackwardDef> linearMapGradients()
{
    static constexpr BackwardDef all[] = {
        {.op = "Einsum", .keeps = Keeps::Inputs, .backward = einsumBackward, .check = checkEinsum},
        {.op = "Resize", .backward = resizeBackward, .check = checkResize},
    };
    return all;
}

} // namespace qs::exec
