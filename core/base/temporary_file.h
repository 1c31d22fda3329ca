#pragma once

#include "core/base/error.h"

#include <filesystem>

namespace qs {

/// A new file in the folder of the one that it will replace. Its name is its own (O_EXCL), also among machines that
/// share the folder, and it is locked (flock) while it is being written: one that is not was left by a process that
/// died, and the next TemporaryFile for the same target takes it away.
class TemporaryFile {
public:
    /// `target`: no link, no device. Errors: Io with the system's reason.
    static Result<TemporaryFile> create(const std::filesystem::path& target);
    TemporaryFile(TemporaryFile&& other) noexcept;
    TemporaryFile& operator=(TemporaryFile&&) = delete;
    /// Takes the file away unless it has replaced the target.
    ~TemporaryFile();

    int descriptor() const { return m_descriptor; }

    /// Takes the target's mode and, where it may, its owner; syncs; renames; syncs the folder. Errors: Io.
    Result<void> replaceTarget();
    /// The descriptor, which is now the caller's to close; its lock stays with it.
    int release();

private:
    TemporaryFile(std::filesystem::path target, std::filesystem::path path, int descriptor);
    std::filesystem::path m_target, m_path;
    int m_descriptor = -1;
    bool m_replaced = false;
};

/// `path` behind all links, whether what they lead to exists or not. Errors: Io (more than 40 links).
Result<std::filesystem::path> behindLinks(std::filesystem::path path);

} // namespace qs
