#include "core/onnx/export_edit.h"

#include "core/quant/quantizers.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <set>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

bool isProduct(const graph::Node& node)
{
    return node.op == "Linear" || node.op == "Conv" || node.op == "MatMul";
}

} // namespace

const graph::Site* ExportEdit::changedSite(graph::Use use) const
{
    const SiteId id = m_model.sites.at(use);
    return id.valid() && (m_plan[id].quantized() || smoothedExplicitly(m_model.sites[id])) ? &m_model.sites[id]
                                                                                           : nullptr;
}

Result<void> ExportEdit::checkPlan() const
{
    if (m_plan.sites.size() != m_model.sites.size())
        return fail(ErrorCode::InvalidArgument, "the plan is of another model");
    std::set<graph::Use> known;
    for (const graph::Site& site : m_model.sites) {
        const quant::SitePlan& numbers = m_plan[site.id];
        if (!numbers.quantized())
            continue;
        if (site.kind == graph::SiteKind::Weight) {
            known.insert(site.uses.begin(), site.uses.end());
            continue;
        }
        if (const quant::QuantizerDef* quantizer = quant::findQuantizer(numbers.settings.quantizer);
            quantizer && quantizer->integerNorm)
            return fail(ErrorCode::Unsupported,
                        "no standard operator is an integer LayerNormalization: power-of-two factors alone (\"ptf\") "
                        "can be exported",
                        site.name);
        if (!canWrite(numbers.levels))
            return fail(ErrorCode::Unsupported,
                        "these codes of the quantizer '" + numbers.settings.quantizer + "' do not fit into 8 bits",
                        site.name);
    }
    for (const auto& [node, bias] : m_plan.biases)
        known.insert({node, 2});
    for (const auto& [use, tensor] : m_plan.smoothed.constants)
        known.insert(use);
    for (const auto& [use, tensor] : m_plan.simulation.constants)
        if (!known.contains(use) && !(use.input == 2 && m_model.graph.node(use.node).op == "Linear"))
            return fail(ErrorCode::Unsupported, "the recipe changes a constant that export does not write",
                        m_model.graph.node(use.node).name);
    return {};
}

Result<void> ExportEdit::apply()
{
    QS_CHECK(checkPlan());
    for (std::size_t i = 0; i < m_model.graph.nodes().size(); ++i) {
        const NodeId id(i);
        if (isProduct(m_model.graph.node(id)))
            QS_CHECK(editProduct(id));
        else if (const std::string& op = m_model.graph.node(id).op;
                 op == "LayerNormalization" || op == "BatchNormalization")
            QS_CHECK(replaceGain(id));
        if (!isProduct(m_model.graph.node(id)))
            QS_CHECK(editOther(id));
    }
    for (const graph::Site& site : m_model.sites)
        if (site.uses.empty() && site.kind == graph::SiteKind::Activation && m_plan[site.id].quantized())
            QS_CHECK(editLogits(site));
    return {};
}

Result<int> ExportEdit::productPosition(const graph::Node& node) const
{
    for (const int position : node.sources) {
        const std::string& op = m_file.node(position).op_type();
        if (node.op == "Conv" ? op == "Conv" : op == "MatMul" || op == "Gemm")
            return position;
    }
    return fail(ErrorCode::Unsupported, "export cannot edit a " + node.op + " of this form", node.name);
}

Result<void> ExportEdit::editProduct(NodeId id)
{
    const graph::Node& node = m_model.graph.node(id);
    const graph::Site* first = changedSite({id, 0});
    const graph::Site* second = changedSite({id, 1});
    const Result<int> found = productPosition(node);
    const Tensor* weight = smoothedConstant({id, 1});
    const Tensor* bias = smoothedConstant({id, 2});
    if (!found) {
        if (first || second || weight || bias)
            return tl::unexpected<Error>(found.error());
        return {};
    }
    const int position = *found;
    ProductForm& form = m_forms[id];
    form.position = position;
    form.node = m_file.node(position).name();
    form.op = m_file.node(position).op_type();
    form.quantizedInput = first && m_plan[first->id].quantized();
    form.quantizedWeight = second;
    for (const graph::Site* site : {first, second}) {
        if (!site || !m_plan[site->id].quantized())
            continue;
        form.levels = form.levels || !m_plan[site->id].uniform();
        if (!isRounded(*site))
            continue;
        const bool channels = m_plan[site->id].grid.scale.size() > 1;
        form.channels = form.channels || channels;
        form.wideZeroPoint = form.wideZeroPoint || !channels;
    }
    const bool isInteger = form.quantizedInput && m_plan[first->id].uniform() && !isRounded(*first);
    const bool hasBias = bias || (node.inputs.size() > 2 && node.inputs[2].valid());
    const bool integerBias = m_plan.biases.contains(id);
    form.integerBias = !hasBias || integerBias;
    if (first) {
        QS_ASSIGN(const std::string value, activationValue(*first, m_file.node(position).input(0), position));
        m_file.node(position).set_input(0, value);
    }
    if (second && second->kind == graph::SiteKind::Activation) {
        QS_ASSIGN(const std::string value, activationValue(*second, m_file.node(position).input(1), position));
        m_file.node(position).set_input(1, value);
    } else if (second) {
        form.int4 = m_options.opset >= 21 && m_plan[second->id].settings.bits <= 4;
        QS_CHECK(replaceWeight(*second, position, isInteger));
    } else if (weight) {
        QS_CHECK(replaceFloatWeight(id, position, *weight));
    }
    if (integerBias) {
        const graph::Site& site = m_model.sites[m_model.sites.at({id, 1})];
        QS_CHECK(replaceBias(id, position, biasValue(site, *m_plan.biases.at(id), position)));
        return {};
    }
    if (!bias && hasBias && (second || weight) && foldsNormalization(node))
        bias = &m_model.graph.value(node.inputs[2]).constant;
    if (bias) {
        const std::array dims{bias->elements()};
        QS_CHECK(replaceBias(
            id, position,
            m_file.addTensor(node.name + "_bias_smoothed", pb::TensorProto::FLOAT, dims, bias->floats())));
    }
    return {};
}

