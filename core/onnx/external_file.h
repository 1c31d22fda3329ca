#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace qs::onnx {

/// A file of weights beside the model.
struct ExternalFile {
    std::filesystem::path path;
    std::string hash; ///< contentHash
    bool operator==(const ExternalFile&) const = default;
};

/// What follows the name of an exported file for that of its weights outside.
constexpr std::string_view kDataSuffix = ".data";

/// The files of weights that a model names, whether they exist or not; none where it cannot be read.
std::vector<std::filesystem::path> externalFilesOf(const std::filesystem::path& model);

} // namespace qs::onnx
