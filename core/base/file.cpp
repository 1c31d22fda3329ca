#include "core/base/file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace qs {

namespace {

std::string systemReason(int error)
{
    return std::strerror(error);
}

} // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path)
{
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io, "cannot open: " + systemReason(errno),
                    path.string());
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        ::close(fd);
        return fail(ErrorCode::Io, "not a regular file", path.string());
    }
    MappedFile file;
    file.m_size = static_cast<std::size_t>(info.st_size);
    if (file.m_size > 0) {
        void* p = ::mmap(nullptr, file.m_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            const int error = errno;
            ::close(fd);
            return fail(ErrorCode::Io, "cannot map: " + systemReason(error), path.string());
        }
        file.m_data = static_cast<const std::byte*>(p);
    }
    ::close(fd);
    return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_size(std::exchange(other.m_size, 0))
{
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept
{
    std::swap(m_data, other.m_data);
    std::swap(m_size, other.m_size);
    return *this;
}

MappedFile::~MappedFile()
{
    if (m_data)
        ::munmap(const_cast<std::byte*>(m_data), m_size);
}

Result<std::string> readText(const std::filesystem::path& path)
{
    constexpr std::size_t kLimitBytes = std::size_t{256} << 20;
    QS_ASSIGN(const MappedFile file, MappedFile::open(path));
    if (file.bytes().size() > kLimitBytes)
        return fail(ErrorCode::TooLarge, "text file of more than 256 MiB", path.string());
    return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
}

Result<void> writeAtomically(const std::filesystem::path& path, const std::function<bool(std::ostream&)>& write)
{
    const std::filesystem::path temporary = path.string() + ".part" + std::to_string(::getpid());
    const auto giveUp = [&](int error) {
        std::error_code ignored;
        std::filesystem::remove(temporary, ignored);
        return fail(ErrorCode::Io, "cannot write: " + systemReason(error ? error : EIO), path.string());
    };
    errno = 0;
    {
        std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
        if (!out)
            return giveUp(errno);
        if (!write(out) || !out.flush())
            return giveUp(errno);
    }
    const int fd = ::open(temporary.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return giveUp(errno);
    const int synced = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    if (synced != 0)
        return giveUp(error);
    std::error_code renamed;
    std::filesystem::rename(temporary, path, renamed);
    if (renamed)
        return giveUp(renamed.value());
    return {};
}

Result<void> writeAtomically(const std::filesystem::path& path, std::string_view content)
{
    return writeAtomically(path, [&](std::ostream& out) {
        return static_cast<bool>(out.write(content.data(), static_cast<std::streamsize>(content.size())));
    });
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
