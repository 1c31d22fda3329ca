#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/onnx/builder.h"
#include "core/onnx/file_graph.h"
#include "core/onnx/import.h"
#include "core/onnx/lowering.h"
#include "core/onnx/tensor_reader.h"

#include "quantoscope_onnx.pb.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace qs::onnx {

/// Reads one model. Everything lives as long as the import.
class Importer {
public:
    Importer(std::span<const std::byte> bytes, std::shared_ptr<ExternalData> external, const ImportOptions& options,
             PreparationFacts& facts)
        : m_bytes(bytes), m_reader(std::move(external)), m_options(options), m_facts(facts)
    {
    }

    /// Adds facts that preparing the file must know: then what is returned is worth nothing, and reading starts
    /// again.
    Result<Model> run();
    /// Facts that were taken from a guess and turned out to be others; reading starts again with them.
    bool hasRevised() const { return m_revised; }

private:
    Result<void> addAll(const FileGraph& file);
    void reviseFacts();
    Result<void> addInput(const FileGraph& file);
    Result<TensorId> findValue(const FileGraph& file, const std::string& name);
    Result<void> addNode(const FileGraph& file, int position);
    Result<void> addWaiting(const FileGraph& file, int position);
    Result<Lowering::FileNode> readNode(const FileGraph& file, int position);
    Result<graph::Attributes> readAttributes(const quantoscope_onnx::NodeProto& node);
    std::string uniqueName(const quantoscope_onnx::NodeProto& node, int position);
    void addRemarks();

    std::span<const std::byte> m_bytes;
    TensorReader m_reader;
    ImportOptions m_options;
    PreparationFacts& m_facts;
    Builder m_builder;
    ModelInfo m_info;
    std::unordered_map<std::string_view, TensorId> m_values;
    std::unordered_set<std::string> m_nodeNames;
    bool m_revised = false;
};

/// `where` before the message, so that a new `where` can be set.
Error within(Error error, std::string where);
/// Errors: NotFinite (NaN in a constant of floats).
Result<void> checkNumbers(const Tensor& tensor, const std::string& name);

} // namespace qs::onnx
