#include "core/onnx/export_edit.h"

#include "core/onnx/export_biases.h"
#include "core/onnx/export_levels.h"
#include "core/onnx/export_norms.h"
#include "core/quant/quantizers.h"

#include <algorithm>
#include <array>
#include <set>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

bool isProduct(const graph::Node& node)
{
    return node.op == "Linear" || node.op == "Conv" || node.op == "MatMul";
}

} // namespace

Result<void> ExportEdit::checkPlan() const
{
    if (m_task.plan.sites.size() != m_task.model.sites.size())
        return fail(ErrorCode::InvalidArgument, "the plan is of another model");
    std::set<graph::Use> known;
    for (const graph::Site& site : m_task.model.sites) {
        const quant::SitePlan& numbers = m_task.plan[site.id];
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
    for (const auto& [node, bias] : m_task.plan.biases)
        known.insert({node, 2});
    for (const auto& [use, tensor] : m_task.plan.smoothed.constants)
        known.insert(use);
    for (const auto& [use, tensor] : m_task.plan.simulation.constants)
        if (!known.contains(use) && !(use.input == 2 && m_task.model.graph.node(use.node).op == "Linear"))
            return fail(ErrorCode::Unsupported, "the recipe changes a constant that export does not write",
                        m_task.model.graph.node(use.node).name);
    return {};
}

Result<void> ExportEdit::apply()
{
    QS_CHECK(checkPlan());
    for (std::size_t i = 0; i < m_task.model.graph.nodes().size(); ++i) {
        const NodeId id(i);
        if (isProduct(m_task.model.graph.node(id)))
            QS_CHECK(editProduct(id));
        else if (const std::string& op = m_task.model.graph.node(id).op;
                 op == "LayerNormalization" || op == "BatchNormalization")
            QS_CHECK(editNormalization(m_task, id));
        if (!isProduct(m_task.model.graph.node(id)))
            QS_CHECK(editOther(id));
    }
    for (const graph::Site& site : m_task.model.sites)
        if (site.uses.empty() && site.kind == graph::SiteKind::Activation && m_task.plan[site.id].quantized())
            QS_CHECK(m_activations.quantizeOutput(site));
    return {};
}

Result<int> ExportEdit::productPosition(const graph::Node& node) const
{
    for (const int position : node.sources) {
        const std::string& op = m_task.file.node(position).op_type();
        if (node.op == "Conv" ? op == "Conv" : op == "MatMul" || op == "Gemm")
            return position;
    }
    return fail(ErrorCode::Unsupported, "export cannot edit a " + node.op + " of this form", node.name);
}

ProductForm ExportEdit::formOf(NodeId id, int position) const
{
    const graph::Node& node = m_task.model.graph.node(id);
    const graph::Site* first = m_task.changedSite({id, 0});
    const graph::Site* second = m_task.changedSite({id, 1});
    ProductForm form;
    form.position = position;
    form.node = m_task.file.node(position).name();
    form.op = m_task.file.node(position).op_type();
    form.quantizedInput = first && m_task.plan[first->id].quantized();
    form.quantizedWeight = second;
    for (const graph::Site* site : {first, second}) {
        if (!site || !m_task.plan[site->id].quantized())
            continue;
        form.levels = form.levels || !m_task.plan[site->id].uniform();
        if (!m_activations.isRounded(*site))
            continue;
        const bool channels = m_task.plan[site->id].grid.scale.size() > 1;
        form.channels = form.channels || channels;
        form.wideZeroPoint = form.wideZeroPoint || !channels;
    }
    const bool hasBias = m_task.replacedConstant({id, 2}) || (node.inputs.size() > 2 && node.inputs[2].valid());
    form.integerBias = !hasBias || m_task.plan.biases.contains(id);
    form.int4 = second && second->kind != graph::SiteKind::Activation && m_task.options.opset >= 21 &&
                m_task.plan[second->id].settings.bits <= 4;
    return form;
}

Result<void> ExportEdit::editProduct(NodeId id)
{
    const Result<int> position = productPosition(m_task.model.graph.node(id));
    if (!position) {
        if (m_task.changedSite({id, 0}) || m_task.changedSite({id, 1}) || m_task.replacedConstant({id, 1}) ||
            m_task.replacedConstant({id, 2}))
            return tl::unexpected<Error>(position.error());
        return {};
    }
    m_forms[id] = formOf(id, *position);
    QS_CHECK(editOperands(id, *position));
    return editBias(id, *position);
}

Result<void> ExportEdit::editOperands(NodeId id, int position)
{
    const graph::Site* first = m_task.changedSite({id, 0});
    const graph::Site* second = m_task.changedSite({id, 1});
    pb::NodeProto& node = m_task.file.node(position);
    if (first)
        node.set_input(0, m_activations.valueOf(*first, node.input(0), position));
    if (second && second->kind == graph::SiteKind::Activation) {
        node.set_input(1, m_activations.valueOf(*second, node.input(1), position));
    } else if (second) {
        const bool isInteger = first && m_task.plan[first->id].quantized() && m_task.plan[first->id].uniform() &&
                               !m_activations.isRounded(*first);
        QS_CHECK(m_weights.quantize(*second, position, isInteger));
    } else if (const Tensor* weight = m_task.replacedConstant({id, 1})) {
        QS_CHECK(m_weights.replaceFloat(id, position, *weight));
    }
    return {};
}

Result<void> ExportEdit::editBias(NodeId id, int position)
{
    const graph::Node& node = m_task.model.graph.node(id);
    if (const auto integer = m_task.plan.biases.find(id); integer != m_task.plan.biases.end()) {
        const graph::Site& site = m_task.model.sites[m_task.model.sites.at({id, 1})];
        return replaceBias(m_task, id, position, addIntegerBias(m_task, site, *integer->second, position));
    }
    const Tensor* bias = m_task.replacedConstant({id, 2});
    const bool otherWeight = m_task.changedSite({id, 1}) || m_task.replacedConstant({id, 1});
    if (!bias && node.inputs.size() > 2 && node.inputs[2].valid() && otherWeight && foldsNormalization(node))
        bias = &m_task.model.graph.value(node.inputs[2]).constant;
    if (!bias)
        return {};
    const std::array dims{bias->elements()};
    return replaceBias(
        m_task, id, position,
        m_task.file.addTensor(node.name + "_bias_smoothed", pb::TensorProto::FLOAT, dims, bias->floats()));
}

/// Whether the weights of the graph are not those of the file.
bool ExportEdit::foldsNormalization(const graph::Node& node) const
{
    return std::ranges::any_of(
        node.sources, [&](int source) { return m_task.file.node(source).op_type() == "BatchNormalization"; });
}

Result<void> ExportEdit::editOther(NodeId id)
{
    const graph::Node& node = m_task.model.graph.node(id);
    const auto isInside = [&](const std::string& value) {
        return std::ranges::find(node.sources, m_task.file.producer(value)) != node.sources.end();
    };
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const graph::Site* site = m_task.changedSite({id, static_cast<int>(i)});
        if (!site || site->kind != graph::SiteKind::Activation)
            continue;
        // A node of one operator is edited at that input; a recognised group (LayerNorm, GELU, softmax) at all places
        // where it reads its one activation.
        bool edited = false;
        for (const int position : node.sources) {
            const bool same = m_task.file.node(position).op_type() == node.op;
            for (int k = 0; k < m_task.file.node(position).input_size(); ++k) {
                const std::string value = m_task.file.node(position).input(k);
                const bool here =
                    same ? k == static_cast<int>(i)
                         : i == 0 && !value.empty() && !m_task.file.isConstant(value) && !isInside(value);
                if (!here)
                    continue;
                m_task.file.node(position).set_input(k, m_activations.valueOf(*site, value, position));
                edited = true;
            }
        }
        if (!edited)
            return fail(ErrorCode::Unsupported, "export cannot quantize the input of a " + node.op + " of this form",
                        site->name);
    }
    return {};
}

} // namespace qs::onnx
