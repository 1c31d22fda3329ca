#pragma once

#include "core/base/error.h"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace qs {

/// A file and what it is to the user: the option that names it ("--json"), or "the model".
struct NamedFile {
    std::string name;
    std::filesystem::path path;
};

/// Where one command writes, asked before its work: that it can, and that nothing which it reads is overwritten.
class OutputFiles {
public:
    /// Empty paths are left out. Errors: InvalidArgument (two of them are one file), Io (the folder does not exist or
    /// may not be written; a folder is there), each with the option in `where`.
    static Result<OutputFiles> check(std::vector<NamedFile> outputs);

    /// Errors: InvalidArgument where one of `inputs` is also an output, under whatever name: links, other spellings.
    Result<void> spare(std::span<const NamedFile> inputs) const;

private:
    std::vector<NamedFile> m_outputs;
};

} // namespace qs
