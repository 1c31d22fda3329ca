#pragma once

#include "core/onnx/export_activations.h"
#include "core/onnx/export_task.h"
#include "core/onnx/export_weights.h"

#include <map>
#include <string>

namespace qs::onnx {

/// What a linear layer, convolution or product became in the file.
struct ProductForm {
    int position = -1; ///< of the MatMul, Gemm or Conv in the list of the original file
    std::string node;  ///< its name
    std::string op;    ///< its operator
    bool quantizedInput = false;
    bool quantizedWeight = false; ///< of a product of two activations: its second operand
    bool levels = false;          ///< an operand's levels are not equally spaced
    bool channels = false;        ///< an activation has a scale a channel
    bool wideZeroPoint = false;   ///< the zero point of an activation is no 8-bit code
    bool integerBias = true;      ///< true also where there is no bias
    bool quantizedOutput = false; ///< one QuantizeLinear, and nothing else, reads the result
    bool mixedReaders = false;    ///< a QuantizeLinear and something else read the result
    bool limited = false;         ///< a Relu or Clip alone reads the result, which no codes make redundant
    bool int4 = false;            ///< weights packed as 4-bit integers
};

/// Puts a plan into a file: goes over the nodes of the graph and has each part of the plan written where the file has
/// it.
///   weights         integers in the node's own layout (export_weights.h)
///   activations     quantizers, once for all readers of a site, in place of exactly the inputs that read it
///                   (export_activations.h)
///   biases          integers with scale_x · scale_w (export_biases.h)
///   normalizations  γ̂ and β̂ of smoothing and noise (export_norms.h)
class ExportEdit {
public:
    explicit ExportEdit(const ExportTask& task) : m_task(task), m_activations(m_task), m_weights(m_task) {}
    ExportEdit(const ExportEdit&) = delete; // its parts refer to its task
    ExportEdit& operator=(const ExportEdit&) = delete;

    /// Errors: Unsupported (a quantizer without an exact form in standard operators, a layer whose nodes cannot be
    /// edited), naming the site or the node.
    Result<void> apply();

    const std::map<NodeId, ProductForm>& forms() const { return m_forms; }

private:
    Result<void> checkPlan() const;
    Result<int> productPosition(const graph::Node& node) const;
    ProductForm formOf(NodeId id, int position) const;
    Result<void> editProduct(NodeId id);
    Result<void> editOperands(NodeId id, int position);
    Result<void> editBias(NodeId id, int position);
    Result<void> editOther(NodeId id);
    bool foldsNormalization(const graph::Node& node) const;

    const ExportTask m_task;
    ActivationEdit m_activations;
    WeightEdit m_weights;
    std::map<NodeId, ProductForm> m_forms;
};

} // namespace qs::onnx
