#pragma once

#include "core/base/error.h"

#include <filesystem>
#include <functional>
#include <ostream>
#include <string_view>

namespace qs {

/// Replaces the file at `path` whole: written beside it under a name of its own, synced, renamed, the folder synced.
/// A reader sees the old file or the new one, and nothing is left behind when writing fails. Links are followed: what
/// they lead to is replaced, they stay. Mode and owner stay. A device or a pipe is written through, not replaced.
/// Whether `path` may be written at all is asked before the work: see output_files.h.
/// Errors: Io with the system's reason (full disk, a folder, a pipe that nobody reads, ...).
Result<void> writeAtomically(const std::filesystem::path& path, const std::function<bool(std::ostream&)>& write);
Result<void> writeAtomically(const std::filesystem::path& path, std::string_view content);

} // namespace qs
