#include "core/base/memory.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#ifdef __linux__
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace qs {

namespace {

namespace fs = std::filesystem;

std::optional<std::size_t> number(std::string_view text)
{
    const std::size_t begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos)
        return std::nullopt;
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + begin, text.data() + text.size(), value);
    return error == std::errc() ? std::optional(value) : std::nullopt;
}

#ifdef __linux__

std::string contentOf(const fs::path& path)
{
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// What a group and those above it leave: `folder` is that of the whole hierarchy, `group` the path below it. Inside
/// a container the path may be one of outside: then the folder itself is the container's group.
std::size_t leftInGroups(const fs::path& folder, const fs::path& group, const char* limit, const char* used)
{
    std::size_t left = SIZE_MAX;
    for (fs::path below = group.relative_path();; below = below.parent_path()) {
        const fs::path here = folder / below;
        left = std::min(left, memoryLeft(contentOf(here / limit), contentOf(here / used)));
        if (below.empty())
            return left;
    }
}

std::size_t leftInControlGroups()
{
    std::size_t left = SIZE_MAX;
    std::ifstream in("/proc/self/cgroup"); // lines "number:controllers:path"
    for (std::string line; std::getline(in, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first == std::string::npos ? first : first + 1);
        if (second == std::string::npos)
            continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const fs::path group = line.substr(second + 1);
        if (controllers.empty())
            left = std::min(left, leftInGroups("/sys/fs/cgroup", group, "memory.max", "memory.current"));
        else if (controllers == "memory")
            left = std::min(
                left, leftInGroups("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", "memory.usage_in_bytes"));
    }
    return left;
}

std::size_t leftInAddressSpace()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    // The first number is the size of the address space in pages.
    const auto pages = number(contentOf("/proc/self/statm"));
    const std::size_t used = pages.value_or(0) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return limit.rlim_cur > used ? static_cast<std::size_t>(limit.rlim_cur) - used : 0;
}

#endif

} // namespace

std::size_t memAvailable(std::string_view meminfo)
{
    constexpr std::string_view kName = "MemAvailable:";
    const std::size_t at = meminfo.find(kName);
    const auto kilobytes = at == std::string_view::npos ? std::nullopt : number(meminfo.substr(at + kName.size()));
    return kilobytes && *kilobytes < SIZE_MAX / 1024 ? *kilobytes * 1024 : SIZE_MAX;
}

std::size_t memoryLeft(std::string_view limit, std::string_view used)
{
    const auto most = number(limit);
    if (!most)
        return SIZE_MAX;
    const std::size_t taken = number(used).value_or(0);
    return *most > taken ? *most - taken : 0;
}

MemoryLimit availableMemory()
{
    MemoryLimit least{SIZE_MAX, "of memory"};
#ifdef __linux__
    for (const MemoryLimit& limit : {MemoryLimit{memAvailable(contentOf("/proc/meminfo")), "of the machine's memory"},
                                     MemoryLimit{leftInControlGroups(), "of the control group's limit"},
                                     MemoryLimit{leftInAddressSpace(), "of the limit of the address space"}})
        if (limit.bytes < least.bytes)
            least = limit;
#endif
    return least;
}

std::string memoryText(std::size_t bytes)
{
    const auto megabytes = static_cast<double>(bytes) / 1e6;
    std::ostringstream text;
    text.setf(std::ios::fixed);
    text.precision(megabytes < 1e4 ? 0 : 1);
    text << (megabytes < 1e4 ? megabytes : megabytes / 1e3) << (megabytes < 1e4 ? " MB" : " GB");
    return text.str();
}

} // namespace qs
