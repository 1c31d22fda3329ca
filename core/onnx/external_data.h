#pragma once

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/onnx/external_file.h"

#include "quantoscope_onnx.pb.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace qs::onnx {

/// Weights that lie outside of the model's file (TensorProto.external_data), each file read once.
///   They lie below the model's folder, or below that of what the model's name leads to: caches keep models as links
///   into another folder. Links are followed, and what they lead to must be in one of the two.
class ExternalData {
public:
    /// No folder: external data is refused.
    ExternalData() = default;
    explicit ExternalData(const std::filesystem::path& folder);
    static ExternalData ofModel(const std::filesystem::path& model);

    /// The bytes of a tensor, valid as long as this. `where` names the tensor.
    /// Errors: Unsupported (no folder), Malformed (leads out of the folders; too short; an unreadable offset),
    /// NotFound, and those of FileBytes.
    Result<std::span<const std::byte>> of(const quantoscope_onnx::TensorProto& proto, const std::string& where);

    std::size_t bytes() const;
    std::vector<ExternalFile> files() const;

private:
    struct Read {
        ExternalFile file;
        FileBytes content;
    };
    Result<std::filesystem::path> find(const std::filesystem::path& location, const std::string& where) const;
    std::vector<std::filesystem::path> m_folders; ///< the first is where locations are looked for
    std::map<std::string, Read> m_files;          ///< by location
};

} // namespace qs::onnx
