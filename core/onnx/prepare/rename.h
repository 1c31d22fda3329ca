#pragma once

#include "core/base/error.h"

#include "quantoscope_onnx.pb.h"

#include <cstddef>
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
    std::map<std::string, int> m_next; ///< of a base: the number to try first
};

/// Of nodes that functions and branches are copied to, beside what the file has: its constants come with them.
constexpr std::size_t kMaxCopiedBytes = std::size_t{256} << 20;

/// Copies nodes under new value names: those in `renamed` get theirs, others that the nodes produce a new one that
/// begins with `prefix`, names from outside stay. Attributes that refer to those of a call are taken from
/// `attributes`, as they are (their subgraphs read the caller's values), and dropped where it has none. Subgraphs
/// follow. `copied` grows by the bytes. Errors: TooLarge (kMaxCopiedBytes).
Result<std::vector<quantoscope_onnx::NodeProto>>
renamedCopy(const google::protobuf::RepeatedPtrField<quantoscope_onnx::NodeProto>& nodes, const std::string& prefix,
            std::map<std::string, std::string> renamed,
            const std::map<std::string, quantoscope_onnx::AttributeProto>& attributes, TakenNames& names,
            std::size_t& copied);

} // namespace qs::onnx
