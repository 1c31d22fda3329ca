#include "core/onnx/builder.h"

#include "core/onnx/tensor_reader.h"

#include <algorithm>

namespace qs::onnx {

namespace {

/// Rough number of multiply-accumulates of a product; 0 for other operators.
int64_t productWork(const graph::Node& node, std::span<const exec::ValueInfo> inputs,
                    std::span<const exec::ValueInfo> outputs)
{
    constexpr int64_t kHuge = int64_t{1} << 31;
    const int64_t elements = countElements(outputs[0].shape.dims(), kHuge).value_or(kHuge);
    const Shape& a = inputs[0].shape;
    if (node.op == "MatMul" || node.op == "Linear")
        return a.empty() ? 0 : elements * std::min(a.back(), kHuge);
    if (node.op == "Conv" && inputs.size() > 1 && inputs[1].shape.rank() > 1)
        return elements * std::min(inputs[1].shape.product(1, inputs[1].shape.rank()), kHuge);
    if (node.op == "ConvTranspose" || node.op == "Einsum" || node.op == "Resize" || node.op == "AveragePool" ||
        node.op == "MaxPool")
        return kHuge; // never on constants in an honest model
    return 0;
}

tl::unexpected<Error> tooLarge(std::size_t limitBytes)
{
    return fail(ErrorCode::TooLarge,
                "constants computed on import exceed " + std::to_string(limitBytes >> 20) + " MiB");
}

} // namespace

TensorId Builder::addInput(std::string name, const Shape& shape)
{
    const TensorId id(m_data.values.size());
    m_data.values.push_back({std::move(name), DType::Float32, shape, {}, {}, {}});
    m_data.inputs.push_back(id);
    return id;
}

TensorId Builder::addConstant(std::string name, Tensor tensor)
{
    const TensorId id(m_data.values.size());
    m_data.values.push_back({std::move(name), tensor.dtype(), tensor.shape(), {}, {}, std::move(tensor)});
    return id;
}

Result<TensorId> Builder::addFolded(std::string name, Tensor tensor)
{
    m_foldedBytes += tensor.sizeBytes();
    if (m_foldedBytes > m_maxFoldedBytes)
        return tooLarge(m_maxFoldedBytes);
    return addConstant(std::move(name), std::move(tensor));
}

const Tensor* Builder::constant(TensorId id) const
{
    return id.valid() && value(id).isConstant() ? &value(id).constant : nullptr;
}

int32_t Builder::fileType(TensorId id) const
{
    const auto it = m_fileTypes.find(id);
    return it == m_fileTypes.end() ? 0 : it->second;
}

const graph::Node* Builder::producer(TensorId id) const
{
    const auto it = m_producers.find(id);
    return it != m_producers.end() ? &m_data.nodes[it->second] : nullptr;
}

const graph::Node* Builder::producer(TensorId id, std::string_view op) const
{
    const graph::Node* node = producer(id);
    return node && node->op == op ? node : nullptr;
}

std::string Builder::innerName(const std::string& nodeName)
{
    return nodeName + "/inner_" + std::to_string(m_innerValues++);
}

Result<std::vector<TensorId>> Builder::emit(graph::Node node, const std::vector<std::string>& outputNames)
{
    std::vector<exec::ValueInfo> inputs;
    bool allConstant = !node.inputs.empty();
    for (const TensorId id : node.inputs) {
        inputs.push_back(id.valid() ? exec::ValueInfo{value(id).dtype, value(id).shape} : exec::ValueInfo{});
        allConstant = allConstant && (!id.valid() || value(id).isConstant());
    }
    const exec::OpDef* op = exec::findOp(node.op);
    if (!op)
        return fail(ErrorCode::Unsupported, "operator " + node.op + " is not supported");
    node.outputs.resize(std::max<std::size_t>(outputNames.size(), 1)); // inference may ask how many there are
    QS_ASSIGN(const std::vector<exec::ValueInfo> outputs, op->infer(node, inputs));
    std::size_t empty = 0;
    for (const exec::ValueInfo& info : outputs) {
        const auto elements = countElements(info.shape.dims(), kMaxElements);
        if (!elements)
            return fail(ErrorCode::TooLarge, "its output has more than 2^31 elements, or a negative size");
        empty += *elements == 0;
    }
    if (empty > 0 && empty < outputs.size() && !allConstant)
        return fail(ErrorCode::Unsupported, "one of its outputs has no elements, others have some");
    if (empty > 0 && !allConstant) // nothing to compute: the value is known
        return nothing(node, outputNames, outputs);
    if (allConstant && productWork(node, inputs, outputs) <= kMaxFoldedWork)
        return fold(node, outputNames, outputs);
    return emitAs(std::move(node), outputNames, outputs);
}

std::vector<TensorId> Builder::emitAs(graph::Node node, const std::vector<std::string>& outputNames,
                                      std::span<const exec::ValueInfo> outputs)
{
    node.outputs.clear();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const TensorId id(m_data.values.size());
        std::string name = i < outputNames.size() && !outputNames[i].empty() ? outputNames[i] : innerName(node.name);
        m_data.values.push_back({std::move(name), outputs[i].dtype, outputs[i].shape, {}, {}, {}});
        m_producers[id] = m_data.nodes.size();
        node.outputs.push_back(id);
    }
    m_data.nodes.push_back(std::move(node));
    return m_data.nodes.back().outputs;
}

Result<std::vector<TensorId>> Builder::nothing(const graph::Node& node, const std::vector<std::string>& outputNames,
                                               std::span<const exec::ValueInfo> outputs)
{
    std::vector<TensorId> ids;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        std::string name = i < outputNames.size() && !outputNames[i].empty() ? outputNames[i] : innerName(node.name);
        QS_ASSIGN(const TensorId id, addFolded(std::move(name), Tensor(outputs[i].dtype, outputs[i].shape)));
        ids.push_back(id);
    }
    return ids;
}

Result<std::vector<TensorId>> Builder::fold(const graph::Node& node, const std::vector<std::string>& outputNames,
                                            std::span<const exec::ValueInfo> outputs)
{
    std::size_t bytes = m_foldedBytes;
    for (const exec::ValueInfo& info : outputs)
        bytes += static_cast<std::size_t>(info.shape.elements()) * dtypeSize(info.dtype);
    if (bytes > m_maxFoldedBytes)
        return tooLarge(m_maxFoldedBytes);
    std::vector<Tensor> inputs;
    for (const TensorId id : node.inputs)
        inputs.push_back(id.valid() ? value(id).constant : Tensor());
    QS_ASSIGN(std::vector<Tensor> results, exec::evaluate(node, inputs));
    std::vector<TensorId> ids;
    for (std::size_t i = 0; i < results.size(); ++i) {
        std::string name = i < outputNames.size() && !outputNames[i].empty() ? outputNames[i] : innerName(node.name);
        QS_ASSIGN(const TensorId id, addFolded(std::move(name), std::move(results[i])));
        ids.push_back(id);
    }
    return ids;
}

} // namespace qs::onnx
