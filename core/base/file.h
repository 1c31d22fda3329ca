#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace qs {

/// The bytes of a whole file, read into memory: a file that is cut or replaced afterwards changes nothing (of a
/// mapped one the next access would end the process). Errors: NotFound, Io (the system's reason; not a regular file;
/// it changed while it was read), OutOfMemory.
class FileBytes {
public:
    static Result<FileBytes> read(const std::filesystem::path& path);

    std::span<const std::byte> bytes() const { return {m_data.get(), m_size}; }

private:
    std::unique_ptr<std::byte[]> m_data;
    std::size_t m_size = 0;
};

/// The whole file as text. Errors: NotFound, Io, TooLarge (over 256 MiB).
Result<std::string> readText(const std::filesystem::path& path);

/// XXH3, 128 bit, as 32 hex digits. Not cryptographic: it tells files and recipes apart.
std::string contentHash(std::span<const std::byte> bytes);
std::string contentHash(std::string_view text);

} // namespace qs
