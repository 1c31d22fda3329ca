#include "core/images/check.h"

#include "core/images/preprocess.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

namespace qs::images {

namespace {

/// Names of images by what is said of them.
using Reasons = std::vector<std::pair<std::string, std::vector<std::string>>>;

void add(Reasons& reasons, const std::string& reason, const std::string& name)
{
    auto it = std::ranges::find(reasons, reason, &Reasons::value_type::first);
    if (it == reasons.end())
        it = reasons.insert(reasons.end(), {reason, {}});
    it->second.push_back(name);
}

/// "2 × the file is empty (a.jpg, b.jpg); 1 × the PNG image is damaged (c.png)", the most frequent first.
std::string textOf(Reasons reasons)
{
    constexpr std::size_t kReasons = 4, kNames = 3;
    std::ranges::stable_sort(reasons, std::greater(), [](const auto& reason) { return reason.second.size(); });
    std::string text;
    std::size_t others = 0;
    for (std::size_t i = 0; i < reasons.size(); ++i) {
        const auto& [reason, names] = reasons[i];
        if (i >= kReasons) {
            others += names.size();
            continue;
        }
        text += (i ? "; " : "") + std::to_string(names.size()) + " × " + reason + " (";
        for (std::size_t n = 0; n < std::min(names.size(), kNames); ++n)
            text += (n ? ", " : "") + names[n];
        text += names.size() > kNames ? ", ...)" : ")";
    }
    return others ? text + "; " + std::to_string(others) + " for other reasons" : text;
}

std::size_t countOf(const Reasons& reasons)
{
    std::size_t count = 0;
    for (const auto& [reason, names] : reasons)
        count += names.size();
    return count;
}

Doubt doubtOf(const Reasons& reasons, std::size_t all, std::string_view one, std::string_view several,
              std::string cure)
{
    const std::size_t count = countOf(reasons);
    return {DoubtKind::DamagedImages,
            std::to_string(count) + (count == 1 ? " image of " : " images of ") + std::to_string(all) + " " +
                std::string(count == 1 ? one : several) + ": " + textOf(reasons),
            std::move(cure),
            {{"damaged", static_cast<double>(count)}, {"images", static_cast<double>(all)}}};
}

} // namespace

Result<ImageFolder> withoutDamaged(ImageFolder folder, const DamagedLimit& limit, const Context& context)
{
    const std::size_t count = folder.entries.size();
    std::vector<Result<std::string>> checked(count);
    std::atomic<std::size_t> done{0};
    const auto caller = std::this_thread::get_id();
    const auto one = [&](std::size_t i, int) {
        if (context.stopRequested())
            return;
        checked[i] = checkImage(folder.entries[i].path);
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

    Reasons lost, mended;
    std::optional<Error> first;
    std::vector<ImageEntry> good;
    for (std::size_t i = 0; i < count; ++i) {
        ImageEntry& entry = folder.entries[i];
        if (!checked[i]) {
            add(lost, checked[i].error().message, entry.name);
            if (!first)
                first = std::move(checked[i].error());
            continue;
        }
        if (!checked[i]->empty())
            add(mended, *checked[i], entry.name);
        good.push_back(std::move(entry));
    }
    folder.entries = std::move(good);
    if (!mended.empty())
        folder.doubts.push_back(doubtOf(mended, count, "has damaged parts, which the decoder fills in, and is used",
                                        "have damaged parts, which the decoder fills in, and are used", ""));
    if (!first)
        return folder;
    if (const std::size_t bad = countOf(lost); folder.entries.empty() || bad > limit.most.value_or(count)) {
        const std::string several = lost.size() > 1 ? ": " + textOf(lost) : "";
        if (folder.entries.empty() && count > 1)
            first->message += " (none of the " + std::to_string(count) + " images can be read" + several + ")";
        else if (count > 1)
            first->message += " (" + std::to_string(bad) + " of " + std::to_string(count) + " images cannot be read" +
                              several + "; " + std::to_string(*limit.most) + " may: --max-bad-images)";
        return tl::unexpected<Error>(std::move(*first));
    }
    folder.doubts.push_back(doubtOf(lost, count, "cannot be read and is left out", "cannot be read and are left out",
                                    "--max-bad-images 0 stops instead"));
    return folder;
}

} // namespace qs::images
