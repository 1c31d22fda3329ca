#include "core/onnx/prepare/expansion.h"

namespace qs::onnx {

namespace {

/// RotaryEmbedding of opset 23: x [b, heads, s, d] or [b, s, heads · d], cos and sin [b, s, d/2], or [positions, d/2]
/// with position_ids [b, s]. Pairs (x1, x2), halves or neighbours, are turned: (x1 cos - x2 sin, x1 sin + x2 cos).
Result<void> rotaryEmbedding(Expansion& e)
{
    const exec::ValueInfo* x = e.fact(0);
    if (!x)
        return {};
    const bool flat = x->shape.rank() == 3;
    if (!flat && x->shape.rank() != 4)
        return fail(ErrorCode::ShapeMismatch, "has not 3 or 4 dimensions");
    const int64_t heads = flat ? e.integer("num_heads", 0) : x->shape[1];
    if (heads < 1 || (flat && x->shape[2] % heads != 0))
        return fail(ErrorCode::Malformed, "has a number of heads that does not fit");
    const int64_t size = flat ? x->shape[2] / heads : x->shape[3];
    const int64_t turned = e.integer("rotary_embedding_dim", 0) > 0 ? e.integer("rotary_embedding_dim", 0) : size;
    if (turned > size || turned % 2 != 0)
        return fail(ErrorCode::Malformed,
                    "turns " + std::to_string(turned) + " of " + std::to_string(size) + " values");
    const auto all = flat ? e.transpose(e.reshape(e.input(0), {0, 0, heads, -1}), {0, 2, 1, 3}) : e.input(0);
    const auto angle = [&](int i) {
        auto table = e.input(i);
        if (e.has(3)) {
            table = e.add("Gather", {table, e.input(3)}, "axis", int64_t{0});
        }
        return e.unsqueeze(table, 1); // [b, 1, s, d/2]
    };
    const auto cos = angle(1), sin = angle(2);
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

std::optional<exec::ValueInfo> likeFirst(Infos inputs)
{
    return inputs.empty() ? std::nullopt : std::optional(inputs[0]);
}

} // namespace

std::span<const ExpansionRule> rotaryExpansions()
{
    static constexpr ExpansionRule rules[] = {{"", "RotaryEmbedding", rotaryEmbedding, likeFirst}};
    return rules;
}

} // namespace qs::onnx
