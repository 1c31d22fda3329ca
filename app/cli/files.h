#pragma once

#include "core/base/error.h"

#include <CLI/CLI.hpp>

#include <optional>
#include <string_view>

namespace qs::cli {

/// What an option's value is, told by its name: names mean the same in all commands. nullopt: it names no file.
enum class FileRole {
    Output,    ///< written
    OutputDir, ///< a folder that is written into
    Kept,      ///< read, and written again (--resume)
    Input,     ///< read
    Model,     ///< read, with what lies beside it
    Named,     ///< NAME=FILE, read
    InputDir,  ///< a folder whose images and lists are read
};
std::optional<FileRole> fileRole(const CLI::App& command, std::string_view option);

/// Before a command's work: everything that it writes can be written, twice nothing, and nothing that it reads: its
/// files under whatever name, the weights beside its model, the images, labels and truths of its folders.
/// Errors: those of OutputFiles, naming the option.
Result<void> checkFiles(const CLI::App& command);

} // namespace qs::cli
