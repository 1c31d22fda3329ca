#pragma once

#include "core/base/context.h"
#include "core/project/demos.h"
#include "widgets/model/session_file.h"

#include <filesystem>

namespace qs::ui {

/// What a model is opened with: min-max at 8 bits.
project::State firstState();
/// ImageNet's transform for the model's input size: what the command line does by default.
images::Preprocess defaultPreprocess(const onnx::ModelInfo& info);
/// A demo: its model, its images, and images as large as the model's input, so nothing is resized. Errors: the
/// importer's and those of the folders.
Result<SessionDocument> loadDemo(const std::filesystem::path& folder, const project::DemoDef& demo,
                                 const Context& context);

} // namespace qs::ui
