#include "core/onnx/prepare/quantizers.h"

#include "core/onnx/blocks.h"
#include "core/onnx/export_file.h"
#include "core/onnx/file_graph.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

int bitsOf(int32_t type)
{
    const auto range = codeRange(type);
    return range ? std::bit_width(static_cast<uint64_t>(range->second - range->first)) : 32;
}

/// One walk over a prepared file.
class QuantizerReader {
public:
    QuantizerReader(pb::ModelProto& model, TakenNames& names, TensorReader& reader, bool floatNetwork)
        : m_graph(*model.mutable_graph()), m_names(names), m_reader(reader), m_floatNetwork(floatNetwork)
    {
    }

    Result<std::vector<FileQuantizer>> run(const std::vector<PackedWeight>& packed);

private:
    Result<void> read(const pb::NodeProto& node);
    Result<void> readConstant(const pb::NodeProto& node);
    Result<void> readPair(const pb::NodeProto& dequantizer, const pb::NodeProto& quantizer);
    Result<void> readNumbers(const pb::NodeProto& node, const Shape* shape, FileQuantizer& found);
    void describe(const std::string& value, FileQuantizer& found) const;
    std::string writeDynamic(const pb::NodeProto& quantizer);
    std::string add(const std::string& base, const std::string& op, std::vector<std::string> inputs,
                    const std::string& output = {});
    std::string scalar(const std::string& base, float value);
    Result<Tensor> constant(const std::string& name);
    int32_t typeOf(const pb::NodeProto& node) const;

    pb::GraphProto& m_graph;
    TakenNames& m_names;
    TensorReader& m_reader;
    bool m_floatNetwork;
    std::vector<pb::NodeProto> m_source, m_nodes;
    std::map<std::string, const pb::TensorProto*> m_constants;
    std::map<std::string, const pb::NodeProto*> m_producers;
    std::map<std::string, std::vector<const pb::NodeProto*>> m_readers;
    std::map<std::string, std::string> m_instead;  ///< a value by what is read instead
    std::map<std::string, std::string> m_dynamics; ///< codes by the value that a dynamic pair gives
    std::map<std::string, std::size_t> m_pairs;    ///< codes by place in m_found
    std::set<std::string> m_outputs;
    std::vector<FileQuantizer> m_found;
};

Result<std::vector<FileQuantizer>> QuantizerReader::run(const std::vector<PackedWeight>& packed)
{
    for (const pb::TensorProto& tensor : m_graph.initializer())
        m_constants[tensor.name()] = &tensor;
    for (const pb::ValueInfoProto& output : m_graph.output())
        m_outputs.insert(output.name());
    for (pb::NodeProto& node : *m_graph.mutable_node())
        m_source.push_back(std::move(node));
    m_graph.clear_node();
    for (const pb::NodeProto& node : m_source) {
        for (const std::string& input : node.input())
            m_readers[input].push_back(&node);
        for (const std::string& output : node.output())
            m_producers[output] = &node;
        if (const pb::AttributeProto* value = node.op_type() == "Constant" ? attribute(node, "value") : nullptr)
            m_constants[node.output(0)] = &value->t();
    }
    for (std::size_t n = 0; n < m_source.size(); ++n)
        if (auto done = read(m_source[n]); !done) {
            done.error().where = nodeLabel(m_source[n], static_cast<int>(n));
            return tl::unexpected<Error>(done.error());
        }
    for (const PackedWeight& weight : packed) {
        FileQuantizer found;
        found.kind = FileQuantizer::Kind::Weight;
        found.bits = weight.bits;
        found.block = weight.block;
        describe(weight.value, found);
        m_found.push_back(std::move(found));
    }
    for (pb::NodeProto& node : m_nodes)
        *m_graph.add_node() = std::move(node);
    return std::move(m_found);
}

Result<void> QuantizerReader::read(const pb::NodeProto& node)
{
    if (node.op_type() == "DequantizeLinear" && node.input_size() >= 2) {
        if (m_constants.contains(node.input(0)))
            return readConstant(node);
        const auto from = m_producers.find(node.input(0));
        if (from != m_producers.end() && from->second->op_type().ends_with("QuantizeLinear"))
            return readPair(node, *from->second);
    }
    if (node.op_type() == "DynamicQuantizeLinear")
        return {}; // its reader writes it
    if (m_floatNetwork && node.op_type() == "QuantizeLinear" && node.input_size() >= 2 &&
        !m_outputs.contains(node.output(0)) && !m_constants.contains(node.input(0)) &&
        std::ranges::all_of(m_readers[node.output(0)],
                            [](const pb::NodeProto* reader) { return reader->op_type() == "DequantizeLinear"; }))
        return {};
    m_nodes.push_back(node);
    for (std::string& input : *m_nodes.back().mutable_input())
        if (const auto it = m_instead.find(input); it != m_instead.end())
            input = it->second;
    return {};
}

