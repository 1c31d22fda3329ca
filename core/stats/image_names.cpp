#include "core/stats/image_names.h"

#include "core/base/file.h"

#include <string_view>

namespace qs::stats {

std::string hashOfNames(const exec::ImageSource& images)
{
    std::string names;
    for (std::size_t i = 0; i < images.size(); ++i)
        names += images.name(i) + '\n';
    return contentHash(std::string_view(names));
}

} // namespace qs::stats
