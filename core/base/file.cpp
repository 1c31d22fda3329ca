#include "core/base/file.h"

#include "core/base/system_reason.h"

#include <cerrno>
#include <fcntl.h>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace qs {

namespace {

/// Closes it at the end.
class Descriptor {
public:
    explicit Descriptor(int fd) : m_fd(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { ::close(m_fd); }

private:
    int m_fd;
};

} // namespace

Result<FileBytes> FileBytes::read(const std::filesystem::path& path)
{
    // O_NONBLOCK: of a pipe that nobody writes an open would wait for ever.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fail(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io, "cannot open: " + systemReason(errno),
                    path.string());
    const Descriptor closed(fd);
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return fail(ErrorCode::Io, "not a regular file", path.string());
    FileBytes file;
    file.m_size = static_cast<std::size_t>(info.st_size);
    try {
        file.m_data = std::make_unique_for_overwrite<std::byte[]>(file.m_size);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to read its " + std::to_string(file.m_size) + " bytes",
                    path.string());
    }
    for (std::size_t done = 0; done < file.m_size;) {
        const ssize_t got = ::read(fd, file.m_data.get() + done, file.m_size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(ErrorCode::Io, "cannot read: " + systemReason(errno), path.string());
        if (got == 0)
            return fail(ErrorCode::Io, "it was cut while it was read", path.string());
        done += static_cast<std::size_t>(got);
    }
    struct stat after {};
    if (::fstat(fd, &after) != 0 || after.st_size != info.st_size || after.st_mtim.tv_sec != info.st_mtim.tv_sec ||
        after.st_mtim.tv_nsec != info.st_mtim.tv_nsec)
        return fail(ErrorCode::Io, "it changed while it was read", path.string());
    return file;
}

Result<std::string> readText(const std::filesystem::path& path)
{
    constexpr std::size_t kLimitBytes = std::size_t{256} << 20;
    QS_ASSIGN(const FileBytes file, FileBytes::read(path));
    if (file.bytes().size() > kLimitBytes)
        return fail(ErrorCode::TooLarge, "text file of more than 256 MiB", path.string());
    return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
}

std::string contentHash(std::span<const std::byte> bytes)
{
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const uint64_t half : {static_cast<uint64_t>(hash.high64), static_cast<uint64_t>(hash.low64)})
        for (int shift = 60; shift >= 0; shift -= 4)
            text += kDigits[(half >> shift) & 15];
    return text;
}

std::string contentHash(std::string_view text)
{
    return contentHash(std::as_bytes(std::span(text)));
}

} // namespace qs
