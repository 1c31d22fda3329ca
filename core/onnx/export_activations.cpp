#include "core/onnx/export_activations.h"

#include "core/onnx/export_grid.h"
#include "core/onnx/export_levels.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

bool ActivationEdit::isRounded(const graph::Site& site) const
{
    const quant::SitePlan& numbers = m_task.plan[site.id];
    if (site.kind != graph::SiteKind::Activation || !numbers.uniform())
        return false;
    const quant::UniformGrid& grid = numbers.grid;
    const auto isCode = [&](int zero) { return zero >= grid.qmin && zero <= grid.qmax; };
    if (!std::ranges::all_of(grid.zeroPoint, isCode))
        return true;
    const auto isProduct = [&](const graph::Use& use) {
        const std::string& op = m_task.model.graph.node(use.node).op;
        return op == "Linear" || op == "Conv" || op == "MatMul";
    };
    return grid.scale.size() > 1 && std::ranges::any_of(site.uses, isProduct);
}

std::string ActivationEdit::valueOf(const graph::Site& site, const std::string& value, int reader)
{
    const std::pair key{site.id, value};
    if (const auto it = m_pairs.find(key); it != m_pairs.end()) {
        m_task.file.lower(it->second.group, reader);
        return it->second.output;
    }
    const std::string output = m_task.file.unique(site.name + "_dequantized");
    const ExportFile::Group group = m_task.file.place(nodesOf(site, value, output), reader);
    m_pairs[key] = {group, output};
    return output;
}

Result<void> ActivationEdit::quantizeOutput(const graph::Site& site)
{
    const std::string name = site.valueName;
    const int position = m_task.file.producer(name);
    if (position < 0)
        return fail(ErrorCode::Unsupported, "export cannot quantize this value", site.name);
    const std::string before = m_task.file.unique(name + "_float");
    m_task.file.renameOutput(name, before);
    m_task.file.placeAfter(nodesOf(site, before, name), position);
    return {};
}

ActivationEdit::Nodes ActivationEdit::nodesOf(const graph::Site& site, const std::string& value,
                                              const std::string& output) const
{
    // A normalisation over several axes is one over the last behind a Reshape that the file does not have.
    const NodeId producer = m_task.model.graph.value(site.tensor).producer;
    const bool behind = producer.valid() && m_task.model.graph.node(producer).op == "Reshape" &&
                        m_task.model.graph.value(m_task.model.graph.node(producer).inputs[0]).name == value;
    if (!behind || m_task.plan[site.id].grid.scale.size() <= 1)
        return nodesInOwnShape(site, value, output);
    const Shape& before = m_task.model.graph.value(m_task.model.graph.node(producer).inputs[0]).shape;
    std::vector<int64_t> rows(site.shape.rank() - 1, 0), back = rows;
    rows.push_back(-1);
    back.insert(back.end(), before.begin() + back.size(), before.end());
    const std::string joined = m_task.file.unique(site.name + "_joined"),
                      codes = m_task.file.unique(site.name + "_rows");
    const auto reshape = [&](const std::string& from, const char* name, std::span<const int64_t> sizes,
                             const std::string& to) {
        return makeNode("Reshape", m_task.file.unique(site.name + "/" + name),
                        {from, m_task.file.addInts(site.name + "_shape", sizes)}, to);
    };
    std::vector<pb::NodeProto> nodes{reshape(value, "Join", rows, joined)};
    std::ranges::move(nodesInOwnShape(site, joined, codes), std::back_inserter(nodes));
    nodes.push_back(reshape(codes, "Part", back, output));
    return nodes;
}

ActivationEdit::Nodes ActivationEdit::nodesInOwnShape(const graph::Site& site, const std::string& value,
                                                      const std::string& output) const
{
    const quant::SitePlan& numbers = m_task.plan[site.id];
    std::string from = value;
    std::vector<pb::NodeProto> nodes = smoothingNodes(site, from);
    if (!numbers.quantized()) { // smoothed alone
        nodes.back().set_output(0, output);
        return nodes;
    }
    std::vector<pb::NodeProto> rest;
    if (const auto* regions = std::get_if<quant::RegionGrid>(&numbers.levels))
        rest = regionNodes(m_task.file, site, *regions, from, output);
    else if (const auto* logarithm = std::get_if<quant::LogGrid>(&numbers.levels))
        rest = logNodes(m_task.file, site, *logarithm, from, output);
    else if (isRounded(site))
        rest = roundedNodes(m_task.file, site, numbers.grid, from, output);
    else if (isBetweenPairs(site))
        rest = setApart(site, from, output);
    else
        rest = uniformNodes(m_task.file, {site.name, site.name}, numbers.grid, from, output,
                            static_cast<int64_t>(site.channelAxis), site.shape.rank() - 1 - site.channelAxis);
    nodes.insert(nodes.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
    return nodes;
}

bool ActivationEdit::isBetweenPairs(const graph::Site& site) const
{
    return site.role == graph::Role::SoftmaxInput &&
           std::ranges::any_of(m_task.model.sites, [&](const graph::Site& output) {
               return output.role == graph::Role::SoftmaxOutput && output.block == site.block &&
                      m_task.plan[output.id].uniform();
           });
}

ActivationEdit::Nodes ActivationEdit::setApart(const graph::Site& site, const std::string& value,
                                               const std::string& output) const
{
    const std::string pair = m_task.file.unique(site.name + "_apart");
    std::vector<pb::NodeProto> nodes =
        uniformNodes(m_task.file, {site.name, site.name}, m_task.plan[site.id].grid, value, pair,
                     static_cast<int64_t>(site.channelAxis), site.shape.rank() - 1 - site.channelAxis);
    const float lowest = std::numeric_limits<float>::lowest();
    const std::string bound =
        m_task.file.addTensor(site.name + "_lowest", pb::TensorProto::FLOAT, {}, std::span<const float>(&lowest, 1));
    nodes.push_back(makeNode("Max", m_task.file.unique(site.name + "/Max"), {pair, bound}, output));
    return nodes;
}

ActivationEdit::Nodes ActivationEdit::smoothingNodes(const graph::Site& site, std::string& value) const
{
    if (!m_task.smoothedExplicitly(site))
        return {};
    const quant::ChannelTransform& transform = m_task.plan[site.id].transform()->transform;
    const std::array dims{static_cast<int64_t>(transform.scale.size())};
    const std::string shift = m_task.file.addTensor(site.name + "_shift", pb::TensorProto::FLOAT, dims,
                                                    std::span<const float>(transform.shift));
    const std::string shifted = m_task.file.unique(site.name + "_shifted");
    std::vector<pb::NodeProto> nodes;
    nodes.push_back(makeNode("Sub", m_task.file.unique(site.name + "/Sub"), {value, shift}, shifted));
    value = shifted;
    if (std::ranges::all_of(transform.scale, [](float factor) { return factor == 1; }))
        return nodes;
    const std::string scale = m_task.file.addTensor(site.name + "_smoothing", pb::TensorProto::FLOAT, dims,
                                                    std::span<const float>(transform.scale));
    const std::string smoothed = m_task.file.unique(site.name + "_smoothed");
    nodes.push_back(makeNode("Div", m_task.file.unique(site.name + "/Div"), {shifted, scale}, smoothed));
    value = smoothed;
    return nodes;
}

} // namespace qs::onnx
