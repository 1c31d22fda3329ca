#pragma once

#include "core/base/error.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

namespace qs::project {

/// One line of the list of built-in demos: a trained network with images, which are all in the folder "demo".
struct DemoDef {
    std::string_view task;  ///< tasks::TaskDef::name, which is the demo's name too
    std::string_view title; ///< for people: "Classification"
    std::string_view words; ///< one sentence
    std::string_view model; ///< file in the folder
    std::string_view
        masks; ///< folder of masks of the test images, see images::openTruths; "": their labels are right
};
std::span<const DemoDef> demos(); ///< the first is opened where none is named
const DemoDef* findDemo(std::string_view task);

/// The files of a demo in the folder `demo`. Images are as large as the model's input: nothing is resized
/// ("crop-only").
struct DemoFiles {
    std::filesystem::path model, calibration, test;
    std::optional<std::filesystem::path> masks;
};
DemoFiles demoFiles(const std::filesystem::path& demo, const DemoDef& def);

/// The folder "demo" in the first of these places that has the first demo's model: the environment's
/// QUANTOSCOPE_RESOURCES, ../share/quantoscope seen from the running program, `sourceResources` (the source tree's).
/// Errors: NotFound.
Result<std::filesystem::path> demoFolder(const std::filesystem::path& sourceResources);

} // namespace qs::project
