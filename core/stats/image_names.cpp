#include "core/stats/image_names.h"

#include "core/base/file.h"

#include <algorithm>
#include <string_view>

namespace qs::stats {

std::string hashOfNames(const exec::ImageSource& images, std::size_t count)
{
    std::string names;
    for (std::size_t i = 0; i < std::min(count, images.size()); ++i)
        names += images.name(i) + '\n';
    return contentHash(std::string_view(names));
}

} // namespace qs::stats
