#include "core/images/check.h"

#include "core/images/folder_layout.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace qs::images {

Result<ImageFolder> withoutDamaged(ImageFolder folder, const DamagedLimit& limit, const Context& context)
{
    const std::size_t count = folder.entries.size();
    std::vector<std::optional<Error>> damage(count);
    std::atomic<std::size_t> done{0};
    const auto caller = std::this_thread::get_id();
    const auto one = [&](std::size_t i, int) {
        if (context.stopRequested())
            return;
        if (auto read = checkImage(folder.entries[i].path); !read)
            damage[i] = std::move(read.error());
        const std::size_t finished = done.fetch_add(1) + 1;
        if (std::this_thread::get_id() == caller)
            context.progress("reading the images", finished, count);
    };
    if (context.pool)
        context.pool->parallelFor(count, one);
    else
        for (std::size_t i = 0; i < count; ++i)
            one(i, 0);
    if (context.stopRequested())
        return cancelled();

    std::vector<std::string> names;
    std::optional<Error> first;
    std::vector<ImageEntry> good;
    for (std::size_t i = 0; i < count; ++i) {
        if (!damage[i]) {
            good.push_back(std::move(folder.entries[i]));
            continue;
        }
        names.push_back(folder.entries[i].name);
        if (!first)
            first = std::move(damage[i]);
    }
    folder.entries = std::move(good);
    if (!first)
        return folder;
    if (folder.entries.empty() || names.size() > limit.most.value_or(count)) {
        if (folder.entries.empty() && count > 1)
            first->message += " (none of the " + std::to_string(count) + " images can be read)";
        else if (count > 1)
            first->message += " (" + std::to_string(names.size()) + " of " + std::to_string(count) +
                              " images cannot be read, " + std::to_string(*limit.most) + " may: --max-bad-images)";
        return tl::unexpected<Error>(std::move(*first));
    }
    folder.doubts.push_back(
        {DoubtKind::DamagedImages,
         counted(names, "image of " + std::to_string(count) + " cannot be read and is left out",
                 "images of " + std::to_string(count) + " cannot be read and are left out") +
             " (" + first->message + ")",
         "--max-bad-images 0 stops instead",
         {{"damaged", static_cast<double>(names.size())}, {"images", static_cast<double>(count)}}});
    return folder;
}

} // namespace qs::images