/// Codes of the file.
Result<void> QuantizerReader::readConstant(const pb::NodeProto& node)
{
    const pb::TensorProto& codes = *m_constants.at(node.input(0));
    FileQuantizer found;
    found.type = codes.data_type();
    found.kind = found.type == kInt32 ? FileQuantizer::Kind::Bias : FileQuantizer::Kind::Weight;
    found.bits = bitsOf(found.type);
    const Shape shape(std::vector<int64_t>(codes.dims().begin(), codes.dims().end()));
    QS_CHECK(readNumbers(node, &shape, found));
    describe(node.output(0), found);
    m_found.push_back(found);
    if (!m_floatNetwork) {
        m_nodes.push_back(node);
        return {};
    }
    QS_ASSIGN(const Tensor values, m_reader.read(codes));
    QS_ASSIGN(const Tensor scale, constant(node.input(1)));
    const bool hasZero = node.input_size() > 2 && !node.input(2).empty();
    Tensor zeros;
    if (hasZero) {
        QS_ASSIGN(zeros, constant(node.input(2)));
        if (zeros.elements() != scale.elements())
            return fail(ErrorCode::ShapeMismatch, "its zero point does not fit its scale");
    }
    QS_ASSIGN(const Blocks blocks, Blocks::of(shape, scale.shape(), integerAttribute(node, "axis", 1),
                                              integerAttribute(node, "block_size", 0)));
    QS_ASSIGN(const Tensor real, dequantized(values, scale, hasZero ? &zeros : nullptr, blocks));
    pb::TensorProto& tensor = *m_graph.add_initializer();
    tensor.set_name(node.output(0));
    tensor.set_data_type(kFloat);
    *tensor.mutable_dims() = codes.dims();
    tensor.set_raw_data(real.floats().data(), real.floats().size_bytes());
    return {};
}

/// An activation between a quantizer and a DequantizeLinear.
Result<void> QuantizerReader::readPair(const pb::NodeProto& dequantizer, const pb::NodeProto& quantizer)
{
    const bool isDynamic = quantizer.op_type() == "DynamicQuantizeLinear";
    const std::string source = quantizer.input(0);
    const auto instead = m_instead.find(source);
    const std::string from = instead == m_instead.end() ? source : instead->second;
    FileQuantizer found;
    found.kind = isDynamic ? FileQuantizer::Kind::Dynamic : FileQuantizer::Kind::Activation;
    if (m_constants.contains(source)) { // a weight that is stored as floats
        found.kind = FileQuantizer::Kind::Weight;
        found.stored = false;
    }
    if (isDynamic) {
        found.type = kUInt8;
    } else {
        found.type = typeOf(quantizer);
        found.bits = bitsOf(found.type);
        QS_CHECK(readNumbers(quantizer, nullptr, found));
    }
    describe(dequantizer.output(0), found);
    found.value = from;
    if (const auto [it, isNew] = m_pairs.emplace(quantizer.output(0), m_found.size()); isNew) {
        m_found.push_back(std::move(found));
    } else { // a DequantizeLinear for each reader
        std::vector<std::string>& readers = m_found[it->second].readers;
        readers.insert(readers.end(), found.readers.begin(), found.readers.end());
    }
    if (m_floatNetwork && m_outputs.contains(dequantizer.output(0))) {
        add(dequantizer.name(), "Identity", {from}, dequantizer.output(0));
    } else if (m_floatNetwork) {
        m_instead[dequantizer.output(0)] = from;
    } else if (isDynamic) {
        std::string& value = m_dynamics[quantizer.output(0)];
        if (value.empty())
            value = writeDynamic(quantizer);
        m_instead[dequantizer.output(0)] = value;
        if (m_outputs.contains(dequantizer.output(0)))
            add(dequantizer.name(), "Identity", {value}, dequantizer.output(0));
    } else {
        m_nodes.push_back(dequantizer);
    }
    return {};
}

