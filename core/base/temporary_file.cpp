#include "core/base/temporary_file.h"

#include "core/base/system_reason.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <random>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace qs {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPart = ".part-";
constexpr std::size_t kDigits = 12;

fs::path folderOf(const fs::path& file)
{
    return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// ".NAME.part-", short enough for what follows.
std::string prefixOf(const fs::path& target)
{
    constexpr std::size_t kLongestName = 200;
    return "." + target.filename().string().substr(0, kLongestName) + std::string(kPart);
}

std::string randomDigits()
{
    std::random_device random;
    std::string text;
    while (text.size() < kDigits)
        text += "0123456789abcdef"[random() & 15];
    return text;
}

/// False where somebody else holds it. Where the file system knows no locks, nobody does.
bool locked(int descriptor)
{
    return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

bool stillThere(int descriptor)
{
    struct stat info {};
    return ::fstat(descriptor, &info) == 0 && info.st_nlink > 0;
}

/// Takes away what processes that died have left for this target.
void removeAbandoned(const fs::path& target)
{
    const std::string prefix = prefixOf(target);
    std::error_code error;
    for (fs::directory_iterator it(folderOf(target), error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name.size() != prefix.size() + kDigits || !name.starts_with(prefix))
            continue;
        const int descriptor = ::open(it->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (descriptor < 0)
            continue;
        if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            ::unlink(it->path().c_str());
        ::close(descriptor);
    }
}

void syncFolder(const fs::path& folder)
{
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    ::fsync(descriptor); // not every file system can: the file itself is synced
    ::close(descriptor);
}

} // namespace

Result<TemporaryFile> TemporaryFile::create(const fs::path& target)
{
    removeAbandoned(target);
    for (;;) {
        const fs::path path = folderOf(target) / (prefixOf(target) + randomDigits());
        const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno == EEXIST)
            continue;
        if (descriptor < 0)
            return fail(ErrorCode::Io, "cannot write: " + systemReason(errno), target.string());
        // Between open and lock it may have looked abandoned to another process.
        if (locked(descriptor) && stillThere(descriptor))
            return TemporaryFile(target, path, descriptor);
        ::close(descriptor);
    }
}

TemporaryFile::TemporaryFile(fs::path target, fs::path path, int descriptor)
    : m_target(std::move(target)), m_path(std::move(path)), m_descriptor(descriptor)
{
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : m_target(std::move(other.m_target)), m_path(std::move(other.m_path)),
      m_descriptor(std::exchange(other.m_descriptor, -1)), m_replaced(std::exchange(other.m_replaced, true))
{
}

TemporaryFile::~TemporaryFile()
{
    if (!m_replaced)
        ::unlink(m_path.c_str());
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

Result<void> TemporaryFile::replaceTarget()
{
    const auto failed = [&] {
        return fail(ErrorCode::Io, "cannot write: " + systemReason(errno), m_target.string());
    };
    struct stat before {};
    if (::stat(m_target.c_str(), &before) == 0) {
        const bool owned = ::fchown(m_descriptor, before.st_uid, before.st_gid) == 0;
        const mode_t mode = before.st_mode & (owned ? 07777 : 0777);
        if (::fchmod(m_descriptor, mode) != 0)
            return failed();
    }
    if (::fsync(m_descriptor) != 0 || ::rename(m_path.c_str(), m_target.c_str()) != 0)
        return failed();
    m_replaced = true;
    syncFolder(folderOf(m_target));
    return {};
}

int TemporaryFile::release()
{
    return std::exchange(m_descriptor, -1);
}

Result<fs::path> behindLinks(fs::path path)
{
    constexpr int kMostLinks = 40;
    std::error_code error;
    const fs::path asked = path;
    for (int i = 0; fs::is_symlink(fs::symlink_status(path, error)); ++i) {
        if (i == kMostLinks)
            return fail(ErrorCode::Io, "cannot write: " + systemReason(ELOOP), asked.string());
        const fs::path next = fs::read_symlink(path, error);
        if (error)
            return fail(ErrorCode::Io, "cannot write: " + error.message(), asked.string());
        path = next.is_absolute() ? next : path.parent_path() / next;
    }
    return path;
}

} // namespace qs
