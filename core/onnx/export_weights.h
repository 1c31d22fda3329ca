#pragma once

#include "core/onnx/export_task.h"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace qs::onnx {

/// Puts the plan's weights into the file, in the layout of the nodes that read them:
///   quantized  codes -> DequantizeLinear (axis of the output channels) in place of the weight input; Cast, Sub and
///              Mul where the product is a float one
///   smoothed   Ŵ in float
/// Gemm's alpha is 1 afterwards (the importer has folded it into the weights).
class WeightEdit {
public:
    explicit WeightEdit(const ExportTask& task) : m_task(task) {}

    /// integerProduct: integer kernels can read the other operand. Errors: Unsupported, naming the site's node.
    Result<void> quantize(const graph::Site& site, int position, bool integerProduct);
    Result<void> replaceFloat(NodeId id, int position, const Tensor& weight);

private:
    struct Placed {
        ExportFile::Group group;
        std::string output;
    };
    /// Codes in the layout of the file.
    struct Codes {
        std::vector<int> codes;
        std::vector<int64_t> dims;
        int64_t axis = 0; ///< of the output channels
    };

    Result<std::string> valueOf(const graph::Site& site, int position, bool integerProduct);
    Result<Codes> codesFor(const graph::Site& site, bool isConv, bool transposed) const;
    Result<void> checkBatchFree(const graph::Site& site, const std::string& value);
    /// Whether a weight that the file computes (from stored ones and shapes) is the same whatever the batch.
    Result<bool> isBatchFree(const graph::Site& site);
    bool needsUnsigned(const graph::Site& site, std::span<const int> codes) const;
    std::vector<quantoscope_onnx::NodeProto> dequantized(const graph::Site& site, const std::string& codes,
                                                         int32_t type, std::string zeroPoints, int64_t axis,
                                                         const std::string& output) const;
    std::vector<quantoscope_onnx::NodeProto> multiplied(const graph::Site& site, const std::string& codes,
                                                        const std::vector<int>& zeroPoints, bool int4, int64_t axis,
                                                        const std::string& output) const;

    const ExportTask& m_task;
    std::map<std::pair<SiteId, std::string>, Placed> m_placed; ///< by site and layout
    std::shared_ptr<const Model> m_ofTwo; ///< the file read for two images; null until somebody asks
};

} // namespace qs::onnx
