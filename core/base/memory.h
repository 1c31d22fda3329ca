#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qs {

/// What this process may still take, and what sets the limit.
struct MemoryLimit {
    std::size_t bytes = 0;
    std::string_view source; ///< "of the machine's memory", "of the control group's limit", ...
};

/// The least of: what the machine has available (/proc/meminfo, MemAvailable), what the control groups of the process
/// leave (memory.max - memory.current of cgroup 2, the files of the same meaning of cgroup 1, groups above included)
/// and what the limit of the address space leaves (RLIMIT_AS). What cannot be read does not limit; on other systems
/// than Linux nothing does (SIZE_MAX). Takes some 50 µs.
MemoryLimit availableMemory();

/// The same from texts, for tests: MemAvailable of a /proc/meminfo; SIZE_MAX where it is not there.
std::size_t memAvailable(std::string_view meminfo);
/// What is left of `limit` ("max" or a number) when `used` is taken; SIZE_MAX where it is no number.
std::size_t memoryLeft(std::string_view limit, std::string_view used);

/// "730 MB", "12.3 GB" (powers of ten, for messages).
std::string memoryText(std::size_t bytes);

} // namespace qs
