#include "core/onnx/export_weights.h"

#include "core/graph/structure.h"
#include "core/quant/saturation.h"

#include <algorithm>
#include <array>
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

/// A matrix [k, n] as [n, k].
template <class T>
std::vector<T> turned(std::span<const T> matrix, std::size_t k, std::size_t n)
{
    std::vector<T> result(matrix.size());
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j < n; ++j)
            result[j * k + i] = matrix[i * n + j];
    return result;
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
Result<void> WeightEdit::quantize(const graph::Site& site, int position, bool integerProduct)
{
    QS_ASSIGN(const std::string value, valueOf(site, position, integerProduct));
    pb::NodeProto& node = m_task.file.node(position);
    node.set_input(1, value);
    if (attribute(node, "alpha"))
        setAttribute(node, "alpha", 1.0f);
    return {};
}

Result<std::string> WeightEdit::valueOf(const graph::Site& site, int position, bool integerProduct)
{
    const pb::NodeProto& node = m_task.file.node(position);
    const std::string original = node.input(1);
    QS_CHECK(checkBatchFree(site, original));
    const bool isConv = node.op_type() == "Conv";
    const bool transposed = node.op_type() == "Gemm" && integerAttribute(node, "transB", 0) != 0;
    const bool isMultiplied = !integerProduct && !isConv;
    const std::pair key{site.id, std::string(transposed ? "transposed" : "") + (isMultiplied ? " multiplied" : "")};
    if (const auto it = m_placed.find(key); it != m_placed.end()) {
        m_task.file.lower(it->second.group, position);
        return it->second.output;
    }

    const quant::SitePlan& numbers = m_task.plan[site.id];
    QS_ASSIGN(Codes inFile, codesFor(site, isConv, transposed));
    std::vector<int>& codes = inFile.codes;
    const bool int4 = m_task.options.opset >= 21 && numbers.settings.bits <= 4;
    const bool isUnsigned = m_task.options.unsignedWeights || (isConv && needsUnsigned(site, codes));
    const Container container = containerOf(int4, isUnsigned);
    for (int& code : codes)
        code += container.shift;
    std::vector<int> zeroPoints(numbers.grid.zeroPoint.begin(), numbers.grid.zeroPoint.end());
    for (int& zero : zeroPoints)
        zero += container.shift;

    const std::string codesName =
        m_task.file.addTensor(site.name + "_quantized", container.type, inFile.dims, packed(codes, int4));
    const std::string output = m_task.file.unique(site.name + "_dequantized");
    m_placed[key] = {m_task.file.place(isMultiplied
                                           ? multiplied(site, codesName, zeroPoints, int4, inFile.axis, output)
                                           : dequantized(site, codesName, container.type, packed(zeroPoints, int4),
                                                         inFile.axis, output),
                                       position),
                     output};
    return output;
}

Result<WeightEdit::Codes> WeightEdit::codesFor(const graph::Site& site, bool isConv, bool transposed) const
{
    Codes result;
    QS_ASSIGN(result.codes, codesOf(m_task.plan[site.id], site));
    for (std::size_t i = 0; i < site.shape.rank(); ++i)
        result.dims.push_back(site.shape[i]);
    result.axis = isConv ? 0 : 1;
    if (!transposed)
        return result;
    const auto k = static_cast<std::size_t>(result.dims[0]);
    const auto n = static_cast<std::size_t>(result.dims[1]);
    result.codes = turned(std::span<const int>(result.codes), k, n);
    std::swap(result.dims[0], result.dims[1]);
    result.axis = 0;
    return result;
}

Result<void> WeightEdit::checkBatchFree(const graph::Site& site, const std::string& value)
{
    if (m_task.file.isConstant(value))
        return {};
    QS_ASSIGN(const bool batchFree, isBatchFree(site));
    if (!batchFree)
        return fail(ErrorCode::Unsupported,
                    "the file computes the weights of this layer from the number of images: export the model "
                    "with a fixed batch of 1",
                    site.nodeName);
    return {};
}

