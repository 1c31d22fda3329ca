#pragma once

#include "core/exec/program_impl.h"

#include <cstddef>
#include <vector>

namespace qs::exec {

/// A buffer of the arena that holds something between two steps, and where it lies in what is kept of a run.
struct KeptBuffer {
    int buffer = 0;
    std::size_t sizeBytes = 0;
    std::size_t at = 0;
};

/// The place before a step, and the buffers that it or later steps read from earlier ones.
struct Boundary {
    std::size_t step = 0;
    std::vector<KeptBuffer> buffers;
    std::size_t sizeBytes = 0; ///< of one run
};

Boundary boundaryBefore(const Program::Impl& program, std::size_t step);
/// Whether what is kept there is enough for another program that has the same steps up to there.
bool holds(const Boundary& boundary, const Program::Impl& program);
bool alive(const Program::Impl& program, int buffer, std::size_t step);

/// Number of the first step that the programs do not share; the number of steps that both have if there is none.
std::size_t firstDifference(const Program::Impl& a, const Program::Impl& b);
/// Whether all steps and the output are the same.
bool samePrograms(const Program::Impl& a, const Program::Impl& b);
/// Whether `step` or a later one reads the images.
bool readsInput(const Program::Impl& program, std::size_t step);
/// Step::work of all steps before each one; one element more than there are steps.
std::vector<double> workBefore(const Program::Impl& program);

/// Steps before which to keep, ascending: always the one next that saves the most work, over changes at all sites,
/// for its bytes, as long as the kept bytes of `runs` runs are within the budget and it saves 0.2 % of a mean change.
std::vector<std::size_t> chooseBoundaries(const Program::Impl& program, std::size_t runs, std::size_t budgetBytes);

} // namespace qs::exec
