#include "core/base/write_file.h"

#include "core/base/descriptor_buffer.h"
#include "core/base/system_reason.h"
#include "core/base/temporary_file.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace qs {

namespace fs = std::filesystem;

namespace {

using Write = std::function<bool(std::ostream&)>;

tl::unexpected<Error> cannotWrite(int error, const fs::path& path)
{
    return fail(ErrorCode::Io, "cannot write: " + systemReason(error ? error : EIO), path.string());
}

Result<void> writeTo(int descriptor, const Write& write, const fs::path& path)
{
    DescriptorBuffer buffer(descriptor);
    std::ostream out(&buffer);
    if (!write(out) || !out.flush())
        return cannotWrite(buffer.error(), path);
    return {};
}

/// An open file under another name (-o /dev/stdout > F): who opened it has it still, so its name must not change
/// hands.
bool isDescriptor(const fs::path& path)
{
    const std::string text = path.lexically_normal().native();
    for (const std::string_view prefix : {"/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/"})
        if (text.starts_with(prefix))
            return true;
    return false;
}

/// Of a pipe that nobody reads an open for writing would wait for ever.
Result<void> writeThrough(const Write& write, const fs::path& path)
{
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0 && errno == ENXIO)
        return fail(ErrorCode::Io, "cannot write: nobody reads this pipe", path.string());
    if (descriptor < 0)
        return cannotWrite(errno, path);
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    const auto written = writeTo(descriptor, write, path);
    ::close(descriptor);
    return written;
}

} // namespace

Result<void> writeAtomically(const fs::path& path, const Write& write)
{
    struct stat info {};
    const bool exists = ::stat(path.c_str(), &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return cannotWrite(EISDIR, path);
    if (exists && (!S_ISREG(info.st_mode) || isDescriptor(path)))
        return writeThrough(write, path);
    QS_ASSIGN(const fs::path target, behindLinks(path));
    QS_ASSIGN(TemporaryFile file, TemporaryFile::create(target));
    QS_CHECK(writeTo(file.descriptor(), write, path));
    return file.replaceTarget();
}

Result<void> writeAtomically(const fs::path& path, std::string_view content)
{
    return writeAtomically(path, [&](std::ostream& out) {
        return static_cast<bool>(out.write(content.data(), static_cast<std::streamsize>(content.size())));
    });
}

} // namespace qs