/// Exporters that trace a network cut q, k and v out of one weight at places that they compute from shapes. The
/// import has run that for one image; what it gives for two must be equal.
Result<bool> WeightEdit::isBatchFree(const graph::Site& site)
{
    if (!m_task.model.info.dynamicBatch)
        return true;
    if (!m_ofTwo) {
        ImportOptions options = m_task.model.info.options;
        options.batch = 2;
        QS_ASSIGN(Model model, importModel(m_task.model.info.path, options));
        m_ofTwo = std::make_shared<const Model>(std::move(model));
    }
    const graph::Use use = site.uses.front();
    const graph::Node& node = m_task.model.graph.node(use.node);
    const Tensor& one = m_task.model.graph.value(site.tensor).constant;
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
bool WeightEdit::needsUnsigned(const graph::Site& site, std::span<const int> codes) const
{
    const quant::SitePlan& numbers = m_task.plan[site.id];
    const graph::Node& conv = m_task.model.graph.node(site.uses.front().node);
    const bool depthwise = site.shape[1] == 1 && conv.attributes.integer("group", 1) == site.shape[0];
    if (!numbers.settings.saturationSafe || numbers.settings.bits != 8 || depthwise)
        return false; // depthwise kernels add in 32 bits
    const auto mayFollow = [](const graph::Node& node) {
        return node.op == "Reshape" || node.op == "Transpose" || node.op == "Relu" || node.op == "Clip";
    };
    bool mayBeInteger = false;
    for (const graph::Use& use : site.uses)
        for (const graph::Use& reader :
             graph::readersAfter(m_task.model.graph, m_task.model.graph.node(use.node).outputs[0], mayFollow))
            mayBeInteger = mayBeInteger || m_task.changedSite(reader);
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

std::vector<pb::NodeProto> WeightEdit::dequantized(const graph::Site& site, const std::string& codes, int32_t type,
                                                   std::string zeroPoints, int64_t axis,
                                                   const std::string& output) const
{
    const std::vector<float>& scale = m_task.plan[site.id].grid.scale;
    std::vector<int64_t> dims;
    if (scale.size() > 1)
        dims.push_back(static_cast<int64_t>(scale.size()));
    const std::string scaleName =
        m_task.file.addTensor(site.name + "_scale", pb::TensorProto::FLOAT, dims, std::span<const float>(scale));
    const std::string zeroName = m_task.file.addTensor(site.name + "_zero_point", type, dims, std::move(zeroPoints));
    pb::NodeProto node = makeNode("DequantizeLinear", m_task.file.unique(site.name + "/DequantizeLinear"),
                                  {codes, scaleName, zeroName}, output);
    if (scale.size() > 1)
        setAttribute(node, "axis", axis);
    return {std::move(node)};
}

/// (code - zero point) · scale in Cast, Sub and Mul (4-bit codes: DequantizeLinear with scale 1, since older runtimes
/// have no such Cast): a DequantizeLinear at a float product is what ONNX Runtime fuses to MatMulNBits, which rounds
/// the activation to 8 bits. These it folds when it loads the file.
std::vector<pb::NodeProto> WeightEdit::multiplied(const graph::Site& site, const std::string& codes,
                                                  const std::vector<int>& zeroPoints, bool int4, int64_t axis,
                                                  const std::string& output) const
{
    const std::vector<float>& scale = m_task.plan[site.id].grid.scale;
    std::vector<int64_t> dims;
    if (scale.size() > 1) {
        dims.push_back(static_cast<int64_t>(scale.size()));
        if (axis == 0)
            dims.push_back(1);
    }
    std::vector<pb::NodeProto> nodes;
    std::string value = m_task.file.unique(site.name + "_real");
    if (int4) {
        nodes.push_back(makeNode("DequantizeLinear", m_task.file.unique(site.name + "/DequantizeLinear"),
                                 {codes, m_task.file.addScalar(site.name + "_unit", 1)}, value));
    } else {
        nodes.push_back(makeNode("Cast", m_task.file.unique(site.name + "/Cast"), {codes}, value));
        setAttribute(nodes.back(), "to", int64_t{pb::TensorProto::FLOAT});
    }
    if (std::ranges::any_of(zeroPoints, [](int zero) { return zero != 0; })) {
        const std::vector<float> zeros(zeroPoints.begin(), zeroPoints.end());
        const std::string zeroName = m_task.file.addTensor(site.name + "_zero_point", pb::TensorProto::FLOAT, dims,
                                                           std::span<const float>(zeros));
        const std::string moved = m_task.file.unique(site.name + "_moved");
        nodes.push_back(makeNode("Sub", m_task.file.unique(site.name + "/Sub"), {value, zeroName}, moved));
        value = moved;
    }
    const std::string scaleName =
        m_task.file.addTensor(site.name + "_scale", pb::TensorProto::FLOAT, dims, std::span<const float>(scale));
    nodes.push_back(makeNode("Mul", m_task.file.unique(site.name + "/Mul"), {value, scaleName}, output));
    return nodes;
}

/// In the node's own layout.
Result<void> WeightEdit::replaceFloat(NodeId id, int position, const Tensor& weight)
{
    const graph::Node& graphNode = m_task.model.graph.node(id);
    pb::NodeProto& node = m_task.file.node(position);
    bool isWeight = graphNode.op == "Linear";
    if (isWeight && !m_task.file.isConstant(node.input(1))) {
        QS_ASSIGN(isWeight, isBatchFree(m_task.model.sites[m_task.model.sites.at({id, 1})]));
    }
    if (!isWeight)
        return fail(ErrorCode::Unsupported, "export cannot edit the weights of a layer of this form", graphNode.name);
    std::array dims{weight.shape()[0], weight.shape()[1]};
    std::vector<float> values(weight.floats().begin(), weight.floats().end());
    if (node.op_type() == "Gemm" && integerAttribute(node, "transB", 0) != 0) {
        values = turned(weight.floats(), static_cast<std::size_t>(dims[0]), static_cast<std::size_t>(dims[1]));
        std::swap(dims[0], dims[1]);
    }
    node.set_input(1, m_task.file.addTensor(graphNode.name + "_weight_smoothed", pb::TensorProto::FLOAT, dims,
                                            std::span<const float>(values)));
    if (attribute(node, "alpha"))
        setAttribute(node, "alpha", 1.0F);
    return {};
}

} // namespace qs::onnx
