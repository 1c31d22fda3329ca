#include "core/graph/structure.h"
#include "core/onnx/export_edit.h"
#include "core/quant/saturation.h"

#include <algorithm>
#include <functional>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int32_t kInt4Type = 22; // TensorProto.DataType of ONNX 1.16, newer than the schema of the system

/// How codes lie in the file: stored = code + shift. The plan's codes are signed, those of asymmetric grids too.
struct Container {
    int32_t type = pb::TensorProto::INT8;
    int shift = 0;
};

Container containerOf(bool int4, bool isUnsigned)
{
    if (int4)
        return {kInt4Type, 0};
    if (isUnsigned)
        return {pb::TensorProto::UINT8, 128};
    return {pb::TensorProto::INT8, 0};
}

/// One byte a code, or two codes a byte with the first in the low half.
std::string packed(const std::vector<int>& codes, bool int4)
{
    std::string bytes;
    if (!int4) {
        bytes.reserve(codes.size());
        for (const int code : codes)
            bytes += static_cast<char>(code);
        return bytes;
    }
    bytes.assign((codes.size() + 1) / 2, '\0');
    for (std::size_t i = 0; i < codes.size(); ++i)
        bytes[i / 2] = static_cast<char>(static_cast<unsigned char>(bytes[i / 2]) | ((codes[i] & 15) << (i % 2 * 4)));
    return bytes;
}

/// Codes of a weight as the plan means them, checked against its dequantized values.
Result<std::vector<int>> codesOf(const quant::SitePlan& numbers, const graph::Site& site)
{
    const std::span<const int8_t> stored = numbers.codes.data<int8_t>();
    const std::span<const float> values = numbers.dequantized.floats();
    const quant::UniformGrid& grid = numbers.grid;
    const auto inner = static_cast<std::size_t>(site.layout.inner);
    std::vector<int> codes(stored.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const std::size_t c = grid.scale.size() > 1 ? i / inner % grid.scale.size() : 0;
        codes[i] = stored[i];
        if (static_cast<float>(codes[i] - grid.zeroPoint[c]) * grid.scale[c] != values[i])
            return fail(ErrorCode::Internal, "the codes of the weight do not give its values", site.name);
    }
    return codes;
}

} // namespace

/// Puts dequantized codes in place of input 1, in the node's own layout.
Result<void> ExportEdit::replaceWeight(const graph::Site& site, int position, bool integerProduct)
{
    QS_ASSIGN(const std::string value, weightValue(site, position, integerProduct));
    pb::NodeProto& node = m_file.node(position);
    node.set_input(1, value);
    if (attribute(node, "alpha"))
        setAttribute(node, "alpha", 1.0f);
    return {};
}

Result<std::string> ExportEdit::weightValue(const graph::Site& site, int position, bool integerProduct)
{
    const pb::NodeProto& node = m_file.node(position);
    const std::string original = node.input(1);
    if (!m_file.isConstant(original)) {
        QS_ASSIGN(const bool batchFree, isBatchFree(site));
        if (!batchFree)
            return fail(ErrorCode::Unsupported,
                        "the file computes the weights of this layer from the number of images: export the model "
                        "with a fixed batch of 1",
                        site.nodeName);
    }
    const bool isConv = node.op_type() == "Conv";
    const bool transposed = node.op_type() == "Gemm" && integerAttribute(node, "transB", 0) != 0;
    const bool multiplied = !integerProduct && !isConv;
    const std::pair key{site.id, std::string(transposed ? "transposed" : "") + (multiplied ? " multiplied" : "")};
    if (const auto it = m_pairs.find(key); it != m_pairs.end()) {
        m_file.lower(it->second.group, position);
        return it->second.output;
    }

    const quant::SitePlan& numbers = m_plan[site.id];
    QS_ASSIGN(std::vector<int> codes, codesOf(numbers, site));
    std::vector<int64_t> dims;
    for (std::size_t i = 0; i < site.shape.rank(); ++i)
        dims.push_back(site.shape[i]);
    int64_t axis = isConv ? 0 : 1;
    if (transposed) {
        std::vector<int> turned(codes.size());
        const auto k = static_cast<std::size_t>(dims[0]);
        const auto n = static_cast<std::size_t>(dims[1]);
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t j = 0; j < n; ++j)
                turned[j * k + i] = codes[i * n + j];
        codes = std::move(turned);
        std::swap(dims[0], dims[1]);
        axis = 0;
    }
    const bool int4 = m_options.opset >= 21 && numbers.settings.bits <= 4;
    const bool isUnsigned = m_options.unsignedWeights || (isConv && needsUnsigned(site, codes));
    const Container container = containerOf(int4, isUnsigned);
    for (int& code : codes)
        code += container.shift;
    std::vector<int> zeroPoints(numbers.grid.zeroPoint.begin(), numbers.grid.zeroPoint.end());
    for (int& zero : zeroPoints)
        zero += container.shift;

    const std::string codesName =
        m_file.addTensor(site.name + "_quantized", container.type, dims, packed(codes, int4));
    const std::string output = m_file.unique(site.name + "_dequantized");
    m_pairs[key] = {m_file.place(multiplied ? multipliedWeight(site, codesName, zeroPoints, int4, axis, output)
                                            : dequantizedWeight(site, codesName, container.type,
                                                                packed(zeroPoints, int4), axis, output),
                                 position),
                    output};
    return output;
}

