#include "core/onnx/prepare/expansion.h"

#include <numeric>
#include <vector>

namespace qs::onnx {

namespace {

/// Cosines or sines [b, 1, s, d/2] as they are given: for each token, or by its position in a table.
std::string angles(Expansion& e, int table, int positions, int64_t tokens)
{
    if (!e.has(positions))
        return e.unsqueeze(e.input(table), 1);
    const exec::ValueInfo* which = e.fact(positions);
    if (!which || which->shape.rank() != 1)
        return e.unsqueeze(e.add("Gather", {e.input(table), e.input(positions)}, "axis", int64_t{0}), 1);
    std::vector<int64_t> steps(static_cast<std::size_t>(tokens)); // the position of the first token
    std::iota(steps.begin(), steps.end(), 0);
    const auto each = e.add("Add", {e.input(positions), e.list(steps)});
    return e.unsqueeze(e.unsqueeze(e.add("Gather", {e.input(table), each}, "axis", int64_t{0}), 0), 0);
}

/// x [b, heads, s, d] or [b, s, heads · d]. Pairs (x1, x2) of the first `turned` values of a head, halves or
/// neighbours, are turned: (x1 cos - x2 sin, x1 sin + x2 cos).
Result<void> turnPairs(Expansion& e, int64_t heads, const exec::ValueInfo& x, int cosines, int sines, int positions)
{
    const bool flat = x.shape.rank() == 3;
    if (heads < 1 || (flat && x.shape[2] % heads != 0))
        return fail(ErrorCode::Malformed, "has a number of heads that does not fit");
    const int64_t size = flat ? x.shape[2] / heads : x.shape[3];
    const int64_t turned = e.integer("rotary_embedding_dim", 0) > 0 ? e.integer("rotary_embedding_dim", 0) : size;
    if (turned > size || turned % 2 != 0)
        return fail(ErrorCode::Malformed,
                    "turns " + std::to_string(turned) + " of " + std::to_string(size) + " values");
    const auto all = flat ? e.transpose(e.reshape(e.input(0), {0, 0, heads, -1}), {0, 2, 1, 3}) : e.input(0);
    const int64_t tokens = flat ? x.shape[1] : x.shape[2];
    const auto cos = angles(e, cosines, positions, tokens), sin = angles(e, sines, positions, tokens);
    const bool neighbours = e.integer("interleaved", 0) != 0;
    const int64_t half = turned / 2;
    const auto x1 = neighbours ? e.slice(all, 3, 0, turned, 2) : e.slice(all, 3, 0, half);
    const auto x2 = neighbours ? e.slice(all, 3, 1, turned, 2) : e.slice(all, 3, half, turned);
    const auto real = e.add("Sub", {e.add("Mul", {x1, cos}), e.add("Mul", {x2, sin})});
    const auto imaginary = e.add("Add", {e.add("Mul", {x1, sin}), e.add("Mul", {x2, cos})});
    std::string y;
    if (neighbours)
        y = e.reshape(e.add("Concat", {e.unsqueeze(real, 4), e.unsqueeze(imaginary, 4)}, "axis", int64_t{4}),
                      {0, 0, 0, turned});
    else
        y = e.add("Concat", {real, imaginary}, "axis", int64_t{3});
    if (turned < size)
        y = e.add("Concat", {y, e.slice(all, 3, turned, size)}, "axis", int64_t{3});
    e.finish(flat ? e.reshape(e.transpose(y, {0, 2, 1, 3}), {0, 0, -1}) : y);
    return {};
}

/// RotaryEmbedding of opset 23: x, cos and sin [b, s, d/2], or [positions, d/2] with position_ids [b, s].
Result<void> rotaryEmbedding(Expansion& e)
{
    const exec::ValueInfo* x = e.fact(0);
    if (!x)
        return {};
    if (x->shape.rank() != 3 && x->shape.rank() != 4)
        return fail(ErrorCode::ShapeMismatch, "has not 3 or 4 dimensions");
    const int64_t heads = x->shape.rank() == 3 ? e.integer("num_heads", 0) : x->shape[1];
    return turnPairs(e, heads, *x, 1, 2, 3);
}

/// com.microsoft RotaryEmbedding: x, position_ids [b, s] or the first one's [1], cos and sin [positions, d/2].
/// Without num_heads a head is as long as the tables say.
Result<void> rotaryEmbeddingOfRuntime(Expansion& e)
{
    const exec::ValueInfo *x = e.fact(0), *table = e.fact(2);
    if (!x || !table || !e.fact(1))
        return {};
    if ((x->shape.rank() != 3 && x->shape.rank() != 4) || table->shape.rank() != 2)
        return fail(ErrorCode::ShapeMismatch, "has not 3 or 4 dimensions, or its tables not 2");
    if (e.integer("is_packed_batching", 0) != 0 || e.real("scale", 1) != 1)
        return fail(ErrorCode::Unsupported, "packs its batch, or scales its positions");
    int64_t heads = x->shape.rank() == 3 ? e.integer("num_heads", 0) : x->shape[1];
    if (heads == 0 && e.integer("rotary_embedding_dim", 0) == 0 && table->shape[1] > 0)
        heads = x->shape[2] / (2 * table->shape[1]);
    return turnPairs(e, heads, *x, 2, 3, 1);
}

std::optional<exec::ValueInfo> likeFirst(Infos inputs)
{
    return inputs.empty() ? std::nullopt : std::optional(inputs[0]);
}

} // namespace

std::span<const ExpansionRule> rotaryExpansions()
{
    static constexpr ExpansionRule rules[] = {
        {"", "RotaryEmbedding", rotaryEmbedding, likeFirst},
        {"com.microsoft", "RotaryEmbedding", rotaryEmbeddingOfRuntime, likeFirst},
    };
    return rules;
}

} // namespace qs::onnx
