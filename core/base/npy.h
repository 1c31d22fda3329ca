#pragma once

#include "core/base/error.h"
#include "core/base/tensor.h"

#include <filesystem>

namespace qs {

/// Reads a NumPy file (.npy, versions 1 to 3): little-endian bool, integers of 8 to 64 bits and floats of 16 to 64,
/// in C order. Floats become Float32, integers of up to 32 bits Int32, others Int64. Errors: NotFound, Io, Malformed
/// (another header or length), Unsupported (Fortran order, big-endian, other types), TooLarge (over 2^31 elements).
Result<Tensor> readNpy(const std::filesystem::path& path);

} // namespace qs