/// Exporters that trace a network cut q, k and v out of one weight at places that they compute from shapes. The
/// import has run that for one image; what it gives for two must be equal.
Result<bool> ExportEdit::isBatchFree(const graph::Site& site)
{
    if (!m_model.info.dynamicBatch)
        return true;
    if (!m_ofTwo) {
        ImportOptions options = m_model.info.options;
        options.batch = 2;
        QS_ASSIGN(Model model, importModel(m_model.info.path, options));
        m_ofTwo = std::make_shared<const Model>(std::move(model));
    }
    const graph::Use use = site.uses.front();
    const graph::Node& node = m_model.graph.node(use.node);
    const Tensor& one = m_model.graph.value(site.tensor).constant;
    for (const graph::Node& other : m_ofTwo->graph.nodes()) {
        if (other.name != node.name || other.op != node.op)
            continue;
        const Tensor& two = m_ofTwo->graph.value(other.inputs[static_cast<std::size_t>(use.input)]).constant;
        return one.shape() == two.shape() && one.dtype() == two.dtype() &&
               std::equal(one.bytes(), one.bytes() + one.sizeBytes(), two.bytes());
    }
    return false;
}

/// Convolutions keep their full range, because most of them multiply in float. One that a quantizer may read as it is
/// can become an integer one; where two of its codes, in whatever order the runtime takes them, are too large for the
/// 16-bit sums of u8 × s8 products, unsigned weights are exact.
bool ExportEdit::needsUnsigned(const graph::Site& site, std::span<const int> codes) const
{
    const quant::SitePlan& numbers = m_plan[site.id];
    const graph::Node& conv = m_model.graph.node(site.uses.front().node);
    const bool depthwise = site.shape[1] == 1 && conv.attributes.integer("group", 1) == site.shape[0];
    if (!numbers.settings.saturationSafe || numbers.settings.bits != 8 || depthwise)
        return false; // depthwise kernels add in 32 bits
    const auto mayFollow = [](const graph::Node& node) {
        return node.op == "Reshape" || node.op == "Transpose" || node.op == "Relu" || node.op == "Clip";
    };
    bool mayBeInteger = false;
    for (const graph::Use& use : site.uses)
        for (const graph::Use& reader :
             graph::readersAfter(m_model.graph, m_model.graph.node(use.node).outputs[0], mayFollow))
            mayBeInteger = mayBeInteger || changedSite(reader);
    const std::size_t each = codes.size() / static_cast<std::size_t>(std::max<int64_t>(site.shape[0], 1));
    bool isLarge = false;
    for (std::size_t begin = 0; each > 1 && begin + each <= codes.size(); begin += each) {
        const auto channel = codes.subspan(begin, each);
        std::vector<int> ends(channel.begin(), channel.end());
        std::nth_element(ends.begin(), ends.begin() + 1, ends.end());
        const int least = std::min(ends[0], 0) + std::min(ends[1], 0);
        std::nth_element(ends.begin(), ends.begin() + 1, ends.end(), std::greater<>());
        const int most = std::max(ends[0], 0) + std::max(ends[1], 0);
        isLarge = isLarge || std::max(most, -least) > quant::kPairLimit;
    }
    return mayBeInteger && isLarge;
}