/// Whether the weights of the graph are not those of the file.
bool ExportEdit::foldsNormalization(const graph::Node& node) const
{
    return std::ranges::any_of(node.sources,
                               [&](int source) { return m_file.node(source).op_type() == "BatchNormalization"; });
}

Result<void> ExportEdit::editOther(NodeId id)
{
    const graph::Node& node = m_model.graph.node(id);
    const auto isInside = [&](const std::string& value) {
        return std::ranges::find(node.sources, m_file.producer(value)) != node.sources.end();
    };
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const graph::Site* site = changedSite({id, static_cast<int>(i)});
        if (!site || site->kind != graph::SiteKind::Activation)
            continue;
        // A node of one operator is edited at that input; a recognised group (LayerNorm, GELU, softmax) at all places
        // where it reads its one activation.
        bool edited = false;
        for (const int position : node.sources) {
            const bool same = m_file.node(position).op_type() == node.op;
            for (int k = 0; k < m_file.node(position).input_size(); ++k) {
                const std::string value = m_file.node(position).input(k);
                const bool here = same ? k == static_cast<int>(i)
                                       : i == 0 && !value.empty() && !m_file.isConstant(value) && !isInside(value);
                if (!here)
                    continue;
                QS_ASSIGN(const std::string replaced, activationValue(*site, value, position));
                m_file.node(position).set_input(k, replaced);
                edited = true;
            }
        }
        if (!edited)
            return fail(ErrorCode::Unsupported, "export cannot quantize the input of a " + node.op + " of this form",
                        site->name);
    }
    return {};
}

Result<void> ExportEdit::editLogits(const graph::Site& site)
{
    const std::string name = site.valueName;
    const int position = m_file.producer(name);
    if (position < 0)
        return fail(ErrorCode::Unsupported, "export cannot quantize this value", site.name);
    const std::string before = m_file.unique(name + "_float");
    m_file.renameOutput(name, before);
    m_file.placeAfter(quantizerNodes(site, before, name), position);
    return {};
}

Result<std::string> ExportEdit::activationValue(const graph::Site& site, const std::string& value, int reader)
{
    const std::pair key{site.id, value};
    if (const auto it = m_pairs.find(key); it != m_pairs.end()) {
        m_file.lower(it->second.group, reader);
        return it->second.output;
    }
    const std::string output = m_file.unique(site.name + "_dequantized");
    const ExportFile::Group group = m_file.place(quantizerNodes(site, value, output), reader);
    m_pairs[key] = {group, output};
    return output;
}

std::vector<pb::NodeProto> ExportEdit::quantizerNodes(const graph::Site& site, const std::string& value,
                                                      const std::string& output)
{
    // A normalisation over several axes is one over the last behind a Reshape that the file does not have.
    const NodeId producer = m_model.graph.value(site.tensor).producer;
    const bool behind = producer.valid() && m_model.graph.node(producer).op == "Reshape" &&
                        m_model.graph.value(m_model.graph.node(producer).inputs[0]).name == value;
    if (!behind || m_plan[site.id].grid.scale.size() <= 1)
        return nodesInOwnShape(site, value, output);
    const Shape& before = m_model.graph.value(m_model.graph.node(producer).inputs[0]).shape;
    std::vector<int64_t> rows(site.shape.rank() - 1, 0), back = rows;
    rows.push_back(-1);
    back.insert(back.end(), before.begin() + back.size(), before.end());
    const std::string joined = m_file.unique(site.name + "_joined"), codes = m_file.unique(site.name + "_rows");
    const auto reshape = [&](const std::string& from, const char* name, std::span<const int64_t> sizes,
                             const std::string& to) {
        return makeNode("Reshape", m_file.unique(site.name + "/" + name),
                        {from, m_file.addInts(site.name + "_shape", sizes)}, to);
    };
    std::vector<pb::NodeProto> nodes{reshape(value, "Join", rows, joined)};
    std::ranges::move(nodesInOwnShape(site, joined, codes), std::back_inserter(nodes));
    nodes.push_back(reshape(codes, "Part", back, output));
    return nodes;
}

