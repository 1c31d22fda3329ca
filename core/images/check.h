#pragma once

#include "core/base/context.h"
#include "core/images/folder.h"

#include <cstddef>
#include <optional>

namespace qs::images {

/// How many images may be damaged before that is an error.
struct DamagedLimit {
    std::optional<std::size_t> most; ///< 0: none; nullopt: all but one
};

/// The folder without the images that cannot be decoded; a doubt counts them by reason and names the first of each,
/// another those that a codec decodes although parts are damaged. Every file is read and
/// decoded (JPEG at an eighth of its size, whose damage the markers tell), on all threads. Errors: that of the first
/// damaged image, with how many there are, where they are more than the limit or all; Cancelled.
Result<ImageFolder> withoutDamaged(ImageFolder folder, const DamagedLimit& limit, const Context& context);

} // namespace qs::images
