#include "core/exec/program_impl.h"

#include "core/kernels/statistics.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

namespace qs::exec {

namespace {

/// Runs the images of one call; shared by the workers.
class ImageRunner {
public:
    ImageRunner(const Program& program, const ImageSource& images, std::size_t first, std::size_t count,
                const Context& context, Observer* observer)
        : m_program(program), m_images(images), m_first(first), m_count(count), m_context(context),
          m_observer(observer), m_batch(static_cast<std::size_t>(program.batch())),
          m_imageElements(static_cast<std::size_t>(program.inputElements()) / m_batch),
          m_classes(static_cast<std::size_t>(program.outputElements()) / m_batch)
    {
    }

    std::size_t runs() const { return (m_count + m_batch - 1) / m_batch; }

    /// One run of the graph on one worker. Does not throw: it is called from pool threads.
    void run(std::size_t index, int worker, Workspace& workspace, ThreadPool* pool, float* logits)
    {
        try {
            tryRun(index, worker, workspace, pool, logits);
        } catch (const std::bad_alloc&) {
            failRun(index, {ErrorCode::OutOfMemory, "not enough memory to run the model", {}});
        }
    }

    void report(std::string_view stage) const { m_context.progress(stage, m_done.load(), m_count); }
    std::optional<Error> error;

private:
    void tryRun(std::size_t index, int worker, Workspace& workspace, ThreadPool* pool, float* logits)
    {
        std::vector<float>& buffer = workspace.impl().images;
        if (m_stop.load(std::memory_order_relaxed))
            return;
        if (m_context.stopRequested()) {
            failRun(index, {ErrorCode::Cancelled, "cancelled", {}});
            return;
        }
        buffer.resize(m_batch * (m_imageElements + m_classes));
        const std::size_t begin = index * m_batch;
        const std::size_t here = std::min(m_batch, m_count - begin);
        for (std::size_t i = 0; i < m_batch; ++i) {
            // The last run is filled up with its last image.
            const std::size_t image = m_first + begin + std::min(i, here - 1);
            const std::span<float> dst(buffer.data() + i * m_imageElements, m_imageElements);
            if (auto loaded = m_images.load(image, dst); !loaded) {
                failRun(index, std::move(loaded.error()));
                return;
            }
        }
        float* out = buffer.data() + m_batch * m_imageElements;
        if (!runSteps(m_program, workspace, buffer.data(), out, pool, m_observer, m_first / m_batch + index, worker,
                      m_context.stop)) {
            failRun(index, {ErrorCode::Cancelled, "cancelled", {}});
            return;
        }
        for (std::size_t i = 0; i < here; ++i)
            if (kernels::firstNotFinite({out + i * m_classes, m_classes}) >= 0) {
                failRun(index, {ErrorCode::NotFinite, "the model's output is NaN or infinite",
                                m_images.name(m_first + begin + i)});
                return;
            }
        std::copy_n(out, here * m_classes, logits + begin * m_classes);
        m_done.fetch_add(here);
    }

    /// Keeps the error of the earliest run, so that the message does not depend on the number of threads.
    void failRun(std::size_t index, Error failure)
    {
        const std::lock_guard lock(m_mutex);
        if (!error || index < m_failedRun) {
            error = std::move(failure);
            m_failedRun = index;
        }
        m_stop.store(true);
    }

    const Program& m_program;
    const ImageSource& m_images;
    const std::size_t m_first, m_count;
    const Context& m_context;
    Observer* const m_observer;
    const std::size_t m_batch, m_imageElements, m_classes;
    std::atomic<bool> m_stop{false};
    std::atomic<std::size_t> m_done{0};
    std::mutex m_mutex;
    std::size_t m_failedRun = 0;
};

} // namespace

Result<Tensor> runImages(const Program& program, const ImageSource& images, std::size_t first, std::size_t count,
                         const Context& context, std::string_view stage, Observer* observer)
{
    if (first > images.size() || count > images.size() - first)
        return fail(ErrorCode::InvalidArgument, "there are only " + std::to_string(images.size()) + " images");
    const int64_t classes = program.outputElements() / std::max<int64_t>(1, program.batch());
    try {
        Tensor logits(DType::Float32, Shape{static_cast<int64_t>(count), classes});
        float* dst = logits.mutableData<float>().data();
        ImageRunner runner(program, images, first, count, context, observer);
        context.progress(stage, 0, count);
        const auto caller = std::this_thread::get_id();
        const auto threads = static_cast<std::size_t>(context.threads());
        if (runner.runs() >= threads && threads > 1) {
            std::vector<Workspace> workspaces;
            for (std::size_t i = 0; i < threads; ++i)
                workspaces.push_back(program.impl().borrow());
            context.pool->parallelFor(runner.runs(), [&](std::size_t i, int worker) {
                const auto w = static_cast<std::size_t>(worker);
                runner.run(i, worker, workspaces[w], nullptr, dst);
                if (std::this_thread::get_id() == caller)
                    runner.report(stage);
            });
            for (Workspace& workspace : workspaces)
                program.impl().giveBack(std::move(workspace));
        } else {
            Workspace workspace = program.impl().borrow();
            for (std::size_t i = 0; i < runner.runs() && !runner.error; ++i) {
                runner.run(i, 0, workspace, context.pool, dst);
                runner.report(stage);
            }
            program.impl().giveBack(std::move(workspace));
        }
        if (runner.error)
            return tl::unexpected<Error>(std::move(*runner.error));
        runner.report(stage);
        return logits;
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory,
                    "not enough memory to run the model on " + std::to_string(context.threads()) + " threads");
    }
}

} // namespace qs::exec
