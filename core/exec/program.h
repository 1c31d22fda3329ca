#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/exec/simulation.h"
#include "core/exec/switches.h"
#include "core/graph/network.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace qs::exec {

/// Packed weights by storage: compiling a changed plan packs only what changed. Share one between programs of a
/// model.
class WeightCache;
std::shared_ptr<WeightCache> makeWeightCache();

/// Looks at values while a program runs.
class Observer {
public:
    virtual ~Observer() = default;
    /// `data` is what flows into the site, before its quantizer, [layout] row-major, for one run of the graph.
    /// `run` is the number of the run (image number / batch). Called on worker threads, one call at a time per
    /// worker; different workers call at once. The memory is only valid during the call.
    virtual void observe(SiteId site, std::size_t run, int worker, std::span<const float> data) = 0;
};

/// A graph compiled for execution: a list of steps over one statically planned arena (values that live at the same
/// time do not overlap; the others share memory), operators fused (bias, activation and residual into products),
/// views instead of copies where strides allow. Immutable; copies share.
///
/// The float result equals ONNX Runtime's to 1e-4 of the largest logit. It does not depend on the number of threads.
class Program {
public:
    struct Options {
        std::shared_ptr<WeightCache> weights;  ///< null: a cache of its own
        std::vector<SiteId> observed;          ///< activation sites whose values an Observer will see
        Switches switches = {};                ///< for tests and for finding faults
        Execution execution = Execution::Auto; ///< Reference: runs go through an Interpreter
    };
    /// Errors: Unsupported (names every operator that is missing), ShapeMismatch, TooLarge (more than 16 GiB of
    /// working memory for one run, or than availableMemory()), OutOfMemory.
    static Result<Program> compile(const graph::Network& network, const Simulation& simulation,
                                   const Options& options);
    static Result<Program> compile(const graph::Network& network);

    int64_t batch() const;         ///< images per run
    int64_t inputElements() const; ///< floats per run
    int64_t outputElements() const;
    std::size_t arenaBytes() const; ///< working memory of one worker
    std::size_t weightBytes() const;
    /// One line a step: what runs, shapes, fused parts. For tests and for people.
    std::string dump() const;

    struct Impl;
    const Impl& impl() const { return *m_impl; }

private:
    explicit Program(std::shared_ptr<const Impl> impl) : m_impl(std::move(impl)) {}
    std::shared_ptr<const Impl> m_impl;
};

/// Working memory for running programs of one shape; one a thread. Grows to what the largest program needs.
class Workspace {
public:
    Workspace();
    ~Workspace();
    Workspace(Workspace&&) noexcept;
    Workspace& operator=(Workspace&&) noexcept;
    struct Impl;
    Impl& impl() { return *m_impl; }

private:
    std::unique_ptr<Impl> m_impl;
};

/// One run on one thread or, inside operators, on all threads of `pool`. src: inputElements floats; dst:
/// outputElements.
void run(const Program& program, Workspace& workspace, const float* src, float* dst, ThreadPool* pool = nullptr,
         Observer* observer = nullptr, std::size_t runIndex = 0, int worker = 0);

} // namespace qs::exec
