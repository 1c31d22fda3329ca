#pragma once

#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/graph/network.h"
#include "core/graph/rewrites/rewrite_set.h"
#include "core/onnx/external_file.h"
#include "core/onnx/import_options.h"
#include "core/onnx/model_output.h"
#include "core/onnx/preparation_facts.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qs::onnx {

struct FileQuantization;

struct ModelInfo {
    std::filesystem::path path;
    std::string hash; ///< contentHash of the file (without external data)
    int64_t opset = 0;
    int64_t irVersion = 0;
    std::string producer;
    std::size_t fileBytes = 0; ///< with external data
    std::size_t fileNodes = 0;
    int64_t parameters = 0; ///< float constants that the graph uses
    bool dynamicBatch = false;
    int64_t channels = 3, height = 0, width = 0; ///< of the input
    bool bytes = false;                          ///< the input takes whole numbers of 0 to 255
    bool channelsLast = false;                   ///< the file's input is [batch, height, width, channels]
    int64_t classes = 0;                         ///< 0: the output is no row of scores
    std::vector<OutputInfo> outputs;             ///< all that the file has
    std::vector<std::string> counted;            ///< names of those that count, in the graph's order
    std::vector<Doubt> assumed; ///< what the file leaves open and was chosen here, and how to choose otherwise
    ImportOptions options;      ///< as it was opened, for opening it again
    std::vector<std::string> warnings;
    std::map<std::string, int>
        expanded; ///< operators that stand for several: how many, "com.microsoft:BiasGelu" -> 12
    std::map<std::string, std::size_t>
        otherFloats; ///< what is not float32: how many tensors and values of which type
    /// Of a file that is already quantized (core/onnx/file_quantization.h); null for others.
    std::shared_ptr<const FileQuantization> quantization;
    std::vector<ExternalFile> external; ///< weights beside the file, as they were read
    PreparationFacts facts;             ///< for reading the file again as it was read
};

/// An imported model: all that the rest of the engine needs. Copies are cheap.
struct Model : graph::Network {
    ModelInfo info;
};

/// Reads an ONNX file, opsets 9 to 28 (of the newer ones, operators that are as they were in 21 and those that
/// core/onnx/prepare expands): weights inline or external (inside the model's folder only), any float type for
/// weights (converted to float32), static or dynamic batch (specialised to 1). Shape arithmetic is folded; fused and
/// decomposed forms become canonical (see graph::Node).
/// Errors, each one line naming file, node and cause: NotFound, Io, Malformed (truncated, cyclic, missing
/// initializer, sizes that do not fit), Unsupported (all unsupported operators in one message with one node of each),
/// NotFinite (NaN or infinity in a weight), TooLarge, ShapeMismatch.
Result<Model> importModel(const std::filesystem::path& path, const ImportOptions& options = {});

/// Usual sizes, square, at which a file with open height and width can be read, at most `most` (none where it has
/// none open, or cannot be read for another reason). Reads the file once a size.
std::vector<ImageSize> fittingSizes(const std::filesystem::path& path, ImportOptions options, std::size_t most = 4);

/// The same from memory; external data is looked for in `folder`, and refused where folder is empty. For tests and
/// fuzzing.
Result<Model> importModel(std::span<const std::byte> bytes, const std::filesystem::path& folder = {},
                          const ImportOptions& options = {});

} // namespace qs::onnx
