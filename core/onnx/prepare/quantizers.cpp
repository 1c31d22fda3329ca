#include "core/onnx/prepare/quantizers.h"

#include "core/onnx/blocks.h"
#include "core/onnx/export_file.h"
#include "core/onnx/file_graph.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

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
        : m_file(*model.mutable_graph(), names, reader), m_floatNetwork(floatNetwork)
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
    const std::string& insteadOf(const std::string& value) const;
    int32_t typeOf(const pb::NodeProto& quantizer) const;

    NodeRewriter m_file;
    bool m_floatNetwork;
    std::map<std::string, std::string> m_instead;  ///< a value by what is read instead
    std::map<std::string, std::string> m_dynamics; ///< codes by the value that a dynamic pair gives
    std::map<std::string, std::size_t> m_pairs;    ///< codes by place in m_found
    std::vector<FileQuantizer> m_found;
};

bool makesCodes(const pb::NodeProto& node)
{
    return (node.op_type() == "QuantizeLinear" && node.input_size() >= 2) ||
           (node.op_type() == "DynamicQuantizeLinear" && node.input_size() >= 1);
}

Result<std::vector<FileQuantizer>> QuantizerReader::run(const std::vector<PackedWeight>& packed)
{
    const std::vector<pb::NodeProto>& source = m_file.source();
    for (std::size_t n = 0; n < source.size(); ++n)
        if (auto done = read(source[n]); !done) {
            done.error().where = nodeLabel(source[n], static_cast<int>(n));
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
    m_file.finish();
    return std::move(m_found);
}

Result<void> QuantizerReader::read(const pb::NodeProto& node)
{
    if (node.op_type() == "DequantizeLinear" && node.input_size() >= 2) {
        if (m_file.isConstant(node.input(0)))
            return readConstant(node);
        const pb::NodeProto* from = m_file.producer(node.input(0));
        if (from && makesCodes(*from))
            return readPair(node, *from);
    }
    if (node.op_type() == "DynamicQuantizeLinear")
        return {}; // its reader writes it
    if (m_floatNetwork && node.op_type() == "QuantizeLinear" && node.input_size() >= 2 &&
        !m_file.isOutput(node.output(0)) && !m_file.isConstant(node.input(0)) &&
        std::ranges::all_of(m_file.readers(node.output(0)),
                            [](const pb::NodeProto* reader) { return reader->op_type() == "DequantizeLinear"; }))
        return {};
    for (std::string& input : *m_file.put(node).mutable_input())
        input = insteadOf(input);
    return {};
}

const std::string& QuantizerReader::insteadOf(const std::string& value) const
{
    const auto it = m_instead.find(value);
    return it == m_instead.end() ? value : it->second;
}

/// Codes of the file.
Result<void> QuantizerReader::readConstant(const pb::NodeProto& node)
{
    const pb::TensorProto& codes = *m_file.stored(node.input(0));
    FileQuantizer found;
    found.type = codes.data_type();
    found.kind = found.type == kInt32 ? FileQuantizer::Kind::Bias : FileQuantizer::Kind::Weight;
    found.bits = bitsOf(found.type);
    QS_ASSIGN(const Shape shape, TensorReader::shapeOf(codes));
    QS_CHECK(readNumbers(node, &shape, found));
    describe(node.output(0), found);
    m_found.push_back(found);
    if (!m_floatNetwork) {
        m_file.put(node);
        return {};
    }
    QS_ASSIGN(const Tensor values, m_file.reader().read(codes));
    QS_ASSIGN(const Tensor scale, m_file.constant(node.input(1)));
    const bool hasZero = node.input_size() > 2 && !node.input(2).empty();
    Tensor zeros;
    if (hasZero) {
        QS_ASSIGN(zeros, m_file.constant(node.input(2)));
        if (zeros.elements() != scale.elements())
            return fail(ErrorCode::ShapeMismatch, "its zero point does not fit its scale");
    }
    QS_ASSIGN(const Blocks blocks, Blocks::of(shape, scale.shape(), integerAttribute(node, "axis", 1),
                                              integerAttribute(node, "block_size", 0)));
    QS_ASSIGN(const Tensor real, dequantized(values, scale, hasZero ? &zeros : nullptr, blocks));
    m_file.store(node.output(0), real);
    return {};
}

/// An activation between a quantizer and a DequantizeLinear.
Result<void> QuantizerReader::readPair(const pb::NodeProto& dequantizer, const pb::NodeProto& quantizer)
{
    const bool isDynamic = quantizer.op_type() == "DynamicQuantizeLinear";
    const std::string source = quantizer.input(0);
    const std::string from = insteadOf(source);
    FileQuantizer found;
    found.kind = isDynamic ? FileQuantizer::Kind::Dynamic : FileQuantizer::Kind::Activation;
    if (m_file.isConstant(source)) { // a weight that is stored as floats
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
    if (m_floatNetwork && m_file.isOutput(dequantizer.output(0))) {
        m_file.add(dequantizer.name(), "Identity", {from}, dequantizer.output(0));
    } else if (m_floatNetwork) {
        m_instead[dequantizer.output(0)] = from;
    } else if (isDynamic) {
        std::string& value = m_dynamics[quantizer.output(0)];
        if (value.empty())
            value = writeDynamic(quantizer);
        m_instead[dequantizer.output(0)] = value;
        if (m_file.isOutput(dequantizer.output(0)))
            m_file.add(dequantizer.name(), "Identity", {value}, dequantizer.output(0));
    } else {
        m_file.put(dequantizer);
    }
    return {};
}

std::string QuantizerReader::writeDynamic(const pb::NodeProto& quantizer)
{
    const std::string base = quantizer.name().empty() ? quantizer.output(0) : quantizer.name();
    const std::string& x = insteadOf(quantizer.input(0));
    const auto add = [&](std::string_view op, std::vector<std::string> inputs) {
        return m_file.add(base, op, std::move(inputs));
    };
    const auto scalar = [&](float value) { return m_file.addFloats(base + "/constant", {}, std::span(&value, 1)); };
    const std::string zero = scalar(0), top = scalar(255);
    const std::string low = add("Min", {add("ReduceMin", {x}), zero});
    const std::string high = add("Max", {add("ReduceMax", {x}), zero});
    const std::string step = add("Div", {add("Sub", {high, low}), top});
    const std::string scale = add("Max", {step, scalar(std::numeric_limits<float>::min())});
    const auto clipped = [&](const std::string& value) { return add("Clip", {value, zero, top}); };
    const std::string point = add("Round", {clipped(add("Div", {add("Neg", {low}), scale}))});
    const std::string codes = clipped(add("Add", {add("Round", {add("Div", {x, scale})}), point}));
    return add("Mul", {add("Sub", {codes, point}), scale});
}

Result<void> QuantizerReader::readNumbers(const pb::NodeProto& node, const Shape* shape, FileQuantizer& found)
{
    if (!m_floatNetwork && !m_file.isConstant(node.input(1)))
        return {}; // the importer may compute it
    QS_ASSIGN(const Tensor scale, m_file.constant(node.input(1)));
    if (scale.dtype() != DType::Float32 || scale.elements() == 0)
        return fail(ErrorCode::Malformed, "its scale is not float, or empty");
    found.axis = integerAttribute(node, "axis", 1);
    if (found.axis < 0 && shape)
        found.axis += static_cast<int64_t>(shape->rank());
    found.block = integerAttribute(node, "block_size", 0);
    found.scale.assign(scale.floats().begin(), scale.floats().end());
    if (m_floatNetwork && std::ranges::any_of(found.scale, [](float s) { return !(s > 0) || std::isinf(s); }))
        return fail(ErrorCode::Malformed, "its scale is not a positive number");
    found.zeroPoint.assign(found.scale.size(), 0);
    if (node.input_size() < 3 || node.input(2).empty() || (!m_floatNetwork && !m_file.isConstant(node.input(2))))
        return {};
    QS_ASSIGN(const Tensor zeros, m_file.constant(node.input(2)));
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
    for (const pb::NodeProto* reader : m_file.readers(value)) {
        found.readers.push_back(reader->output(0));
        if (found.place.empty())
            found.place = label(*reader);
    }
}

int32_t QuantizerReader::typeOf(const pb::NodeProto& node) const
{
    if (node.input_size() > 2)
        if (const pb::TensorProto* zeros = m_file.stored(node.input(2)))
            return zeros->data_type();
    return static_cast<int32_t>(integerAttribute(node, "output_dtype", kUInt8));
}

} // namespace

Result<std::vector<FileQuantizer>> readQuantizers(pb::ModelProto& model, TakenNames& names, TensorReader& reader,
                                                  const std::vector<PackedWeight>& packed, bool floatNetwork)
{
    return QuantizerReader(model, names, reader, floatNetwork).run(packed);
}

} // namespace qs::onnx
