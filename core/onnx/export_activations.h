#pragma once

#include "core/onnx/export_task.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace qs::onnx {

/// Puts the quantizers of activations into the file, once for all readers of a site: smoothing and noise that could
/// not be folded (Sub and Div before the quantizer), then the levels (export_grid.h, export_levels.h).
class ActivationEdit {
public:
    explicit ActivationEdit(const ExportTask& task) : m_task(task) {}

    /// Whether the site's grid has no pair of QuantizeLinear and DequantizeLinear that runs: a scale a channel where
    /// a product reads it, or a zero point that is no 8-bit code.
    bool isRounded(const graph::Site& site) const;
    /// The value that readers of the site read instead of `value`, made where there is none yet. reader: the position
    /// of one, before which it has to stand.
    std::string valueOf(const graph::Site& site, const std::string& value, int reader);
    /// A site without readers: the file's output gets the levels. Errors: Unsupported.
    Result<void> quantizeOutput(const graph::Site& site);

private:
    struct Pair {
        ExportFile::Group group;
        std::string output;
    };
    using Nodes = std::vector<quantoscope_onnx::NodeProto>;

    /// The nodes of a site's quantizer. All their names begin with the site's and a slash.
    Nodes nodesOf(const graph::Site& site, const std::string& value, const std::string& output) const;
    Nodes nodesInOwnShape(const graph::Site& site, const std::string& value, const std::string& output) const;
    /// Sub and Div (Sub alone where no scale changes); `value` becomes what they give. Nothing where the site's
    /// smoothing is folded.
    Nodes smoothingNodes(const graph::Site& site, std::string& value) const;
    /// Whether it is a softmax's input whose output is quantized too.
    bool isBetweenPairs(const graph::Site& site) const;
    /// The pair, and Max(x, lowest float), which changes nothing: a softmax between two pairs becomes ONNX Runtime's
    /// QLinearSoftmax, which takes its output to be in steps of 1/256 whatever the file says.
    Nodes setApart(const graph::Site& site, const std::string& value, const std::string& output) const;

    const ExportTask& m_task;
    std::map<std::pair<SiteId, std::string>, Pair> m_pairs; ///< by site and value of the file
};

} // namespace qs::onnx
