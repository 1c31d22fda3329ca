#pragma once

#include "core/base/error.h"
#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/onnx/preparation_facts.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qs::onnx {

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
    int64_t classes = 0;
    std::vector<std::string> warnings;
    std::map<std::string, int>
        expanded;           ///< operators that stand for several: how many, "com.microsoft:BiasGelu" -> 12
    PreparationFacts facts; ///< for reading the file again as it was read
};

/// An imported model: all that the rest of the engine needs. Copies are cheap.
struct Model {
    graph::Graph graph;
    graph::SiteTable sites;
    ModelInfo info;
};

struct ImportOptions {
    /// Height and width where the file leaves them open (default 224).
    std::optional<int64_t> imageSize;
};

/// Reads an ONNX file, opsets 9 to 26 (of the newer ones, operators that are as they were in 21 and those that
/// core/onnx/prepare expands): weights inline or external (inside the model's folder only), any float type for
/// weights (converted to float32), static or dynamic batch (specialised to 1). Shape arithmetic is folded; fused and
/// decomposed forms become canonical (see graph::Node).
/// Errors, each one line naming file, node and cause: NotFound, Io, Malformed (truncated, cyclic, missing
/// initializer, sizes that do not fit), Unsupported (all unsupported operators in one message with one node of each),
/// NotFinite (NaN or infinity in a weight), TooLarge, ShapeMismatch.
Result<Model> importModel(const std::filesystem::path& path, const ImportOptions& options = {});

/// The same from memory; external data is looked for in `folder`, and refused where folder is empty. For tests and
/// fuzzing.
Result<Model> importModel(std::span<const std::byte> bytes, const std::filesystem::path& folder = {},
                          const ImportOptions& options = {});

} // namespace qs::onnx
