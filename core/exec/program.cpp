#include "core/exec/program.h"

#include "core/exec/compiler.h"
#include "core/exec/program_impl.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace qs::exec {

namespace {

// No image model that a person runs needs more; a hostile file should not bring the machine down.
constexpr std::size_t kMaxArenaBytes = std::size_t{16} << 30;

} // namespace

Result<Program> Program::compile(const graph::Graph& graph, const graph::SiteTable& sites,
                                 const Simulation& simulation, const Options& options)
{
    try {
        auto impl = std::make_shared<Impl>();
        impl->weights = options.weights ? options.weights : makeWeightCache();
        impl->weights->nextGeneration();
        Compiler compiler(graph, sites, simulation, options, *impl->weights);
        QS_CHECK(compiler.compile());
        impl->steps = std::move(compiler.steps);
        impl->buffers = std::move(compiler.buffers);
        impl->output = std::move(compiler.output);
        impl->inPlace = shareBuffers(impl->steps, {&impl->output, 1}, impl->buffers);
        impl->arenaBytes = planArena(impl->steps, {&impl->output, 1}, impl->buffers);
        if (impl->arenaBytes > kMaxArenaBytes)
            return fail(ErrorCode::TooLarge,
                        "the model needs " + std::to_string(impl->arenaBytes >> 20) + " MB of working memory");
        impl->weightBytes = compiler.weightBytes;
        impl->stepOfSite = std::move(compiler.stepOfSite);
        impl->batch = graph.batch();
        impl->inputElements = graph.value(graph.input()).shape.elements();
        impl->outputElements = graph.value(graph.output()).shape.elements();
        return Program(std::move(impl));
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to prepare the model");
    }
}

Result<Program> Program::compile(const graph::Graph& graph, const graph::SiteTable& sites)
{
    return compile(graph, sites, {}, {});
}

int64_t Program::batch() const
{
    return m_impl->batch;
}
int64_t Program::inputElements() const
{
    return m_impl->inputElements;
}
int64_t Program::outputElements() const
{
    return m_impl->outputElements;
}
std::size_t Program::arenaBytes() const
{
    return m_impl->arenaBytes + m_impl->scratchBytes(1);
}
std::size_t Program::weightBytes() const
{
    return m_impl->weightBytes;
}

std::string Program::dump() const
{
    std::string text;
    for (const auto& step : m_impl->steps) {
        for (const Operand& w : step->writes)
            text += w.text() + " ";
        text += "= " + step->text() + "(";
        for (std::size_t i = 0; i < step->reads.size(); ++i)
            text += (i ? ", " : "") + step->reads[i].text();
        text += ")\n";
    }
    text += "output " + m_impl->output.text() + "\n";
    text += "steps " + std::to_string(m_impl->steps.size()) + ", in place " + std::to_string(m_impl->inPlace) +
            ", arena " + std::to_string(m_impl->arenaBytes) + " bytes\n";
    return text;
}

std::size_t Program::Impl::scratchBytes(int workers) const
{
    std::size_t most = 0;
    for (const auto& step : steps)
        most = std::max(most,
                        step->sharedScratchBytes() + static_cast<std::size_t>(workers) * step->workerScratchBytes());
    return most;
}

Workspace Program::Impl::borrow() const
{
    const std::lock_guard lock(spare.mutex);
    if (spare.workspaces.empty())
        return {};
    Workspace workspace = std::move(spare.workspaces.back());
    spare.workspaces.pop_back();
    return workspace;
}

void Program::Impl::giveBack(Workspace workspace) const
{
    constexpr std::size_t kKept = 16; // more are only met when several threads run the same program at once
    const std::lock_guard lock(spare.mutex);
    if (spare.workspaces.size() < kKept)
        spare.workspaces.push_back(std::move(workspace));
}

Workspace::Workspace() : m_impl(std::make_unique<Impl>()) {}
Workspace::~Workspace() = default;
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;

std::byte* Workspace::Impl::reserve(std::size_t sizeBytes)
{
    if (memory.empty() || memory.sizeBytes() < sizeBytes) {
        memory = {};
        memory = Tensor(DType::UInt8, Shape{static_cast<int64_t>(sizeBytes)});
    }
    return memory.mutableBytes();
}

RunState prepareRun(const Program& program, Workspace& workspace, const float* src, ThreadPool* pool)
{
    const Program::Impl& impl = program.impl();
    RunState state;
    state.arena = workspace.impl().reserve(impl.arenaBytes + impl.scratchBytes(pool ? pool->size() : 1));
    state.scratch = state.arena + impl.arenaBytes;
    state.input = src;
    state.pool = pool && pool->size() > 1 ? pool : nullptr;
    return state;
}

bool runSteps(const Program& program, const RunState& state, std::size_t first, std::size_t last,
              const std::stop_token& stop)
{
    for (std::size_t s = first; s < last; ++s) {
        if (stop.stop_requested())
            return false;
        program.impl().steps[s]->run(state);
    }
    return true;
}

void copyOutput(const Program& program, const RunState& state, float* dst)
{
    const Program::Impl& impl = program.impl();
    std::memcpy(dst, state.address(impl.output), static_cast<std::size_t>(impl.outputElements) * sizeof(float));
}

bool runSteps(const Program& program, Workspace& workspace, const float* src, float* dst, ThreadPool* pool,
              Observer* observer, std::size_t runIndex, int worker, const std::stop_token& stop)
{
    RunState state = prepareRun(program, workspace, src, pool);
    state.observer = observer;
    state.runIndex = runIndex;
    state.worker = worker;
    if (!runSteps(program, state, 0, program.impl().steps.size(), stop))
        return false;
    copyOutput(program, state, dst);
    return true;
}

void run(const Program& program, Workspace& workspace, const float* src, float* dst, ThreadPool* pool,
         Observer* observer, std::size_t runIndex, int worker)
{
    runSteps(program, workspace, src, dst, pool, observer, runIndex, worker, {});
}

} // namespace qs::exec
