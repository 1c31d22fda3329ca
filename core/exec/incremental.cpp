#include "core/exec/incremental.h"

#include "core/exec/boundaries.h"
#include "core/exec/run_images.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace qs::exec {

namespace {

/// A boundary and what was alive there in every run.
struct Checkpoint {
    Boundary boundary;
    std::size_t dataBytes = 0;
    std::unique_ptr<std::byte[]> data; ///< [runs, boundary.sizeBytes]
    bool valid = false;                ///< of the base

    std::byte* at(std::size_t run, const KeptBuffer& buffer) const
    {
        return data.get() + run * boundary.sizeBytes + buffer.at;
    }
    /// Forgets what it holds; makes room for a boundary.
    void reset(Boundary to, std::size_t runs)
    {
        valid = false;
        boundary = std::move(to);
        if (const std::size_t needed = boundary.sizeBytes * runs; needed != dataBytes) {
            data.reset();
            dataBytes = 0;
            data.reset(new std::byte[needed]); // not set to zero
            dataBytes = needed;
        }
    }
    void keep(const Program& program, const RunState& state, std::size_t run) const
    {
        for (const KeptBuffer& b : boundary.buffers)
            std::memcpy(at(run, b), state.arena + offset(program, b), b.sizeBytes);
    }
    void restore(const Program& program, const RunState& state, std::size_t run) const
    {
        for (const KeptBuffer& b : boundary.buffers)
            if (alive(program.impl(), b.buffer, boundary.step))
                std::memcpy(state.arena + offset(program, b), at(run, b), b.sizeBytes);
    }
    static std::size_t offset(const Program& program, const KeptBuffer& b)
    {
        return program.impl().buffers[static_cast<std::size_t>(b.buffer)].offset;
    }
};

constexpr std::string_view kNoMemory = "not enough memory to keep what the network computes";

} // namespace

struct IncrementalRunner::Impl {
    Program base;
    const ImageSource& images;
    std::size_t count;
    std::size_t budgetBytes;
    std::vector<double> work; ///< of the base, see workBefore
    Tensor logits;
    std::vector<Checkpoint> checkpoints; ///< by step
    std::unique_ptr<float[]> pixels;     ///< of all runs; null: loaded when they are needed
    std::size_t pixelBytes = 0;

    Impl(const Program& program, const ImageSource& source, std::size_t number, std::size_t budget)
        : base(program), images(source), count(number), budgetBytes(budget), work(workBefore(program.impl()))
    {
    }

    std::size_t keptBytes() const
    {
        std::size_t bytes = pixelBytes;
        for (const Checkpoint& c : checkpoints)
            bytes += c.dataBytes;
        return bytes;
    }

    /// The last checkpoint from which a program that first differs at `step` can start; null: the images.
    const Checkpoint* startFor(const Program& program, std::size_t step) const
    {
        const Checkpoint* best = nullptr;
        for (const Checkpoint& c : checkpoints)
            if (c.valid && c.boundary.step <= step && holds(c.boundary, program.impl()))
                best = &c;
        return best;
    }

    /// Runs all images from `start`, and keeps what the checkpoints from number `firstKept` on ask for.
    /// `loading`: the pixels are not there yet.
    Result<Tensor> runFrom(const Program& program, const Checkpoint* start, std::size_t firstKept, bool loading,
                           const Context& context, std::string_view stage) const
    {
        const ImageRuns runs(base, images, 0, count);
        const std::size_t begin = start ? start->boundary.step : 0;
        const bool needsPixels = loading || readsInput(program.impl(), begin);
        const auto one = [&](const ImageRun& run) -> Result<bool> {
            const float* src = nullptr;
            if (needsPixels) {
                std::vector<float>& own = run.workspace.impl().images;
                if (!pixels)
                    own.resize(runs.runElements());
                float* to = pixels ? pixels.get() + run.index * runs.runElements() : own.data();
                if (loading || !pixels)
                    QS_CHECK(runs.load(run.index, to));
                src = to;
            }
            const RunState state = prepareRun(program, run.workspace, src, run.pool);
            if (start)
                start->restore(program, state, run.index);
            std::size_t step = begin;
            for (std::size_t c = firstKept; c < checkpoints.size(); ++c) {
                if (!runSteps(program, state, step, checkpoints[c].boundary.step, context.stop))
                    return false;
                step = checkpoints[c].boundary.step;
                checkpoints[c].keep(program, state, run.index);
            }
            if (!runSteps(program, state, step, program.impl().steps.size(), context.stop))
                return false;
            copyOutputs(program, state, run.logits);
            return true;
        };
        return runs.forEach(one, context, stage);
    }

