#pragma once

#include "core/exec/interpreter.h"
#include "core/exec/memory.h"
#include "core/exec/program.h"
#include "core/exec/step.h"
#include "core/graph/outputs.h"

#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

namespace qs::exec {

struct Program::Impl {
    std::vector<std::unique_ptr<Step>> steps;
    std::vector<Buffer> buffers;
    std::vector<Operand> outputs;
    std::vector<graph::OutputSpan> layout; ///< of the outputs in a row
    std::shared_ptr<WeightCache> weights;
    int64_t batch = 1;
    int64_t inputElements = 0;
    int64_t outputElements = 0;
    std::size_t arenaBytes = 0;
    std::size_t weightBytes = 0;
    std::vector<std::size_t> stepOfSite;               ///< see Compiler
    std::size_t inPlace = 0;                           ///< steps that write over their input
    bool poison = false;                               ///< Switches::poison
    std::unique_ptr<const Interpreter> interpreter;    ///< Execution::Reference: in place of the steps
    std::vector<std::pair<TensorId, SiteId>> observed; ///< with the interpreter: what an Observer sees
    Shape inputShape;

    std::size_t scratchBytes(int workers) const;

    /// Workspaces kept between calls of runImages, so that a call for one image does not start by touching new pages.
    struct Spare {
        std::mutex mutex;
        std::vector<Workspace> workspaces;
    };
    mutable Spare spare;
    Workspace borrow() const;
    void giveBack(Workspace workspace) const;
};

struct Workspace::Impl {
    Tensor memory;             ///< arena, then scratch
    std::vector<float> images; ///< input and output of one run of runImages
    /// At least so many bytes, 64-byte aligned.
    std::byte* reserve(std::size_t sizeBytes);
};

/// A run in parts: the arena, then any steps in order, then the output. runSteps: false if it was stopped.
RunState prepareRun(const Program& program, Workspace& workspace, const float* src, ThreadPool* pool);
bool runSteps(const Program& program, const RunState& state, std::size_t first, std::size_t last,
              const std::stop_token& stop);
void copyOutputs(const Program& program, const RunState& state, float* dst);

/// One run that can be stopped between steps: false if it was.
bool runSteps(const Program& program, Workspace& workspace, const float* src, float* dst, ThreadPool* pool,
              Observer* observer, std::size_t runIndex, int worker, const std::stop_token& stop);

} // namespace qs::exec
