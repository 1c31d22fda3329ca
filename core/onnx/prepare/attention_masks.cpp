#include "core/onnx/prepare/attention_masks.h"

#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <vector>

namespace qs::onnx {

Result<std::string> causal(Expansion& e, int64_t rows, int64_t columns)
{
    if (rows < 0 || columns < 0 || !countElements(std::array{rows, columns}, int64_t{1} << 26))
        return fail(ErrorCode::TooLarge, "is causal over " + std::to_string(rows) + " tokens");
    std::vector<float> mask(static_cast<std::size_t>(rows * columns), 0.0f);
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = r + 1; c < columns; ++c)
            mask[static_cast<std::size_t>(r * columns + c)] = -std::numeric_limits<float>::infinity();
    return e.floats({rows, columns}, mask);
}

namespace {

/// The mask of com.microsoft's attention as numbers to add [b, 1, 1 or s, keys]: 0 where a key counts, else
/// mask_filter_value. Forms: how many keys of each image count [b], 0 or 1 a key [b, keys] or a pair [b, s, keys].
Result<std::string> keyMask(Expansion& e, int i, int64_t keys)
{
    const Shape& shape = e.fact(i)->shape;
    std::string counts;
    if (shape.rank() == 1 && shape[0] == e.fact(0)->shape[0]) {
        if (keys < 1 || keys > 1 << 24)
            return fail(ErrorCode::TooLarge, "has " + std::to_string(keys) + " keys");
        std::vector<float> places(static_cast<std::size_t>(keys));
        std::iota(places.begin(), places.end(), 0.0f);
        const auto lengths = e.add("Cast", {e.reshape(e.input(i), {-1, 1, 1, 1})}, "to", int64_t{1});
        counts = e.add("Less", {e.floats({keys}, places), lengths});
    } else if (shape.rank() == 2 || shape.rank() == 3) {
        const auto mask = e.add("Cast", {e.input(i)}, "to", int64_t{1});
        const int64_t rows = shape.rank() == 3 ? shape[1] : 1;
        counts = e.add("Greater", {e.reshape(mask, {shape[0], 1, rows, shape[shape.rank() - 1]}), e.scalar(0)});
    } else {
        return fail(ErrorCode::Unsupported,
                    "has a mask of the form " + shape.text() +
                        " (where tokens begin and end in a packed row): of one image at a time give a mask of 0 or 1 "
                        "a token [batch, tokens], or none, and let ONNX Runtime fuse again");
    }
    return e.add("Where", {counts, e.scalar(0), e.scalar(e.real("mask_filter_value", -10000))});
}

} // namespace

Result<std::string> scoreBias(Expansion& e, int mask, int bias, int64_t queries, int64_t keys)
{
    std::string sum = e.input(bias);
    const auto add = [&](const std::string& more) { sum = sum.empty() ? more : e.add("Add", {sum, more}); };
    if (e.has(mask)) {
        QS_ASSIGN(const std::string hidden, keyMask(e, mask, keys));
        add(hidden);
    }
    if (e.integer("unidirectional", 0) != 0) {
        QS_ASSIGN(const std::string behind, causal(e, queries, keys));
        add(behind);
    }
    return sum;
}

} // namespace qs::onnx
