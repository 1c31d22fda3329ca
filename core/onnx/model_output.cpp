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

Result<std::size_t> chooseOutput(const graph::GraphData& data, std::span<const std::string> names,
                                 std::string_view name)
{
    const int64_t batch = data.values[data.inputs.front().index()].shape[0];
    std::optional<std::size_t> scores, floats, wanted;
    std::string listed;
    for (std::size_t i = 0; i < data.outputs.size(); ++i) {
        const graph::Value& value = data.values[data.outputs[i].index()];
        listed += (i ? ", '" : "'") + printable(names[i]) + "'";
        if (!name.empty() && names[i] == name)
            wanted = i;
        if (value.dtype != DType::Float32 || value.isConstant())
            continue;
        if (!floats)
            floats = i;
        if (!scores && graph::givesScores(value.shape, batch) && value.shape.elements() > batch)
            scores = i;
    }
    if (!name.empty() && !wanted)
        return fail(ErrorCode::InvalidArgument, "the model has no such output; it has " + listed,
                    "--output " + std::string(name));
    const std::optional<std::size_t> chosen = wanted   ? wanted
                                              : scores ? scores
                                              : floats ? floats
                                                       : std::optional<std::size_t>(0);
    const graph::Value& value = data.values[data.outputs[*chosen].index()];
    const std::string where = "output '" + printable(names[*chosen]) + "'";
    if (value.isConstant())
        return fail(ErrorCode::Malformed, "does not depend on the image", where);
    if (value.dtype != DType::Float32)
        return fail(ErrorCode::Unsupported,
                    "is of type " + std::string(dtypeName(value.dtype)) + "; floats are needed", where);
    if (value.shape.elements() == 0 || (batch > 1 && (value.shape.rank() == 0 || value.shape[0] != batch)))
        return fail(ErrorCode::Unsupported,
                    "has the shape " + value.shape.text() + ", whose first axis is not the " + std::to_string(batch) +
                        " images of a run; export the model with a batch of 1",
                    where);
    return *chosen;
}

} // namespace qs::onnx
