#include "core/exec/run_images.h"

#include "core/exec/program_impl.h"

#include "core/base/memory.h"
#include "core/kernels/statistics.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

namespace qs::exec {

namespace {

/// What the workers of one call share.
class Progress {
public:
    Progress(const Context& context, std::string_view stage, std::size_t total)
        : m_context(context), m_stage(stage), m_total(total)
    {
    }
    bool stopped() const { return m_stop.load(std::memory_order_relaxed); }
    void done(std::size_t images) { m_done.fetch_add(images); }
    void report() const { m_context.progress(m_stage, m_done.load(), m_total); }
    /// Keeps the error of the earliest run, so that the message does not depend on the number of threads.
    void failRun(std::size_t run, Error failure)
    {
        const std::lock_guard lock(m_mutex);
        if (!error || run < m_failedRun) {
            error = std::move(failure);
            m_failedRun = run;
        }
        m_stop.store(true);
    }

    std::optional<Error> error;

private:
    const Context& m_context;
    const std::string_view m_stage;
    const std::size_t m_total;
    std::atomic<bool> m_stop{false};
    std::atomic<std::size_t> m_done{0};
    std::mutex m_mutex;
    std::size_t m_failedRun = 0;
};

/// Whether each of `threads` can have its own working memory, and a quarter of what there is stays for statistics,
/// images and others.
bool fitsBeside(std::size_t bytes, std::size_t threads)
{
    constexpr std::size_t kSmallBytes = std::size_t{64} << 20; // not worth asking the system
    return bytes < kSmallBytes || bytes <= availableMemory().bytes / 4 * 3 / threads;
}

} // namespace

ImageRuns::ImageRuns(const Program& program, const ImageSource& images, std::size_t first, std::size_t count)
    : m_program(program), m_images(images), m_first(first), m_count(count),
      m_batch(static_cast<std::size_t>(program.batch())),
      m_imageElements(static_cast<std::size_t>(program.inputElements()) / m_batch),
      m_classes(static_cast<std::size_t>(program.outputElements()) / m_batch)
{
}

Result<void> ImageRuns::load(std::size_t run, float* dst) const
{
    const std::size_t begin = run * m_batch;
    const std::size_t here = std::min(m_batch, m_count - begin);
    for (std::size_t i = 0; i < m_batch; ++i)
        QS_CHECK(m_images.load(m_first + begin + std::min(i, here - 1),
                               std::span<float>(dst + i * m_imageElements, m_imageElements)));
    return {};
}

Result<Tensor> ImageRuns::forEach(const std::function<Result<bool>(const ImageRun&)>& one, const Context& context,
                                  std::string_view stage) const
{
    if (m_first > m_images.size() || m_count > m_images.size() - m_first)
        return fail(ErrorCode::InvalidArgument, "there are only " + std::to_string(m_images.size()) + " images");
    try {
        Tensor logits(DType::Float32, Shape{static_cast<int64_t>(m_count), static_cast<int64_t>(m_classes)});
        float* dst = logits.mutableData<float>().data();
        Progress progress(context, stage, m_count);
        progress.report();
        const auto tryRun = [&](std::size_t run, int worker, Workspace& workspace, ThreadPool* pool) {
            if (context.stopRequested())
                return progress.failRun(run, {ErrorCode::Cancelled, "cancelled", {}});
            std::vector<float> out(m_batch * m_classes);
            auto ran = one({run, worker, workspace, pool, out.data()});
            if (!ran)
                return progress.failRun(run, std::move(ran.error()));
            if (!*ran)
                return progress.failRun(run, {ErrorCode::Cancelled, "cancelled", {}});
            const std::size_t begin = run * m_batch;
            const std::size_t here = std::min(m_batch, m_count - begin);
            for (std::size_t i = 0; i < here; ++i)
                if (kernels::firstNotFinite(std::span(out).subspan(i * m_classes, m_classes)) >= 0)
                    return progress.failRun(run, {ErrorCode::NotFinite, "the model's output is NaN or infinite",
                                                  m_images.name(m_first + begin + i)});
            std::copy_n(out.data(), here * m_classes, dst + begin * m_classes);
            progress.done(here);
        };
        // Called from pool threads: does not throw.
        const auto runOne = [&](std::size_t run, int worker, Workspace& workspace, ThreadPool* pool) {
            if (progress.stopped())
                return;
            try {
                tryRun(run, worker, workspace, pool);
            } catch (const std::bad_alloc&) {
                progress.failRun(run, {ErrorCode::OutOfMemory, "not enough memory to run the model", {}});
            }
        };
        const auto caller = std::this_thread::get_id();
        const auto threads = static_cast<std::size_t>(context.threads());
        if (runs() >= threads && threads > 1 && fitsBeside(m_program.arenaBytes(), threads)) {
            std::vector<Workspace> workspaces;
            for (std::size_t i = 0; i < threads; ++i)
                workspaces.push_back(m_program.impl().borrow());
            context.pool->parallelFor(runs(), [&](std::size_t run, int worker) {
                runOne(run, worker, workspaces[static_cast<std::size_t>(worker)], nullptr);
                if (std::this_thread::get_id() == caller)
                    progress.report();
            });
            for (Workspace& workspace : workspaces)
                m_program.impl().giveBack(std::move(workspace));
        } else {
            Workspace workspace = m_program.impl().borrow();
            for (std::size_t run = 0; run < runs() && !progress.error; ++run) {
                runOne(run, 0, workspace, context.pool);
                progress.report();
            }
            m_program.impl().giveBack(std::move(workspace));
        }
        if (progress.error)
            return tl::unexpected<Error>(std::move(*progress.error));
        progress.report();
        return logits;
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory,
                    "not enough memory to run the model on " + std::to_string(context.threads()) + " threads");
    }
}

Result<Tensor> runImages(const Program& program, const ImageSource& images, std::size_t first, std::size_t count,
                         const Context& context, std::string_view stage, Observer* observer)
{
    const ImageRuns all(program, images, first, count);
    const auto one = [&](const ImageRun& run) -> Result<bool> {
        std::vector<float>& pixels = run.workspace.impl().images;
        pixels.resize(all.runElements());
        QS_CHECK(all.load(run.index, pixels.data()));
        return runSteps(program, run.workspace, pixels.data(), run.logits, run.pool, observer,
                        first / static_cast<std::size_t>(program.batch()) + run.index, run.worker, context.stop);
    };
    return all.forEach(one, context, stage);
}

} // namespace qs::exec