std::vector<pb::NodeProto> ExportEdit::dequantizedWeight(const graph::Site& site, const std::string& codes,
                                                         int32_t type, std::string zeroPoints, int64_t axis,
                                                         const std::string& output)
{
    const std::vector<float>& scale = m_plan[site.id].grid.scale;
    std::vector<int64_t> dims;
    if (scale.size() > 1)
        dims.push_back(static_cast<int64_t>(scale.size()));
    const std::string scaleName =
        m_file.addTensor(site.name + "_scale", pb::TensorProto::FLOAT, dims, std::span<const float>(scale));
    const std::string zeroName = m_file.addTensor(site.name + "_zero_point", type, dims, std::move(zeroPoints));
    pb::NodeProto node = makeNode("DequantizeLinear", m_file.unique(site.name + "/DequantizeLinear"),
                                  {codes, scaleName, zeroName}, output);
    if (scale.size() > 1)
        setAttribute(node, "axis", axis);
    return {std::move(node)};
}

/// (code - zero point) · scale in Cast, Sub and Mul (4-bit codes: DequantizeLinear with scale 1, since older runtimes
/// have no such Cast): a DequantizeLinear at a float product is what ONNX Runtime fuses to MatMulNBits, which rounds
/// the activation to 8 bits. These it folds when it loads the file.
std::vector<pb::NodeProto> ExportEdit::multipliedWeight(const graph::Site& site, const std::string& codes,
                                                        const std::vector<int>& zeroPoints, bool int4, int64_t axis,
                                                        const std::string& output)
{
    const std::vector<float>& scale = m_plan[site.id].grid.scale;
    std::vector<int64_t> dims;
    if (scale.size() > 1) {
        dims.push_back(static_cast<int64_t>(scale.size()));
        if (axis == 0)
            dims.push_back(1);
    }
    std::vector<pb::NodeProto> nodes;
    std::string value = m_file.unique(site.name + "_real");
    if (int4) {
        nodes.push_back(makeNode("DequantizeLinear", m_file.unique(site.name + "/DequantizeLinear"),
                                 {codes, m_file.addScalar(site.name + "_unit", 1)}, value));
    } else {
        nodes.push_back(makeNode("Cast", m_file.unique(site.name + "/Cast"), {codes}, value));
        setAttribute(nodes.back(), "to", int64_t{pb::TensorProto::FLOAT});
    }
    if (std::ranges::any_of(zeroPoints, [](int zero) { return zero != 0; })) {
        const std::vector<float> zeros(zeroPoints.begin(), zeroPoints.end());
        const std::string zeroName =
            m_file.addTensor(site.name + "_zero_point", pb::TensorProto::FLOAT, dims, std::span<const float>(zeros));
        const std::string moved = m_file.unique(site.name + "_moved");
        nodes.push_back(makeNode("Sub", m_file.unique(site.name + "/Sub"), {value, zeroName}, moved));
        value = moved;
    }
    const std::string scaleName =
        m_file.addTensor(site.name + "_scale", pb::TensorProto::FLOAT, dims, std::span<const float>(scale));
    nodes.push_back(makeNode("Mul", m_file.unique(site.name + "/Mul"), {value, scaleName}, output));
    return nodes;
}

