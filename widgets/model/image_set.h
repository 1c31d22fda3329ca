#pragma once

#include "core/base/context.h"
#include "core/images/folder.h"
#include "core/images/preprocess.h"
#include "core/images/task_choice.h"

#include <memory>
#include <optional>

namespace qs::ui {

/// What images are read for.
struct ImageUse {
    images::Preprocess preprocess;
    std::optional<int64_t> classes; ///< of the model; nullopt: none is open
    int labelOffset = 0;            ///< added to every label
    bool forCalibration = false;
    std::optional<images::TruthRequest> truths{}; ///< none: the folder's labels
};

/// A folder of images under the session's preprocessing.
struct ImageSet {
    images::ImageFolder folder;
    images::Preprocess preprocess;
    std::shared_ptr<const exec::ImageSource> source;
    std::shared_ptr<const images::ImageFolder> found; ///< before the labels became a model's; null: made up
    std::shared_ptr<const images::LateTruths> truths; ///< in the geometry of the preprocessing; null: the labels
    std::size_t size() const { return folder.entries.size(); }
};

/// Opens a folder as the command line does (images::openFor). Errors: its.
Result<std::shared_ptr<const ImageSet>> readImageSet(const std::filesystem::path& root, const ImageUse& use,
                                                     const Context& context);
/// The same images for another model, label offset or preprocessing, without reading the files again. Errors:
/// InvalidArgument (a label outside the model's classes).
Result<std::shared_ptr<const ImageSet>> refit(const ImageSet& images, const ImageUse& use);
/// The same images and labels under another preprocessing.
std::shared_ptr<const ImageSet> prepared(const ImageSet& images, const images::Preprocess& preprocess);

} // namespace qs::ui
