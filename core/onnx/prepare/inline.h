#pragma once

#include "core/base/error.h"

#include "quantoscope_onnx.pb.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace qs::onnx {

/// Names of a file that are taken, so that new ones are not.
class TakenNames {
public:
    explicit TakenNames(const quantoscope_onnx::GraphProto& graph);
    /// `base`, or base_2, base_3, ...; taken from now on.
    std::string unique(const std::string& base);

private:
    void take(const quantoscope_onnx::GraphProto& graph);
    std::set<std::string> m_names;
};

constexpr int kMaxPreparedNodes = 1 << 18;

/// Copies nodes under new value names: those in `renamed` get theirs, others that the nodes produce a new one that
/// begins with `prefix`, names from outside stay. Attributes that refer to those of a call are taken from
/// `attributes`, and dropped where it has none. Subgraphs follow.
std::vector<quantoscope_onnx::NodeProto>
renamedCopy(const google::protobuf::RepeatedPtrField<quantoscope_onnx::NodeProto>& nodes, const std::string& prefix,
            std::map<std::string, std::string> renamed,
            const std::map<std::string, quantoscope_onnx::AttributeProto>& attributes, TakenNames& names);

/// One round; true where something was replaced. Functions: every call that the node list has. Branches: every If
/// whose condition `branches` knows.
Result<bool> inlineFunctions(quantoscope_onnx::ModelProto& model, TakenNames& names);
Result<bool> inlineBranches(quantoscope_onnx::ModelProto& model, const std::map<std::string, bool>& branches,
                            TakenNames& names);

} // namespace qs::onnx