std::string ExportEdit::biasValue(const graph::Site& weight, const quant::BiasPlan& bias, int before)
{
    const std::string base = weight.layer + ".bias";
    const bool perChannel = m_plan[weight.id].grid.scale.size() > 1;
    const auto count = static_cast<int64_t>(bias.codes.size());
    const std::string codes = m_file.addTensor(base + "_quantized", pb::TensorProto::INT32, {&count, 1},
                                               std::span<const int32_t>(bias.codes));
    const std::string scale = perChannel ? m_file.addTensor(base + "_scale", pb::TensorProto::FLOAT, {&count, 1},
                                                            std::span<const float>(bias.scale))
                                         : m_file.addScalar(base + "_scale", bias.scale.front());
    const std::string output = m_file.unique(base + "_dequantized");
    pb::NodeProto node =
        makeNode("DequantizeLinear", m_file.unique(base + "/DequantizeLinear"), {codes, scale}, output);
    if (perChannel)
        setAttribute(node, "axis", int64_t{0});
    m_file.place({std::move(node)}, before);
    return output;
}

/// The bias goes where the file has it. Where the importer folded more into the layer than one bias (a second Add, a
/// BatchNormalization), all of these leave and the layer gets one bias of its own.
Result<void> ExportEdit::replaceBias(NodeId id, int position, const std::string& bias)
{
    const graph::Node& graphNode = m_model.graph.node(id);
    const graph::Site& weight = m_model.sites[m_model.sites.at({id, 1})];
    const bool isMatMul = m_file.node(position).op_type() == "MatMul";

    std::vector<int> adds; // nodes of the group after the product that compute with constants
    std::vector<int> rest;
    for (const int source : graphNode.sources) {
        const pb::NodeProto& node = m_file.node(source);
        if (source == position || m_file.isConstant(node.output(0)))
            continue;
        if (node.op_type() == "Add" &&
            (m_file.isConstant(node.input(0)) || m_file.isConstant(node.input(1)) ||
             m_file.producer(node.input(0)) == position || m_file.producer(node.input(1)) == position))
            adds.push_back(source);
        else
            rest.push_back(source);
    }
    pb::NodeProto& product = m_file.node(position);
    const bool ownBias = product.input_size() > 2 && !product.input(2).empty();
    const auto setOwn = [&] {
        while (product.input_size() < 3)
            product.add_input();
        product.set_input(2, bias);
        if (attribute(product, "beta"))
            setAttribute(product, "beta", 1.0f);
    };
    const bool folded =
        std::ranges::any_of(rest, [&](int source) { return m_file.node(source).op_type() == "BatchNormalization"; });
    if (!folded && isMatMul && adds.size() == 1) {
        pb::NodeProto& add = m_file.node(adds[0]);
        // What is not the product is the bias, constant or cut out of one at places that shapes give.
        add.set_input(m_file.producer(add.input(1)) == position || m_file.isConstant(add.input(0)) ? 0 : 1, bias);
        return {};
    }
    if (!folded && !isMatMul && adds.empty()) {
        setOwn();
        return {};
    }
    for (const int source : rest)
        if (m_file.node(source).op_type() != "BatchNormalization")
            return fail(ErrorCode::Unsupported, "export cannot edit the bias of a layer of this form",
                        graphNode.name);
    if (isMatMul && ownBias)
        return fail(ErrorCode::Internal, "a MatMul with three inputs", graphNode.name);
    const std::string output = m_model.graph.value(graphNode.outputs[0]).name;
    for (const int source : adds)
        m_file.remove(source);
    for (const int source : rest) {
        pb::NodeProto& norm = m_file.node(source);
        const auto& sources = graphNode.sources;
        if (std::ranges::find(sources, m_file.producer(norm.input(0))) != sources.end()) {
            m_file.remove(source);
            continue;
        }
        // Behind a Reshape: its values pass as they are.
        norm.set_op_type("Identity");
        norm.clear_attribute();
        while (norm.input_size() > 1)
            norm.mutable_input()->RemoveLast();
    }
    if (isMatMul) {
        const std::string between = m_file.unique(product.output(0) + "_product");
        product.set_output(0, between);
        m_file.placeAfter({makeNode("Add", m_file.unique(weight.layer + ".bias/Add"), {between, bias}, output)},
                          position);
    } else {
        product.set_output(0, output);
        setOwn();
    }
    return {};
}

} // namespace qs::onnx