std::string QuantizerReader::writeDynamic(const pb::NodeProto& quantizer)
{
    const std::string base = quantizer.name().empty() ? quantizer.output(0) : quantizer.name();
    const auto instead = m_instead.find(quantizer.input(0));
    const std::string x = instead == m_instead.end() ? quantizer.input(0) : instead->second;
    const std::string zero = scalar(base, 0), top = scalar(base, 255);
    const std::string low = add(base, "Min", {add(base, "ReduceMin", {x}), zero});
    const std::string high = add(base, "Max", {add(base, "ReduceMax", {x}), zero});
    const std::string step = add(base, "Div", {add(base, "Sub", {high, low}), top});
    const std::string scale = add(base, "Max", {step, scalar(base, std::numeric_limits<float>::min())});
    const auto clipped = [&](const std::string& value) { return add(base, "Clip", {value, zero, top}); };
    const std::string point = add(base, "Round", {clipped(add(base, "Div", {add(base, "Neg", {low}), scale}))});
    const std::string codes = clipped(add(base, "Add", {add(base, "Round", {add(base, "Div", {x, scale})}), point}));
    return add(base, "Mul", {add(base, "Sub", {codes, point}), scale});
}

Result<void> QuantizerReader::readNumbers(const pb::NodeProto& node, const Shape* shape, FileQuantizer& found)
{
    if (!m_floatNetwork && !m_constants.contains(node.input(1)))
        return {}; // the importer may compute it
    QS_ASSIGN(const Tensor scale, constant(node.input(1)));
    if (scale.dtype() != DType::Float32)
        return fail(ErrorCode::Malformed, "its scale is not float");
    found.axis = integerAttribute(node, "axis", 1);
    if (found.axis < 0 && shape)
        found.axis += static_cast<int64_t>(shape->rank());
    found.block = integerAttribute(node, "block_size", 0);
    found.scale.assign(scale.floats().begin(), scale.floats().end());
    if (m_floatNetwork && std::ranges::any_of(found.scale, [](float s) { return !(s > 0) || std::isinf(s); }))
        return fail(ErrorCode::Malformed, "its scale is not a positive number");
    found.zeroPoint.assign(found.scale.size(), 0);
    if (node.input_size() < 3 || node.input(2).empty() || (!m_floatNetwork && !m_constants.contains(node.input(2))))
        return {};
    QS_ASSIGN(const Tensor zeros, constant(node.input(2)));
    if (zeros.elements() != scale.elements())
        return fail(ErrorCode::ShapeMismatch, "its zero point does not fit its scale");
    for (std::size_t i = 0; i < found.zeroPoint.size(); ++i)
        found.zeroPoint[i] = static_cast<int32_t>(integerAt(zeros, i));
    return {};
}

void QuantizerReader::describe(const std::string& value, FileQuantizer& found) const
{
    found.value = value;
    const auto label = [](const pb::NodeProto& node) {
        return node.op_type() + (node.name().empty() ? "" : " '" + printable(node.name()) + "'");
    };
    const auto readers = m_readers.find(value);
    if (readers == m_readers.end())
        return;
    for (const pb::NodeProto* reader : readers->second) {
        if (reader->output_size() > 0)
            found.readers.push_back(reader->output(0));
        if (found.place.empty())
            found.place = label(*reader);
    }
}

std::string QuantizerReader::add(const std::string& base, const std::string& op, std::vector<std::string> inputs,
                                 const std::string& output)
{
    const std::string name = m_names.unique(base + "/" + op);
    m_nodes.push_back(makeNode(op, name, std::move(inputs), output.empty() ? m_names.unique(name + "_0") : output));
    return m_nodes.back().output(0);
}

std::string QuantizerReader::scalar(const std::string& base, float value)
{
    pb::TensorProto& tensor = *m_graph.add_initializer();
    tensor.set_name(m_names.unique(base + "/constant"));
    tensor.set_data_type(kFloat);
    tensor.set_raw_data(&value, sizeof value);
    return tensor.name();
}

Result<Tensor> QuantizerReader::constant(const std::string& name)
{
    const auto it = m_constants.find(name);
    if (it == m_constants.end())
        return fail(ErrorCode::Unsupported, "its scale or zero point is not a constant");
    return m_reader.read(*it->second);
}

int32_t QuantizerReader::typeOf(const pb::NodeProto& node) const
{
    if (node.input_size() > 2)
        if (const auto it = m_constants.find(node.input(2)); it != m_constants.end())
            return it->second->data_type();
    return static_cast<int32_t>(integerAttribute(node, "output_dtype", kUInt8));
}

} // namespace

Result<std::vector<FileQuantizer>> readQuantizers(pb::ModelProto& model, TakenNames& names, TensorReader& reader,
                                                  const std::vector<PackedWeight>& packed, bool floatNetwork)
{
    return QuantizerReader(model, names, reader, floatNetwork).run(packed);
}

} // namespace qs::onnx
