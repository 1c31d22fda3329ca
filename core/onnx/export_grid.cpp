#include "core/onnx/export_edit.h"

#include <algorithm>
#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

bool fitsInteger(const quant::UniformGrid& grid)
{
    return grid.scale.size() == 1 && grid.zeroPoint[0] >= grid.qmin && grid.zeroPoint[0] <= grid.qmax;
}

bool ExportEdit::isRounded(const graph::Site& site) const
{
    const quant::SitePlan& numbers = m_plan[site.id];
    if (site.kind != graph::SiteKind::Activation || !numbers.uniform())
        return false;
    const quant::UniformGrid& grid = numbers.grid;
    const auto isCode = [&](int zero) { return zero >= grid.qmin && zero <= grid.qmax; };
    if (!std::ranges::all_of(grid.zeroPoint, isCode))
        return true;
    const auto isProduct = [&](const graph::Use& use) {
        const std::string& op = m_model.graph.node(use.node).op;
        return op == "Linear" || op == "Conv" || op == "MatMul";
    };
    return grid.scale.size() > 1 && std::ranges::any_of(site.uses, isProduct);
}

std::vector<pb::NodeProto> ExportEdit::roundedNodes(const graph::Site& site, const quant::UniformGrid& grid,
                                                    const std::string& value, const std::string& output)
{
    std::vector<int64_t> dims;
    if (grid.scale.size() > 1) {
        dims.assign(site.shape.rank() - site.channelAxis, 1);
        dims[0] = static_cast<int64_t>(grid.scale.size());
    }
    const auto constant = [&](const char* name, std::span<const float> values) {
        return m_file.addTensor(site.name + name, pb::TensorProto::FLOAT, dims, values);
    };
    const auto bounds = [&](const char* name, int code) {
        std::vector<float> values;
        for (const int32_t zero : grid.zeroPoint)
            values.push_back(static_cast<float>(code - zero));
        return constant(name, values);
    };
    std::vector<pb::NodeProto> nodes;
    const auto add = [&](const char* op, std::vector<std::string> inputs, const std::string& result) {
        nodes.push_back(makeNode(op, m_file.unique(site.name + "/" + op), std::move(inputs), result));
        return result;
    };
    const auto named = [&](const char* suffix) { return m_file.unique(site.name + suffix); };
    const std::string scale = constant("_scale", grid.scale);
    const std::string ratio = add("Div", {value, scale}, named("_ratio"));
    const std::string whole = add("Round", {ratio}, named("_whole"));
    const std::string raised = add("Max", {whole, bounds("_lowest", grid.qmin)}, named("_raised"));
    const std::string codes = add("Min", {raised, bounds("_highest", grid.qmax)}, named("_clipped"));
    add("Mul", {codes, scale}, output);
    return nodes;
}

} // namespace qs::onnx
