#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/onnx/external_file.h"
#include "core/onnx/preparation_facts.h"

#include "quantoscope_onnx.pb.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace qs::onnx {

/// An ONNX file under edit. Positions are those of the node list as it was read (graph::Node::sources) and stay valid
/// until `finish`: new nodes wait beside the list, removed ones are only marked.
class ExportFile {
public:
    /// Reads the file again and prepares it as the import did (ModelInfo::facts); external data becomes inline.
    /// `hash` and `external` are ModelInfo's. Errors: NotFound, Io, Malformed (also where the file is no longer the
    /// one that was imported).
    static Result<ExportFile> open(const std::filesystem::path& path, const std::string& hash,
                                   const PreparationFacts& facts = {}, std::span<const ExternalFile> external = {});

    quantoscope_onnx::ModelProto& model() { return m_model; }
    const quantoscope_onnx::ModelProto& model() const { return m_model; }
    quantoscope_onnx::NodeProto& node(int position) { return *m_model.mutable_graph()->mutable_node(position); }
    const quantoscope_onnx::NodeProto& node(int position) const { return m_model.graph().node(position); }
    int nodeCount() const { return m_model.graph().node_size(); }
    /// Opset of the standard domain.
    int64_t opset() const;
    void setOpset(int64_t opset);

    /// Position of the node that produces a value; -1 for inputs, initializers and new nodes.
    int producer(const std::string& value) const;
    /// The initializer, or the value of the Constant node, of this name (through Identity and Cast: its elements may
    /// be of another type than the value); or null.
    const quantoscope_onnx::TensorProto* constant(const std::string& value) const;
    /// True where the value is computed from constants alone.
    bool isConstant(const std::string& value) const;
    bool isGraphOutput(const std::string& value) const;

    /// `base`, or base_2, base_3, ..: a name that no value and no node has yet; it is taken from now on.
    std::string unique(const std::string& base);
    /// Adds an initializer of raw bytes; returns its name (unique, from `base`).
    std::string addTensor(const std::string& base, int32_t type, std::span<const int64_t> dims, std::string bytes);
    template <class T>
    std::string addTensor(const std::string& base, int32_t type, std::span<const int64_t> dims,
                          std::span<const T> values)
    {
        return addTensor(base, type, dims,
                         std::string(reinterpret_cast<const char*>(values.data()), values.size_bytes()));
    }
    std::string addInts(const std::string& base, std::span<const int64_t> values); ///< int64 [n]
    std::string addScalar(const std::string& base, float value);

    /// An input of the file becomes a constant of it. Errors: Unsupported (a type that tensors here do not have).
    Result<void> giveInput(const std::string& name, const Tensor& tensor);

    /// A group of new nodes that stands together before (or right after) an old one.
    using Group = std::size_t;
    Group place(std::vector<quantoscope_onnx::NodeProto> nodes, int before);
    /// The group moves forward where `before` is earlier than its place.
    void lower(Group group, int before);
    void placeAfter(std::vector<quantoscope_onnx::NodeProto> nodes, int position)
    {
        place(std::move(nodes), position + 1);
    }
    void remove(int position) { m_removed.insert(position); }
    /// What gives the value `from`, old node or new, gives `to` instead; its readers are left as they are.
    void renameOutput(const std::string& from, const std::string& to);

    /// From here on edits count: what they take away of values that something still reads, further outputs of the
    /// file, say, finish() brings back as it is now.
    void beginEdits();

    /// Puts new nodes into the list; drops removed nodes, what reaches no output any more, initializers that nobody
    /// reads (initializers are not listed as inputs any more, so that they count as constants), and value_info of
    /// values that are gone.
    void finish();

private:
    struct Placed {
        int before = 0;
        std::vector<quantoscope_onnx::NodeProto> nodes;
    };
    void index();
    void bringBack();

    quantoscope_onnx::ModelProto m_model;
    std::vector<quantoscope_onnx::NodeProto> m_before; ///< the nodes as beginEdits() found them, constants aside
    std::unordered_map<std::string, int> m_producers;
    std::unordered_map<std::string, int> m_initializers;
    std::set<std::string> m_names;
    std::vector<Placed> m_placed;
    std::set<int> m_removed;
};

/// A node of the standard domain.
quantoscope_onnx::NodeProto makeNode(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                                     const std::string& output);
void setAttribute(quantoscope_onnx::NodeProto& node, const std::string& name, int64_t value);
void setAttribute(quantoscope_onnx::NodeProto& node, const std::string& name, float value);
void setAttribute(quantoscope_onnx::NodeProto& node, const std::string& name, const std::string& value);
/// Null where the node does not have it.
const quantoscope_onnx::AttributeProto* attribute(const quantoscope_onnx::NodeProto& node, const std::string& name);
void eraseAttribute(quantoscope_onnx::NodeProto& node, const std::string& name);
int64_t integerAttribute(const quantoscope_onnx::NodeProto& node, const std::string& name, int64_t fallback);

/// Writes the model under a temporary name and renames. A model over `limitBytes` (protobuf's own limit is 2 GiB) has
/// its large initializers in `<name>.data` beside it, written first. Returns the bytes of both. Errors: Io, TooLarge.
Result<std::size_t> writeModel(quantoscope_onnx::ModelProto& model, const std::filesystem::path& path,
                               std::size_t limitBytes = (std::size_t{1} << 31) - (std::size_t{1} << 20));

} // namespace qs::onnx
