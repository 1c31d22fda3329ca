#include "core/onnx/export_grid.h"

#include <algorithm>
#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

bool fitsInteger(const quant::UniformGrid& grid)
{
    return grid.scale.size() == 1 && grid.zeroPoint[0] >= grid.qmin && grid.zeroPoint[0] <= grid.qmax;
}

std::vector<pb::NodeProto> uniformNodes(ExportFile& file, const QuantizerNames& names, const quant::UniformGrid& grid,
                                        const std::string& value, const std::string& output, int64_t axis,
                                        std::size_t behind)
{
    const bool isSigned = grid.qmin < 0;
    const int lowest = isSigned ? -128 : 0;
    const int highest = isSigned ? 127 : 255;
    const auto count = static_cast<int64_t>(grid.scale.size());
    const bool perChannel = count > 1;
    const std::span<const int64_t> dims{&count, perChannel ? std::size_t{1} : 0};
    const std::string scaleName =
        file.addTensor(names.values + "_scale", pb::TensorProto::FLOAT, dims, std::span<const float>(grid.scale));
    std::vector<uint8_t> zeros;
    for (const int32_t zeroPoint : grid.zeroPoint)
        zeros.push_back(static_cast<uint8_t>(zeroPoint));
    const std::string zeroName =
        file.addTensor(names.values + "_zero_point", isSigned ? pb::TensorProto::INT8 : pb::TensorProto::UINT8, dims,
                       std::span<const uint8_t>(zeros));
    std::vector<pb::NodeProto> nodes;
    std::string from = value;
    if (grid.qmin > lowest || grid.qmax < highest) {
        // Of channels: bounds by channel, which Clip does not take. They broadcast from the last dimension on.
        std::vector<int64_t> boundDims(dims.begin(), dims.end());
        if (perChannel)
            boundDims.insert(boundDims.end(), behind, 1);
        const auto bound = [&](int code, const char* which) {
            std::vector<float> values;
            for (std::size_t c = 0; c < grid.scale.size(); ++c)
                values.push_back(static_cast<float>(code - grid.zeroPoint[c]) * grid.scale[c]);
            return file.addTensor(names.values + which, pb::TensorProto::FLOAT, boundDims,
                                  std::span<const float>(values));
        };
        const auto add = [&](const char* op, std::vector<std::string> inputs, const char* result) {
            from = file.unique(names.values + result);
            nodes.push_back(makeNode(op, file.unique(names.nodes + "/" + op), std::move(inputs), from));
        };
        if (perChannel) {
            if (grid.qmin > lowest)
                add("Max", {from, bound(grid.qmin, "_low")}, "_raised");
            if (grid.qmax < highest)
                add("Min", {from, bound(grid.qmax, "_high")}, "_clipped");
        } else {
            std::vector<std::string> inputs{from, grid.qmin > lowest ? bound(grid.qmin, "_low") : std::string()};
            if (grid.qmax < highest)
                inputs.push_back(bound(grid.qmax, "_high"));
            add("Clip", std::move(inputs), "_clipped");
        }
    }
    const std::string codes = file.unique(names.values + "_quantized");
    nodes.push_back(
        makeNode("QuantizeLinear", file.unique(names.nodes + "/QuantizeLinear"), {from, scaleName, zeroName}, codes));
    if (perChannel)
        setAttribute(nodes.back(), "axis", axis);
    nodes.push_back(makeNode("DequantizeLinear", file.unique(names.nodes + "/DequantizeLinear"),
                             {codes, scaleName, zeroName}, output));
    if (perChannel)
        setAttribute(nodes.back(), "axis", axis);
    return nodes;
}

std::vector<pb::NodeProto> roundedNodes(ExportFile& file, const graph::Site& site, const quant::UniformGrid& grid,
                                        const std::string& value, const std::string& output)
{
    std::vector<int64_t> dims;
    if (grid.scale.size() > 1) {
        dims.assign(site.shape.rank() - site.channelAxis, 1);
        dims[0] = static_cast<int64_t>(grid.scale.size());
    }
    const auto constant = [&](const char* name, std::span<const float> values) {
        return file.addTensor(site.name + name, pb::TensorProto::FLOAT, dims, values);
    };
    const auto bounds = [&](const char* name, int code) {
        std::vector<float> values;
        for (const int32_t zero : grid.zeroPoint)
            values.push_back(static_cast<float>(code - zero));
        return constant(name, values);
    };
    std::vector<pb::NodeProto> nodes;
    const auto add = [&](const char* op, std::vector<std::string> inputs, const std::string& result) {
        nodes.push_back(makeNode(op, file.unique(site.name + "/" + op), std::move(inputs), result));
        return result;
    };
    const auto named = [&](const char* suffix) { return file.unique(site.name + suffix); };
    const std::string scale = constant("_scale", grid.scale);
    const std::string ratio = add("Div", {value, scale}, named("_ratio"));
    const std::string whole = add("Round", {ratio}, named("_whole"));
    const std::string raised = add("Max", {whole, bounds("_lowest", grid.qmin)}, named("_raised"));
    const std::string codes = add("Min", {raised, bounds("_highest", grid.qmax)}, named("_clipped"));
    add("Mul", {codes, scale}, output);
    return nodes;
}

} // namespace qs::onnx
