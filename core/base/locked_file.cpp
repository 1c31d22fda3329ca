#include "core/base/locked_file.h"

#include "core/base/descriptor_buffer.h"
#include "core/base/file.h"
#include "core/base/system_reason.h"
#include "core/base/temporary_file.h"

#include <cerrno>
#include <fcntl.h>
#include <ostream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace qs {

namespace fs = std::filesystem;

namespace {

/// Whether the name still leads to what was opened: another process may have replaced it before we held it.
bool isAt(int descriptor, const fs::path& path)
{
    struct stat opened {
    }, named{};
    return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

} // namespace

Result<LockedFile> LockedFile::open(const fs::path& path)
{
    QS_ASSIGN(const fs::path target, behindLinks(path));
    for (;;) {
        const int descriptor = ::open(target.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
        if (descriptor < 0)
            return fail(ErrorCode::Io, "cannot write: " + systemReason(errno), path.string());
        struct stat info {};
        const bool regular = ::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode);
        const bool free = regular && (::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK);
        if (free && isAt(descriptor, target))
            return LockedFile(target, descriptor);
        ::close(descriptor);
        if (!regular)
            return fail(ErrorCode::Io, "not a regular file", path.string());
        if (!free)
            return fail(ErrorCode::Io, "another process is writing it", path.string());
    }
}

LockedFile::LockedFile(fs::path path, int descriptor) : m_path(std::move(path)), m_descriptor(descriptor) {}

LockedFile::LockedFile(LockedFile&& other) noexcept
    : m_path(std::move(other.m_path)), m_descriptor(std::exchange(other.m_descriptor, -1))
{
}

LockedFile& LockedFile::operator=(LockedFile&& other) noexcept
{
    std::swap(m_path, other.m_path);
    std::swap(m_descriptor, other.m_descriptor);
    return *this;
}

LockedFile::~LockedFile()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

Result<std::string> LockedFile::read() const
{
    return readText(m_path);
}

Result<void> LockedFile::replace(std::string_view content)
{
    QS_ASSIGN(TemporaryFile file, TemporaryFile::create(m_path)); // it is locked, and so is the name once it has it
    DescriptorBuffer buffer(file.descriptor());
    std::ostream out(&buffer);
    if (!out.write(content.data(), static_cast<std::streamsize>(content.size())) || !out.flush())
        return fail(ErrorCode::Io, "cannot write: " + systemReason(buffer.error() ? buffer.error() : EIO),
                    m_path.string());
    QS_CHECK(file.replaceTarget());
    ::close(std::exchange(m_descriptor, file.release()));
    return {};
}

} // namespace qs