    Result<void> first(const Context& context, std::string_view stage)
    {
        const ImageRuns runs(base, images, 0, count);
        // The images are needed for changes of the very first steps only.
        const std::size_t all = runs.runs() * runs.runElements();
        if (all <= budgetBytes / 4 / sizeof(float)) {
            pixels.reset(new float[all]);
            pixelBytes = all * sizeof(float);
        }
        for (const std::size_t step : chooseBoundaries(base.impl(), runs.runs(), budgetBytes - pixelBytes)) {
            Checkpoint& c = checkpoints.emplace_back();
            c.reset(boundaryBefore(base.impl(), step), runs.runs());
        }
        QS_ASSIGN(logits, runFrom(base, nullptr, 0, true, context, stage));
        for (Checkpoint& c : checkpoints)
            c.valid = true;
        return {};
    }

    Result<void> rebase(const Program& variant, const Context& context, std::string_view stage)
    {
        const std::size_t step = firstDifference(base.impl(), variant.impl());
        const std::size_t steps = variant.impl().steps.size();
        const ImageRuns runs(variant, images, 0, count);
        const auto behind = [&](const Checkpoint& c) { return c.boundary.step > step; };
        std::erase_if(checkpoints, [&](const Checkpoint& c) { return behind(c) && c.boundary.step >= steps; });
        const auto firstKept =
            static_cast<std::size_t>(std::ranges::find_if(checkpoints, behind) - checkpoints.begin());
        for (std::size_t c = firstKept; c < checkpoints.size(); ++c)
            checkpoints[c].reset(boundaryBefore(variant.impl(), checkpoints[c].boundary.step), runs.runs());
        while (checkpoints.size() > firstKept && keptBytes() > budgetBytes)
            checkpoints.pop_back();
        const Checkpoint* start = startFor(variant, step);
        QS_ASSIGN(logits, runFrom(variant, start, firstKept, false, context, stage));
        for (std::size_t c = 0; c < checkpoints.size(); ++c)
            checkpoints[c].valid =
                c >= firstKept || (checkpoints[c].valid && holds(checkpoints[c].boundary, variant.impl()));
        std::erase_if(checkpoints, [](const Checkpoint& c) { return !c.valid; });
        base = variant;
        work = workBefore(variant.impl());
        return {};
    }

    double costFrom(std::size_t step) const
    {
        double before = 0;
        for (const Checkpoint& c : checkpoints)
            if (c.valid && c.boundary.step <= step)
                before = work[c.boundary.step];
        return work.back() > 0 ? 1 - before / work.back() : 1;
    }
};

IncrementalRunner::IncrementalRunner(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
IncrementalRunner::~IncrementalRunner() = default;
IncrementalRunner::IncrementalRunner(IncrementalRunner&&) noexcept = default;
IncrementalRunner& IncrementalRunner::operator=(IncrementalRunner&&) noexcept = default;

Result<IncrementalRunner> IncrementalRunner::create(const Program& base, const ImageSource& images, std::size_t count,
                                                    const Options& options, const Context& context,
                                                    std::string_view stage)
{
    if (count == 0)
        return fail(ErrorCode::InvalidArgument, "there are no images to run");
    if (base.impl().interpreter)
        return fail(ErrorCode::InvalidArgument, "the reference execution has no steps to start from");
    try {
        auto impl = std::make_unique<Impl>(base, images, count, options.budgetBytes);
        QS_CHECK(impl->first(context, stage));
        return IncrementalRunner(std::move(impl));
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, std::string(kNoMemory));
    }
}

const Program& IncrementalRunner::base() const
{
    return m_impl->base;
}
const Tensor& IncrementalRunner::logits() const
{
    return m_impl->logits;
}
std::size_t IncrementalRunner::count() const
{
    return m_impl->count;
}
std::size_t IncrementalRunner::keptBytes() const
{
    return m_impl->keptBytes();
}
std::size_t IncrementalRunner::boundaries() const
{
    return m_impl->checkpoints.size();
}

Result<Tensor> IncrementalRunner::run(const Program& variant, const Context& context, std::string_view stage) const
{
    const Program& base = m_impl->base;
    if (variant.inputElements() != base.inputElements() || variant.outputElements() != base.outputElements() ||
        variant.batch() != base.batch())
        return fail(ErrorCode::InvalidArgument, "the variant is a program of another network");
    if (samePrograms(base.impl(), variant.impl()))
        return m_impl->logits;
    const std::size_t step = firstDifference(base.impl(), variant.impl());
    return m_impl->runFrom(variant, m_impl->startFor(variant, step), m_impl->checkpoints.size(), false, context,
                           stage);
}

Result<void> IncrementalRunner::rebase(const Program& variant, const Context& context, std::string_view stage)
{
    try {
        return m_impl->rebase(variant, context, stage);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, std::string(kNoMemory));
    }
}

double IncrementalRunner::costOf(SiteId site) const
{
    return m_impl->costFrom(m_impl->base.impl().stepOfSite[site.index()]);
}

double IncrementalRunner::costOf(const Program& variant) const
{
    const Program::Impl& base = m_impl->base.impl();
    return samePrograms(base, variant.impl()) ? 0 : m_impl->costFrom(firstDifference(base, variant.impl()));
}

} // namespace qs::exec
