#include "core/exec/program.h"

#include "core/base/memory.h"
#include "core/exec/compiler.h"
#include "core/exec/program_impl.h"
#include "core/graph/output_form.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace qs::exec {

namespace {

// No image model that a person runs needs more; a hostile file should not bring the machine down.
constexpr std::size_t kMaxArenaBytes = std::size_t{16} << 30;
// What is smaller fits anywhere, and is not worth asking the system.
constexpr std::size_t kSmallBytes = std::size_t{64} << 20;

/// The node that makes the most of it.
Error tooLarge(const graph::Graph& graph, std::size_t needed, const std::string& limit)
{
    std::size_t most = 0;
    const graph::Node* largest = nullptr;
    for (const graph::Node& node : graph.nodes()) {
        std::size_t bytes = 0;
        for (const TensorId output : node.outputs)
            if (output.valid())
                bytes += static_cast<std::size_t>(graph.value(output).shape.elements()) *
                         dtypeSize(graph.value(output).dtype);
        if (bytes > most) {
            most = bytes;
            largest = &node;
        }
    }
    std::string where;
    if (largest)
        where = "node '" + largest->name + "' (" + largest->op + "), whose result takes " + memoryText(most);
    return {ErrorCode::TooLarge,
            "needs an estimated " + memoryText(needed) + " of working memory, " + limit +
                "; a smaller input size (--input-size) needs less where the file leaves it open",
            where};
}

/// Before anything is run: an allocation that the system grants and cannot keep ends the process.
Result<void> checkMemory(const graph::Graph& graph, std::size_t needed)
{
    if (needed > kMaxArenaBytes)
        return tl::unexpected<Error>(
            tooLarge(graph, needed, "more than the " + memoryText(kMaxArenaBytes) + " that are the limit here"));
    if (needed < kSmallBytes)
        return {};
    if (const MemoryLimit limit = availableMemory(); needed > limit.bytes)
        return tl::unexpected<Error>(
            tooLarge(graph, needed, memoryText(limit.bytes) + " " + std::string(limit.source) + " are available"));
    return {};
}

} // namespace

Result<Program> Program::compile(const graph::Network& network, const Simulation& simulation, const Options& options)
{
    try {
        auto impl = std::make_shared<Impl>();
        impl->weights = options.weights ? options.weights : makeWeightCache();
        impl->weights->nextGeneration();
        Compiler compiler(network, simulation, options, *impl->weights);
        QS_ASSIGN(Compiled compiled, compiler.compile());
        impl->steps = std::move(compiled.steps);
        impl->buffers = std::move(compiled.buffers);
        impl->outputs = std::move(compiled.outputs);
        impl->layout = graph::outputLayout(network.graph);
        impl->poison = options.switches.poison;
        if (options.switches.inPlace)
            impl->inPlace = shareBuffers(impl->steps, impl->outputs, impl->buffers);
        impl->arenaBytes = planArena(impl->steps, impl->outputs, impl->buffers, options.switches.reuseMemory);
        QS_CHECK(checkMemory(network.graph, impl->arenaBytes + impl->scratchBytes(1)));
        impl->weightBytes = compiled.weightBytes;
        impl->stepOfSite = std::move(compiled.stepOfSite);
        impl->inputShape = network.graph.value(network.graph.input()).shape;
        if (options.execution == Execution::Reference) {
            impl->interpreter = std::make_unique<const Interpreter>(network, simulation);
            for (const SiteId site : options.observed)
                if (site.valid() && site.index() < network.sites.size())
                    impl->observed.emplace_back(network.sites[site].tensor, site);
        }
        impl->batch = network.graph.batch();
        impl->inputElements = network.graph.value(network.graph.input()).shape.elements();
        impl->outputElements = graph::outputsPerImage(network.graph) * network.graph.batch();
        return Program(std::move(impl));
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to prepare the model");
    }
}

Result<Program> Program::compile(const graph::Network& network)
{
    return compile(network, {}, {});
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
    for (const Operand& output : m_impl->outputs)
        text += "output " + output.text() + "\n";
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

namespace {

/// All bits set: NaN as a float, -1 as an integer.
void poisonDead(const Program::Impl& impl, const RunState& state, std::size_t step)
{
    for (const Buffer& buffer : impl.buffers)
        if (buffer.firstStep >= 0 && buffer.lastStep == static_cast<int64_t>(step))
            std::memset(state.arena + buffer.offset, 0xFF, buffer.sizeBytes);
}

} // namespace

bool runSteps(const Program& program, const RunState& state, std::size_t first, std::size_t last,
              const std::stop_token& stop)
{
    const Program::Impl& impl = program.impl();
    if (impl.poison && first == 0)
        std::memset(state.arena, 0xFF, impl.arenaBytes);
    for (std::size_t s = first; s < last; ++s) {
        if (stop.stop_requested())
            return false;
        impl.steps[s]->run(state);
        if (impl.poison)
            poisonDead(impl, state, s);
    }
    return true;
}

void copyOutputs(const Program& program, const RunState& state, float* dst)
{
    const Program::Impl& impl = program.impl();
    std::vector<const float*> outputs;
    for (const Operand& output : impl.outputs)
        outputs.push_back(static_cast<const float*>(static_cast<const void*>(state.address(output))));
    graph::toRows(impl.layout, impl.batch, outputs, dst);
}

namespace {

/// The same through the interpreter. Program::compile has checked every node, so memory alone can be missing.
bool interpret(const Program::Impl& impl, const float* src, float* dst, Observer* observer, std::size_t runIndex,
               int worker, const std::stop_token& stop)
{
    Tensor input(DType::Float32, impl.inputShape);
    std::copy_n(src, static_cast<std::size_t>(impl.inputElements), input.mutableData<float>().data());
    const auto sink = [&](TensorId id, const Tensor& value) {
        for (const auto& [tensor, site] : impl.observed)
            if (tensor == id && observer)
                observer->observe(site, runIndex, worker, value.floats());
    };
    const auto rows = impl.interpreter->run(input, stop, sink);
    if (!rows && rows.error().code != ErrorCode::Cancelled)
        throw std::bad_alloc();
    if (!rows)
        return false;
    std::copy_n(rows->floats().data(), static_cast<std::size_t>(impl.outputElements), dst);
    return true;
}

} // namespace

bool runSteps(const Program& program, Workspace& workspace, const float* src, float* dst, ThreadPool* pool,
              Observer* observer, std::size_t runIndex, int worker, const std::stop_token& stop)
{
    if (program.impl().interpreter)
        return interpret(program.impl(), src, dst, observer, runIndex, worker, stop);
    RunState state = prepareRun(program, workspace, src, pool);
    state.observer = observer;
    state.runIndex = runIndex;
    state.worker = worker;
    if (!runSteps(program, state, 0, program.impl().steps.size(), stop))
        return false;
    copyOutputs(program, state, dst);
    return true;
}

void run(const Program& program, Workspace& workspace, const float* src, float* dst, ThreadPool* pool,
         Observer* observer, std::size_t runIndex, int worker)
{
    runSteps(program, workspace, src, dst, pool, observer, runIndex, worker, {});
}

} // namespace qs::exec