std::vector<pb::NodeProto> ExportEdit::nodesInOwnShape(const graph::Site& site, const std::string& value,
                                                       const std::string& output)
{
    const quant::SitePlan& numbers = m_plan[site.id];
    std::string from = value;
    std::vector<pb::NodeProto> nodes = smoothingNodes(site, from);
    if (!numbers.quantized()) { // smoothed alone
        nodes.back().set_output(0, output);
        return nodes;
    }
    std::vector<pb::NodeProto> rest;
    if (const auto* regions = std::get_if<quant::RegionGrid>(&numbers.levels))
        rest = regionNodes(site, *regions, from, output);
    else if (const auto* logarithm = std::get_if<quant::LogGrid>(&numbers.levels))
        rest = logNodes(site, *logarithm, from, output);
    else if (isRounded(site))
        rest = roundedNodes(site, numbers.grid, from, output);
    else if (isBetweenPairs(site))
        rest = setApart(site, from, output);
    else
        rest = uniformNodes({site.name, site.name}, numbers.grid, from, output,
                            static_cast<int64_t>(site.channelAxis), site.shape.rank() - 1 - site.channelAxis);
    nodes.insert(nodes.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
    return nodes;
}

bool ExportEdit::isBetweenPairs(const graph::Site& site) const
{
    return site.role == graph::Role::SoftmaxInput &&
           std::ranges::any_of(m_model.sites, [&](const graph::Site& output) {
               return output.role == graph::Role::SoftmaxOutput && output.block == site.block &&
                      m_plan[output.id].uniform();
           });
}

std::vector<pb::NodeProto> ExportEdit::setApart(const graph::Site& site, const std::string& value,
                                                const std::string& output)
{
    const std::string pair = m_file.unique(site.name + "_apart");
    std::vector<pb::NodeProto> nodes =
        uniformNodes({site.name, site.name}, m_plan[site.id].grid, value, pair,
                     static_cast<int64_t>(site.channelAxis), site.shape.rank() - 1 - site.channelAxis);
    const float lowest = std::numeric_limits<float>::lowest();
    const std::string bound =
        m_file.addTensor(site.name + "_lowest", pb::TensorProto::FLOAT, {}, std::span<const float>(&lowest, 1));
    nodes.push_back(makeNode("Max", m_file.unique(site.name + "/Max"), {pair, bound}, output));
    return nodes;
}

std::vector<pb::NodeProto> ExportEdit::uniformNodes(const Names& names, const quant::UniformGrid& grid,
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
        m_file.addTensor(names.values + "_scale", pb::TensorProto::FLOAT, dims, std::span<const float>(grid.scale));
    std::vector<uint8_t> zeros;
    for (const int32_t zeroPoint : grid.zeroPoint)
        zeros.push_back(static_cast<uint8_t>(zeroPoint));
    const std::string zeroName =
        m_file.addTensor(names.values + "_zero_point", isSigned ? pb::TensorProto::INT8 : pb::TensorProto::UINT8,
                         dims, std::span<const uint8_t>(zeros));
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
            return m_file.addTensor(names.values + which, pb::TensorProto::FLOAT, boundDims,
                                    std::span<const float>(values));
        };
        const auto add = [&](const char* op, std::vector<std::string> inputs, const char* result) {
            from = m_file.unique(names.values + result);
            nodes.push_back(makeNode(op, m_file.unique(names.nodes + "/" + op), std::move(inputs), from));
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
    const std::string codes = m_file.unique(names.values + "_quantized");
    nodes.push_back(makeNode("QuantizeLinear", m_file.unique(names.nodes + "/QuantizeLinear"),
                             {from, scaleName, zeroName}, codes));
    if (perChannel)
        setAttribute(nodes.back(), "axis", axis);
    nodes.push_back(makeNode("DequantizeLinear", m_file.unique(names.nodes + "/DequantizeLinear"),
                             {codes, scaleName, zeroName}, output));
    if (perChannel)
        setAttribute(nodes.back(), "axis", axis);
    return nodes;
}

} // namespace qs::onnx
