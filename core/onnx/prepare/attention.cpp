#include "core/onnx/prepare/attention_masks.h"
#include "core/onnx/prepare/expansion.h"

#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace qs::onnx {

namespace {

/// Values [batch, heads, tokens, head] (keys too) on their way through softmax(scale q kᵀ + bias) v.
struct Heads {
    std::string q, k, v;
};

std::string toHeads(Expansion& e, const std::string& x, int64_t heads)
{
    return e.transpose(e.reshape(x, {0, 0, heads, -1}), {0, 2, 1, 3});
}

std::string fromHeads(Expansion& e, const std::string& x)
{
    return e.reshape(e.transpose(x, {0, 2, 1, 3}), {0, 0, -1});
}

/// 1 / √(last size of q), computed where it is not given: shapes are constants once the file is read.
std::string scaleOf(Expansion& e, const std::string& q)
{
    if (const float given = e.real("scale", 0); given != 0)
        return e.scalar(given);
    const auto size = e.slice(e.add("Shape", {q}), 0, 3, 4);
    const auto real = e.add("Cast", {size}, "to", int64_t{1});
    return e.add("Reciprocal", {e.add("Sqrt", {real})});
}

/// bias: added before the softmax; empty for none.
std::string attend(Expansion& e, const Heads& heads, const std::string& bias)
{
    const auto keys = e.transpose(heads.k, {0, 1, 3, 2});
    auto scores = e.add("Mul", {e.add("MatMul", {heads.q, keys}), scaleOf(e, heads.q)});
    if (const float cap = e.real("softcap", 0); cap > 0) // before the mask, whose -inf it would make -cap
        scores = e.add("Mul", {e.add("Tanh", {e.add("Div", {scores, e.scalar(cap)})}), e.scalar(cap)});
    if (!bias.empty())
        scores = e.add("Add", {scores, bias});
    return e.add("MatMul", {e.add("Softmax", {scores}, "axis", int64_t{-1}), heads.v});
}

Result<void> refuse(const Expansion& e, std::initializer_list<std::pair<int, const char*>> inputs)
{
    for (const auto& [i, what] : inputs)
        if (e.has(i))
            return fail(ErrorCode::Unsupported, std::string("has ") + what +
                                                    ": only attention over one image at a time "
                                                    "is supported");
    return {};
}

/// com.microsoft Attention: x [b, s, d], weights [d, 3h], bias [3h], mask -> [b, s, h].
Result<void> packedAttention(Expansion& e)
{
    QS_CHECK(refuse(e, {{4, "a past state"}, {6, "a past length"}}));
    if (e.integer("do_rotary", 0) != 0)
        return fail(ErrorCode::Unsupported, "is rotary");
    const exec::ValueInfo* x = e.fact(0);
    if (!x || (e.has(3) && !e.fact(3)))
        return {};
    const auto sizes = e.sizesOfWeight(1);
    const int64_t heads = e.integer("num_heads", 0);
    auto parts = e.integers("qkv_hidden_sizes");
    if (!sizes || sizes->size() != 2 || heads < 1)
        return fail(ErrorCode::Unsupported, "its weights are not those of the file");
    if (x->shape.rank() != 3)
        return fail(ErrorCode::ShapeMismatch, "its input has not 3 dimensions");
    if (parts.empty())
        parts.assign(3, (*sizes)[1] / 3);
    if (parts.size() != 3 || std::ranges::any_of(parts, [&](int64_t p) { return p < 1 || p > (*sizes)[1]; }))
        return fail(ErrorCode::Malformed, "has sizes of query, key and value that do not fit its weights");
    auto qkv = e.add("MatMul", {e.input(0), e.input(1)});
    if (e.has(2))
        qkv = e.add("Add", {qkv, e.input(2)});
    const auto part = [&](int64_t begin, int64_t size) {
        return toHeads(e, e.slice(qkv, 2, begin, begin + size), heads);
    };
    const Heads all{part(0, parts[0]), part(parts[0], parts[1]), part(parts[0] + parts[1], parts[2])};
    QS_ASSIGN(const std::string bias, scoreBias(e, 3, 5, x->shape[1], x->shape[1]));
    e.finish(fromHeads(e, attend(e, all, bias)));
    return {};
}

/// com.microsoft MultiHeadAttention: q, k, v [b, s, h], bias [3h], mask of keys, bias of scores.
Result<void> multiHeadAttention(Expansion& e)
{
    QS_CHECK(refuse(e, {{6, "a past state"}, {7, "a past state"}}));
    const int64_t heads = e.integer("num_heads", 0);
    if (!e.has(1) || !e.has(2) || heads < 1)
        return fail(ErrorCode::Unsupported, "packs query, key and value into one input");
    const exec::ValueInfo *q = e.fact(0), *k = e.fact(1);
    if (!q || !k || (e.has(4) && !e.fact(4)))
        return {};
    const bool cross = k->shape.rank() == 4; // keys and values have their heads already
    if (q->shape.rank() != 3 || (k->shape.rank() != 3 && !cross))
        return fail(ErrorCode::ShapeMismatch, "query, key and value have not 3 or 4 dimensions");
    std::string values[3] = {e.input(0), e.input(1), e.input(2)};
    if (e.has(3)) {
        const int64_t h = q->shape.back();
        for (int i = 0; i < (cross ? 1 : 3); ++i)
            values[i] = e.add("Add", {values[i], e.slice(e.input(3), 0, i * h, i == 2 ? INT64_MAX : (i + 1) * h)});
    }
    const Heads all{toHeads(e, values[0], heads), cross ? values[1] : toHeads(e, values[1], heads),
                    cross ? values[2] : toHeads(e, values[2], heads)};
    QS_ASSIGN(const std::string bias, scoreBias(e, 4, 5, q->shape[1], k->shape[cross ? 2 : 1]));
    e.finish(fromHeads(e, attend(e, all, bias)));
    return {};
}

/// kv heads repeated for groups of query heads: [b, kv, s, d] -> [b, heads, s, d].
std::string repeated(Expansion& e, const std::string& x, const Shape& shape, int64_t heads)
{
    const int64_t times = heads / shape[1];
    const auto all = e.add("Expand", {e.unsqueeze(x, 2), e.list({shape[0], shape[1], times, shape[2], shape[3]})});
    return e.reshape(all, {shape[0], heads, shape[2], shape[3]});
}

/// Whether a query may see no key at all; its result is 0 (ONNX Attention, opset 23). Known of masks of the file.
bool mayHideAll(const Expansion& e, int64_t queries, int64_t keys)
{
    const auto mask = e.weight(3);
    if (!mask || mask->shape().empty() || mask->shape().back() != keys || keys == 0)
        return true;
    const bool isCausal = e.integer("is_causal", 0) != 0;
    const auto columns = static_cast<std::size_t>(keys);
    const auto rows = static_cast<std::size_t>(mask->elements()) / columns;
    for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t query = mask->shape().rank() > 1 && mask->shape()[mask->shape().rank() - 2] == queries
                                      ? r % static_cast<std::size_t>(queries)
                                      : 0;
        bool sees = false;
        for (std::size_t c = 0; c < (isCausal ? std::min(query + 1, columns) : columns); ++c)
            sees = sees || (mask->dtype() == DType::Bool
                                ? mask->data<bool>()[r * columns + c]
                                : mask->dtype() == DType::Float32 &&
                                      mask->floats()[r * columns + c] > -std::numeric_limits<float>::infinity());
        if (!sees)
            return true;
    }
    return false;
}

