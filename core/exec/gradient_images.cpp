#include "core/exec/gradient.h"
#include "core/kernels/statistics.h"

#include <algorithm>
#include <new>
#include <optional>

namespace qs::exec {

namespace {

/// Of class scores: logits, or probabilities.
double divergence(std::span<const float> reference, std::span<const float> outputs, std::span<float> gradient)
{
    return klByPosition(reference, outputs, 1, outputs.size(), outputs.size(), 1, gradient);
}

double squares(std::span<const float> reference, std::span<const float> outputs, std::span<float> gradient)
{
    return relativeError(reference, outputs, gradient);
}

/// A run's images, seeded by the reference.
struct Job {
    const GradientProgram& program;
    const ImageSource& images;
    std::size_t first, count;
    const Tensor& reference;
    const Context& context;
    const RowLoss& ofRow;

    std::size_t batch() const { return static_cast<std::size_t>(program.batch()); }
    std::size_t begin(std::size_t run) const { return first + run * batch(); }
    std::size_t here(std::size_t run) const { return std::min(batch(), first + count - begin(run)); }

    struct Outcome {
        std::optional<Result<GradientRun>> run;
        double loss = 0;
    };

    Result<GradientRun> compute(std::size_t run, double& loss, ThreadPool* pool) const
    {
        const std::size_t each = static_cast<std::size_t>(program.inputElements()) / batch();
        std::vector<float> pixels(each * batch());
        for (std::size_t i = 0; i < batch(); ++i)
            QS_CHECK(images.load(begin(run) + std::min(i, here(run) - 1),
                                 std::span<float>(pixels).subspan(i * each, each)));
        const std::size_t classes = static_cast<std::size_t>(program.outputElements()) / batch();
        const auto seed = [&](std::span<const float> logits, std::span<float> gradient) {
            for (std::size_t i = 0; i < here(run); ++i)
                loss += ofRow(reference.floats().subspan((begin(run) + i) * classes, classes),
                              logits.subspan(i * classes, classes), gradient.subspan(i * classes, classes));
        };
        QS_ASSIGN(GradientRun result, program.run(pixels, seed, pool, context.stop));
        for (std::size_t i = 0; i < here(run); ++i)
            if (kernels::firstNotFinite(result.outputs.floats().subspan(i * classes, classes)) >= 0)
                return fail(ErrorCode::NotFinite, "the model's output is NaN or infinite",
                            images.name(begin(run) + i));
        return result;
    }
    // Called from pool threads: does not throw.
    Outcome computed(std::size_t run, ThreadPool* pool) const
    {
        Outcome outcome;
        try {
            outcome.run = compute(run, outcome.loss, pool);
        } catch (const std::bad_alloc&) {
            outcome.run = fail(ErrorCode::OutOfMemory, "not enough memory for the gradients of one run");
        }
        return outcome;
    }
};

} // namespace

Result<double> lossGradients(const GradientProgram& program, const ImageSource& images, std::size_t first,
                             std::size_t count, const Tensor& reference, const Context& context,
                             std::string_view stage, const GradientConsumer& consumer, const RowLoss& loss)
{
    if (first > images.size() || count > images.size() - first)
        return fail(ErrorCode::InvalidArgument, "there are only " + std::to_string(images.size()) + " images");
    const int64_t classes = program.outputElements() / program.batch();
    if (reference.dtype() != DType::Float32 || reference.shape().rank() != 2 || reference.shape()[1] != classes ||
        reference.shape()[0] < static_cast<int64_t>(first + count))
        return fail(ErrorCode::InvalidArgument, "the reference logits are " + reference.shape().text() + ", not " +
                                                    std::to_string(first + count) + " rows of " +
                                                    std::to_string(classes));
    const RowLoss usual = program.givesScores() ? divergence : squares;
    const Job job{program, images, first, count, reference, context, loss ? loss : usual};
    const std::size_t runs = (count + job.batch() - 1) / job.batch();
    const auto wave = static_cast<std::size_t>(context.threads());
    double total = 0;
    context.progress(stage, 0, count);
    for (std::size_t begin = 0; begin < runs; begin += wave) {
        const std::size_t size = std::min(wave, runs - begin);
        std::vector<Job::Outcome> outcomes(size);
        if (size == wave && wave > 1)
            context.pool->parallelFor(size,
                                      [&](std::size_t i, int) { outcomes[i] = job.computed(begin + i, nullptr); });
        else // too few runs for the threads: they share the inside of operators
            for (std::size_t i = 0; i < size; ++i)
                outcomes[i] = job.computed(begin + i, context.pool);
        for (std::size_t i = 0; i < size; ++i) {
            if (context.stopRequested())
                return cancelled();
            auto& result = *outcomes[i].run;
            if (!result)
                return tl::unexpected<Error>(std::move(result.error()));
            total += outcomes[i].loss;
            const std::size_t run = begin + i;
            QS_CHECK(consumer({job.begin(run), job.here(run), outcomes[i].loss, result->outputs, result->gradients}));
            outcomes[i].run.reset();
            context.progress(stage, std::min(count, (run + 1) * job.batch()), count);
        }
    }
    return total;
}

} // namespace qs::exec
