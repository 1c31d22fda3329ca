#include "core/onnx/prepare/codes.h"

#include "core/graph/op_traits.h"
#include "core/onnx/export_file.h"
#include "core/onnx/file_graph.h"

#include <algorithm>
#include <array>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr std::string_view kQuantizers[] = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"};

/// Operators that do on numbers what they do on codes of one scale: they move the values of their first input
/// (Concat: of all), take the largest, or ask for the shape alone.
bool isMover(std::string_view op)
{
    using graph::OpTrait;
    if (op == "Concat" || op == "MaxPool" || op == "Resize" || op == "Shape")
        return true;
    return graph::has(op, OpTrait::Moves) && !graph::has(op, OpTrait::Fills) && !graph::has(op, OpTrait::Joins);
}

bool isIn(std::span<const std::string_view> list, std::string_view op)
{
    return std::ranges::find(list, op) != list.end();
}

} // namespace

const CodeRule* findCodeRule(std::string_view op)
{
    for (const auto& rules : {linearCodeRules(), plainCodeRules(), integerCodeRules()})
        for (const CodeRule& rule : rules)
            if (rule.op == op)
                return &rule;
    return nullptr;
}

CodesPass::CodesPass(pb::ModelProto& model, TakenNames& names, TensorReader& reader)
    : m_model(model), m_names(names), m_reader(reader)
{
    for (const pb::OperatorSetIdProto& set : model.opset_import())
        if (set.domain().empty() || set.domain() == "ai.onnx")
            m_opset = set.version();
}

Result<void> CodesPass::run()
{
    pb::GraphProto& graph = *m_model.mutable_graph();
    m_isQuantized = std::ranges::any_of(graph.node(), [](const pb::NodeProto& node) {
        return isIn(kQuantizers, node.op_type()) || findCodeRule(node.op_type());
    });
    if (!m_isQuantized)
        return {};
    m_file.emplace(graph, m_names, m_reader);
    const std::vector<pb::NodeProto>& source = m_file->source();
    for (std::size_t n = 0; n < source.size(); ++n) {
        if (m_skipped.contains(&source[n]))
            continue;
        if (auto done = lower(source[n]); !done) {
            if (done.error().where.empty())
                done.error().where = nodeLabel(source[n], static_cast<int>(n));
            return done;
        }
    }
    m_file->finish();
    return {};
}

Result<void> CodesPass::lower(const pb::NodeProto& node)
{
    m_base = node.name().empty() ? node.output(0) : node.name();
    QS_ASSIGN(const bool isPair, pair(node));
    if (isPair)
        return {};
    if (const CodeRule* rule = findCodeRule(node.op_type())) {
        ++m_replaced[(node.domain().empty() ? "" : node.domain() + ":") + node.op_type()];
        return rule->lower(*this, node);
    }
    QS_ASSIGN(const bool isMove, move(node));
    if (!isMove)
        m_file->put(node);
    return {};
}

/// QuantizeLinear and DequantizeLinear themselves.
Result<bool> CodesPass::pair(const pb::NodeProto& node)
{
    if (!isIn(kQuantizers, node.op_type()))
        return false;
    CodeForm form;
    if (node.op_type() == "DynamicQuantizeLinear") {
        if (node.output_size() < 3 || inputAt(node, 0).empty())
            return fail(ErrorCode::Malformed, "has not one input and three outputs");
        form = {node.output(1), node.output(2), 1};
        m_codes[node.output(0)] = {form, {}};
        m_file->put(node);
        return true;
    }
    if (node.input_size() < 2)
        return fail(ErrorCode::Malformed, "has no scale");
    form = {node.input(1), node.input_size() > 2 ? node.input(2) : std::string(), integerAttribute(node, "axis", 1)};
    if (node.op_type() == "DequantizeLinear" && !isConstant(node.input(0))) {
        const auto origin = m_codes.find(node.input(0));
        if (origin != m_codes.end() && !origin->second.real.empty()) {
            QS_ASSIGN(const bool same, sameForm(form, origin->second.form));
            if (same) {
                add("Identity", {origin->second.real}, node.output(0));
                return true;
            }
        }
    }
    m_file->put(node).clear_domain();
    if (node.op_type() == "QuantizeLinear")
        m_codes[node.output(0)] = {form, {}};
    return true;
}

Result<bool> CodesPass::move(const pb::NodeProto& node)
{
    const bool takesAll = node.op_type() == "Concat";
    if (!isMover(node.op_type()) || node.input_size() == 0 || !m_codes.contains(node.input(0)))
        return false;
    if (const pb::AttributeProto* mode = node.op_type() == "Resize" ? attribute(node, "mode") : nullptr;
        mode && mode->s() != "nearest")
        return fail(ErrorCode::Unsupported, "interpolates between codes, which rounds to codes again");
    pb::NodeProto moved = node;
    const CodeForm form = m_codes[node.input(0)].form;
    if (isConstant(form.scale)) {
        QS_ASSIGN(const Tensor scale, constant(form.scale));
        if (scale.elements() > 1)
            return fail(ErrorCode::Unsupported, "moves codes that have a scale a channel");
    }
    for (int i = 0; i < (takesAll ? node.input_size() : 1); ++i) {
        QS_ASSIGN(const std::string value, real(node.input(i), form));
        moved.set_input(i, value);
    }
    if (node.op_type() != "Shape")
        for (std::string& output : *moved.mutable_output()) {
            if (output.empty())
                continue;
            const std::string value = m_names.unique(output + "_dequantized");
            m_codes[output] = {form, value};
            output = value;
        }
    m_file->put(std::move(moved));
    return true;
}

