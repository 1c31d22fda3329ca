#pragma once

#include "core/images/check.h"

namespace qs::images {

/// A folder as it is opened for a model.
struct FolderRequest {
    std::filesystem::path root;
    FolderOptions options{};
    std::optional<int64_t> classes{}; ///< of the model; nullopt: no model yet, labels stay as the folder has them
    int labelOffset = 0;              ///< added to every label
    DamagedLimit damaged{};
};

/// openFolder(), fitLabels() and withoutDamaged() in one: the one road by which images come in, with everything that
/// is doubtful of them in ImageFolder::doubts. Errors: theirs.
Result<ImageFolder> openFor(const FolderRequest& request, const Context& context);

} // namespace qs::images
