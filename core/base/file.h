#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

namespace qs {

/// A read-only view of a whole file (memory-mapped). Errors: NotFound, Io.
class MappedFile {
public:
    static Result<MappedFile> open(const std::filesystem::path& path);
    MappedFile(MappedFile&&) noexcept;
    MappedFile& operator=(MappedFile&&) noexcept;
    ~MappedFile();

    std::span<const std::byte> bytes() const { return {m_data, m_size}; }

private:
    MappedFile() = default;
    const std::byte* m_data = nullptr;
    std::size_t m_size = 0;
};

/// The whole file as text. Errors: NotFound, Io, TooLarge (over 256 MiB).
Result<std::string> readText(const std::filesystem::path& path);

/// Writes to a temporary name in the same folder, syncs, then renames over `path`: a reader sees the old file or the
/// whole new one, and nothing is left behind when writing fails. Errors: Io with the system's reason (full disk,
/// ...).
Result<void> writeAtomically(const std::filesystem::path& path, const std::function<bool(std::ostream&)>& write);
Result<void> writeAtomically(const std::filesystem::path& path, std::string_view content);

/// XXH3, 128 bit, as 32 hex digits. Not cryptographic: it tells files and recipes apart.
std::string contentHash(std::span<const std::byte> bytes);
std::string contentHash(std::string_view text);

} // namespace qs
