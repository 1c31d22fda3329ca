#pragma once

#include "core/base/error.h"

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace qs {

/// A folder of its own under the system's place for temporary files, removed with all that is in it when the value
/// goes.
class TemporaryFolder {
public:
    /// Errors: Io.
    static Result<TemporaryFolder> create();
    TemporaryFolder(TemporaryFolder&& other) noexcept;
    TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;
    ~TemporaryFolder();
    const std::filesystem::path& path() const { return m_path; }

private:
    explicit TemporaryFolder(std::filesystem::path path) : m_path(std::move(path)) {}
    std::filesystem::path m_path;
};

/// What a program wrote, each at most 1 MiB.
struct ProcessOutput {
    std::string out;
    std::string err;
};

/// Runs a program (looked up in PATH where it has no slash) to its end, without a shell and without input. It is
/// killed when `stop` is requested. Errors: NotFound (no such program), Io (it failed: the last line it wrote on
/// stderr), Cancelled.
Result<ProcessOutput> runProcess(const std::string& program, const std::vector<std::string>& arguments,
                                 const std::stop_token& stop = {});

} // namespace qs