Result<std::string> CodesPass::real(const std::string& codes, const CodeForm& form)
{
    const auto dequantize = [&] {
        Values inputs{codes, form.scale};
        if (!form.zeroPoint.empty())
            inputs.push_back(form.zeroPoint);
        const std::string value = add("DequantizeLinear", inputs, m_names.unique(codes + "_dequantized"));
        setLast("axis", form.axis);
        return value;
    };
    if (isConstant(codes)) {
        std::string& value =
            m_realConstants[codes + '\n' + form.scale + '\n' + form.zeroPoint + '\n' + std::to_string(form.axis)];
        if (value.empty())
            value = dequantize();
        return value;
    }
    const auto origin = m_codes.find(codes);
    if (origin == m_codes.end())
        return fail(ErrorCode::Unsupported,
                    "reads the codes '" + printable(codes) + "', which are no constant and come from no quantizer");
    QS_ASSIGN(const bool same, sameForm(form, origin->second.form));
    if (!same) {
        if (!origin->second.real.empty())
            return fail(ErrorCode::Unsupported, "reads the codes '" + printable(codes) +
                                                    "' with another scale or zero point than they were made with");
        return dequantize();
    }
    if (origin->second.real.empty())
        origin->second.real = dequantize();
    return origin->second.real;
}

const CodeForm* CodesPass::form(const std::string& codes) const
{
    const auto it = m_codes.find(codes);
    return it == m_codes.end() ? nullptr : &it->second.form;
}

Result<bool> CodesPass::sameForm(const CodeForm& a, const CodeForm& b)
{
    QS_ASSIGN(const bool scales, sameTensor(a.scale, b.scale));
    QS_ASSIGN(const bool zeroPoints, sameTensor(a.zeroPoint, b.zeroPoint));
    return scales && zeroPoints;
}

Result<bool> CodesPass::sameTensor(const std::string& a, const std::string& b)
{
    if (a == b)
        return true;
    if (!isConstant(a) || !isConstant(b))
        return false;
    QS_ASSIGN(const Tensor left, constant(a));
    QS_ASSIGN(const Tensor right, constant(b));
    return left.dtype() == right.dtype() && left.elements() == right.elements() &&
           std::equal(left.bytes(), left.bytes() + left.sizeBytes(), right.bytes());
}

std::string CodesPass::add(std::string_view op, const Values& inputs, const std::string& output)
{
    return m_file->add(m_base, op, inputs, output);
}

void CodesPass::keepAttributes(const pb::NodeProto& node, std::initializer_list<std::string_view> but)
{
    for (const pb::AttributeProto& a : node.attribute())
        if (std::ranges::find(but, std::string_view(a.name())) == but.end())
            *last().add_attribute() = a;
}

void CodesPass::setLast(const std::string& name, int64_t value)
{
    setAttribute(last(), name, value);
}

void CodesPass::quantize(const std::string& value, const CodeForm& form, const std::string& codes)
{
    Values inputs{value, form.scale};
    if (!form.zeroPoint.empty())
        inputs.push_back(form.zeroPoint);
    add("QuantizeLinear", inputs, codes);
    m_codes[codes] = {form, {}};
}

Result<std::string> CodesPass::bias(const std::string& codes, const std::string& scaleA, const std::string& scaleB,
                                    float factor)
{
    QS_ASSIGN(const Tensor a, constant(scaleA));
    QS_ASSIGN(const Tensor b, constant(scaleB));
    if (a.elements() != 1 || a.dtype() != DType::Float32 || b.dtype() != DType::Float32)
        return fail(ErrorCode::Unsupported, "its input has not one scale");
    std::vector<float> scales;
    for (const float s : b.floats())
        scales.push_back(a.floats()[0] * s * factor);
    const std::array count{static_cast<int64_t>(scales.size())};
    const std::string scale = addFloats(codes + "_scale", std::span(count).first(scales.size() > 1 ? 1 : 0), scales);
    CodeForm form{scale, {}, 0};
    return real(codes, form);
}

const pb::NodeProto* CodesPass::onlyReader(const std::string& value, std::string_view op) const
{
    const auto readers = m_file->readers(value);
    return readers.size() == 1 && readers[0]->op_type() == op && !m_file->isOutput(value) ? readers[0] : nullptr;
}

} // namespace qs::onnx
