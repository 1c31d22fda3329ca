#pragma once

#include "core/exec/step.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace qs::exec {

/// A buffer of the arena: how large, between which steps it is alive (both inclusive), and where it was put.
struct Buffer {
    std::size_t sizeBytes = 0;
    int64_t firstStep = -1; ///< -1: never written
    int64_t lastStep = -1;
    std::size_t offset = 0;
};

/// Lets steps write over an input that nothing reads afterwards: the output takes the input's buffer, and the
/// operands of all steps (and `outputs`) are renamed. Returns how many steps work in place.
std::size_t shareBuffers(std::span<const std::unique_ptr<Step>> steps, std::span<Operand> outputs,
                         std::vector<Buffer>& buffers);

/// Gives every buffer an offset in one arena: buffers that are alive at the same step never overlap, offsets are
/// multiples of 64. Without `reuse` no two buffers overlap. Fills in Buffer and Operand::base. Returns the arena's
/// size in bytes.
std::size_t planArena(std::span<const std::unique_ptr<Step>> steps, std::span<Operand> outputs,
                      std::vector<Buffer>& buffers, bool reuse = true);

} // namespace qs::exec
