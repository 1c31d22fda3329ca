#pragma once

#include "core/base/error.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace qs {

/// A file that one process at a time extends (the rows of a comparison, the checkpoint of a search): who holds it is
/// alone with it until it is let go, and each replace() is whole as by writeAtomically(). A process that dies lets
/// go.
class LockedFile {
public:
    /// Makes an empty file where there is none. Errors: Io (the system's reason; "another process is writing it").
    static Result<LockedFile> open(const std::filesystem::path& path);
    LockedFile(LockedFile&& other) noexcept;
    LockedFile& operator=(LockedFile&& other) noexcept;
    ~LockedFile();

    /// What it holds now. Errors: those of readText().
    Result<std::string> read() const;
    Result<void> replace(std::string_view content);

private:
    LockedFile(std::filesystem::path path, int descriptor);
    std::filesystem::path m_path; ///< behind links
    int m_descriptor = -1;
};

} // namespace qs
