#include "core/onnx/model_output.h"

#include "core/graph/output_form.h"
#include "core/onnx/tensor_reader.h"

#include <algorithm>

namespace qs::onnx {

namespace {

std::string meaningOf(const graph::Value& value, int64_t batch)
{
    if (value.dtype != DType::Float32)
        return "numbers that are no floats";
    if (graph::givesScores(value.shape, batch))
        return "class scores";
    switch (value.shape.rank()) {
    case 4:
        return "map";
    case 3:
        return value.shape[0] == batch ? "sequence" : "map";
    default:
        return "tensor";
    }
}

std::string listed(std::span<const std::string> names)
{
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "'" : ", '") + printable(name) + "'";
    return text;
}

Result<void> checkOutput(const graph::Value& value, int64_t batch, const std::string& where)
{
    if (value.isConstant())
        return fail(ErrorCode::Malformed, "does not depend on the image", where);
    if (value.dtype != DType::Float32 && value.dtype != DType::Int64 && value.dtype != DType::Int32)
        return fail(ErrorCode::Unsupported,
                    "is of type " + std::string(dtypeName(value.dtype)) + "; floats or whole numbers are needed",
                    where);
    if (value.shape.elements() == 0 || (batch > 1 && (value.shape.rank() == 0 || value.shape[0] != batch)))
        return fail(ErrorCode::Unsupported,
                    "has the shape " + value.shape.text() + ", whose first axis is not the " + std::to_string(batch) +
                        " images of a run; export the model with a batch of 1",
                    where);
    return {};
}

/// Final detections in outputs of their own: boxes [n, 4], and scores, classes, [n] each; how many there are, [1].
/// Without scores among floats: nothing.
std::vector<std::size_t> detectionLists(std::span<const graph::Value* const> values, int64_t batch)
{
    for (const graph::Value* boxes : values) {
        const Shape& shape = boxes->shape;
        if (boxes->dtype != DType::Float32 || boxes->isConstant() || shape.rank() < 2 || shape.back() != 4)
            continue;
        const int64_t count = shape.elements() / 4;
        std::vector<std::size_t> found;
        bool scores = false;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const graph::Value& one = *values[i];
            const bool list =
                one.shape.elements() == count && one.shape.rank() > 0 && one.shape.back() == count / batch;
            const bool number = one.shape.elements() == batch && one.dtype != DType::Float32;
            if (one.isConstant() || one.dtype == DType::Bool || (values[i] != boxes && !list && !number))
                continue;
            scores = scores || (list && one.dtype == DType::Float32);
            found.push_back(i);
        }
        if (scores && count > batch)
            return found;
    }
    return {};
}

} // namespace

std::vector<OutputInfo> describeOutputs(const graph::GraphData& data, std::span<const std::string> names)
{
    const int64_t batch = data.values[data.inputs.front().index()].shape[0];
    std::vector<OutputInfo> all;
    for (std::size_t i = 0; i < data.outputs.size(); ++i) {
        const graph::Value& value = data.values[data.outputs[i].index()];
        all.push_back({names[i], value.dtype, value.shape, meaningOf(value, batch)});
    }
    return all;
}

Result<std::vector<std::size_t>> chooseOutputs(const graph::GraphData& data, std::span<const std::string> names,
                                               std::span<const std::string> wanted)
{
    const int64_t batch = data.values[data.inputs.front().index()].shape[0];
    const auto valueOf = [&](std::size_t output) -> const graph::Value& {
        return data.values[data.outputs[output].index()];
    };
    std::vector<std::size_t> chosen;
    for (const std::string& name : wanted) {
        const auto found = std::ranges::find(names, name);
        const auto number = static_cast<std::size_t>(found - names.begin());
        if (found == names.end())
            return fail(ErrorCode::InvalidArgument, "the model has no such output; it has " + listed(names),
                        "--output " + name);
        if (std::ranges::find(chosen, number) != chosen.end())
            return fail(ErrorCode::InvalidArgument, "is asked for twice", "--output " + name);
        chosen.push_back(number);
    }
    if (wanted.empty()) {
        for (std::size_t i = 0; i < names.size(); ++i)
            if (valueOf(i).dtype == DType::Float32 && !valueOf(i).isConstant())
                chosen.push_back(i);
        const auto scores = std::ranges::find_if(chosen, [&](std::size_t i) {
            return graph::givesScores(valueOf(i).shape, batch) && valueOf(i).shape.elements() > batch;
        });
        std::vector<const graph::Value*> values;
        for (std::size_t i = 0; i < names.size(); ++i)
            values.push_back(&valueOf(i));
        if (auto lists = detectionLists(values, batch); !lists.empty())
            chosen = std::move(lists);
        else if (scores != chosen.end())
            chosen = {*scores};
        else if (chosen.empty())
            chosen = {0}; // whose error is said
    }
    for (const std::size_t i : chosen)
        QS_CHECK(checkOutput(valueOf(i), batch, "output '" + printable(names[i]) + "'"));
    return chosen;
}

} // namespace qs::onnx