/// Attention of opsets 23 to 25: q, k, v [b, s, heads · d] with q_num_heads and kv_num_heads, or [b, heads, s, d]; a
/// mask.
Result<void> attention(Expansion& e)
{
    QS_CHECK(refuse(e, {{4, "a past state"}, {5, "a past state"}, {6, "lengths of sequences"}}));
    for (int output = 1; output < 4; ++output)
        if (e.wants(output))
            return fail(ErrorCode::Unsupported, "its present state or its scores are used as outputs");
    for (const std::string_view side : {"left_window_size", "right_window_size"}) // opset 25
        if (e.integer(side, -1) >= 0)
            return fail(ErrorCode::Unsupported, "attends within a window of tokens (" + std::string(side) +
                                                    "): export the model with the window as a mask");
    const exec::ValueInfo *q = e.fact(0), *k = e.fact(1), *v = e.fact(2);
    if (!q || !k || !v || (e.has(3) && !e.fact(3)))
        return {};
    const bool flat = q->shape.rank() == 3;
    if ((!flat && q->shape.rank() != 4) || k->shape.rank() != q->shape.rank() || v->shape.rank() != q->shape.rank())
        return fail(ErrorCode::ShapeMismatch, "query, key and value have not 3 or 4 dimensions");
    const int64_t heads = flat ? e.integer("q_num_heads", 0) : q->shape[1];
    const int64_t keyHeads = flat ? e.integer("kv_num_heads", 0) : k->shape[1];
    if (heads < 1 || keyHeads < 1 || heads % keyHeads != 0 ||
        (flat && (q->shape[2] % heads != 0 || k->shape[2] % keyHeads != 0 || v->shape[2] % keyHeads != 0)))
        return fail(ErrorCode::Malformed, "has numbers of heads that do not fit");
    const auto shaped = [&](const Shape& s, int64_t h) { return flat ? Shape{s[0], h, s[1], s[2] / h} : s; };
    const Shape qs = shaped(q->shape, heads), ks = shaped(k->shape, keyHeads), vs = shaped(v->shape, keyHeads);
    Heads all{e.input(0), e.input(1), e.input(2)};
    if (flat)
        all = {toHeads(e, all.q, heads), toHeads(e, all.k, keyHeads), toHeads(e, all.v, keyHeads)};
    if (heads != keyHeads) {
        all.k = repeated(e, all.k, ks, heads);
        all.v = repeated(e, all.v, vs, heads);
    }
    std::string bias = e.input(3);
    if (e.has(3) && e.fact(3)->dtype == DType::Bool)
        bias = e.add("Where", {bias, e.scalar(0), e.scalar(-std::numeric_limits<float>::infinity())});
    if (e.integer("is_causal", 0) != 0) {
        QS_ASSIGN(const std::string mask, causal(e, qs[2], ks[2]));
        bias = bias.empty() ? mask : e.add("Add", {bias, mask});
    }
    auto y = std::string();
    if (e.has(3) && mayHideAll(e, qs[2], ks[2])) {
        const auto most = e.opset() >= 18 ? e.add("ReduceMax", {bias, e.list({-1})})
                                          : e.add("ReduceMax", {bias}, "axes", std::vector<int64_t>{-1});
        const auto sees = e.add("Greater", {most, e.scalar(-std::numeric_limits<float>::infinity())});
        const auto shown = e.add("Where", {sees, bias, e.scalar(0)}); // the sum of what is hidden would be 0 / 0
        y = e.add("Mul", {attend(e, all, shown), e.add("Cast", {sees}, "to", int64_t{1})});
    } else {
        y = attend(e, all, bias);
    }
    e.finish(flat ? fromHeads(e, y) : y);
    return {};
}

/// Of Attention and MultiHeadAttention: tokens of the query, width of the value.
std::optional<exec::ValueInfo> attended(Infos inputs)
{
    if (inputs.size() < 3 || inputs[0].shape.rank() < 3)
        return std::nullopt;
    exec::ValueInfo y = inputs[0];
    if (inputs[2].shape.rank() == y.shape.rank() && y.shape.rank() == 4)
        y.shape[3] = inputs[2].shape[3];
    return y;
}

/// Of com.microsoft Attention: a third of the weights' columns.
std::optional<exec::ValueInfo> packedWidth(Infos inputs)
{
    if (inputs.size() < 2 || inputs[0].shape.rank() != 3 || inputs[1].shape.rank() != 2)
        return std::nullopt;
    exec::ValueInfo y = inputs[0];
    y.shape[2] = inputs[1].shape[1] / 3;
    return y;
}

} // namespace

std::span<const ExpansionRule> attentionExpansions()
{
    static constexpr ExpansionRule rules[] = {
        {"", "Attention", attention, attended},
        {"com.microsoft", "Attention", packedAttention, packedWidth},
        {"com.microsoft", "MultiHeadAttention", multiHeadAttention, attended},
    };
    return rules;
}

} // namespace qs::onnx
