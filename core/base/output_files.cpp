#include "core/base/output_files.h"

#include "core/base/system_reason.h"
#include "core/base/temporary_file.h"

#include <cerrno>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace qs {

namespace fs = std::filesystem;

namespace {

fs::path folderOf(const fs::path& file)
{
    return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// Whether both names lead to one regular file, or will once it is written. Devices are nobody's.
bool sameFile(const fs::path& a, const fs::path& b)
{
    struct stat first {
    }, second{};
    const bool firstThere = ::stat(a.c_str(), &first) == 0, secondThere = ::stat(b.c_str(), &second) == 0;
    if (firstThere && secondThere)
        return S_ISREG(first.st_mode) && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
    if (firstThere || secondThere)
        return false;
    const auto left = behindLinks(a), right = behindLinks(b);
    std::error_code error;
    return left && right && left->filename() == right->filename() &&
           fs::equivalent(folderOf(*left), folderOf(*right), error);
}

Result<void> canWrite(const NamedFile& output)
{
    const auto cannot = [&](const std::string& reason) {
        return fail(ErrorCode::Io, "cannot write " + output.path.string() + ": " + reason, output.name);
    };
    struct stat info {};
    if (::stat(output.path.c_str(), &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return cannot("it is a folder");
        if (!S_ISREG(info.st_mode))
            return ::access(output.path.c_str(), W_OK) == 0 ? Result<void>{} : cannot(systemReason(errno));
    }
    const auto target = behindLinks(output.path);
    if (!target)
        return cannot(target.error().message);
    const fs::path folder = folderOf(*target);
    if (::stat(folder.c_str(), &info) != 0)
        return cannot(errno == ENOENT ? "the folder does not exist" : systemReason(errno));
    if (!S_ISDIR(info.st_mode))
        return cannot(folder.string() + " is no folder");
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return cannot("its folder: " + systemReason(errno));
    return {};
}

} // namespace

Result<OutputFiles> OutputFiles::check(std::vector<NamedFile> outputs)
{
    OutputFiles files;
    for (NamedFile& output : outputs) {
        if (output.path.empty())
            continue;
        QS_CHECK(canWrite(output));
        for (const NamedFile& other : files.m_outputs)
            if (sameFile(output.path, other.path))
                return fail(ErrorCode::InvalidArgument, output.path.string() + " is already written by " + other.name,
                            output.name);
        files.m_outputs.push_back(std::move(output));
    }
    return files;
}

Result<void> OutputFiles::spare(std::span<const NamedFile> inputs) const
{
    for (const NamedFile& output : m_outputs)
        for (const NamedFile& input : inputs)
            if (!input.path.empty() && sameFile(output.path, input.path))
                return fail(ErrorCode::InvalidArgument,
                            output.path.string() + " is " + input.name + ", which would be overwritten", output.name);
    return {};
}

} // namespace qs
